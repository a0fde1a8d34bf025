"""Whether the caller may do what making the stack takes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.deploy.stubs import CALLER, account_with, stubbed
from workflows.deploy.findings import Verdict, checked
from workflows.deploy.permissions import needed_actions, permissions, principal
from workflows.deploy.template import Resource

QUEUE = [Resource("Q", "AWS::SQS::Queue", {})]
ROLE = {
    "Path": "/sso/",
    "RoleName": "Admin",
    "RoleId": "A" * 16,
    "Arn": "arn:aws:iam::123456789012:role/sso/Admin",
    "CreateDate": 0,
}


def answer(action: str, decision: str) -> dict[str, Any]:
    return {"EvaluationResults": [{"EvalActionName": action, "EvalDecision": decision}]}


@pytest.mark.parametrize(
    ("decision", "verdict", "said"),
    [
        ("allowed", Verdict.FINE, "IAM allows all"),
        ("implicitDeny", Verdict.WARNING, "denies arn:aws:iam::123456789012:user/ada sqs:CreateQueue"),
    ],
)
def test_what_iam_simulates_is_said(decision: str, verdict: Verdict, said: str) -> None:
    iam = stubbed("iam", ("simulate_principal_policy", answer("sqs:CreateQueue", decision)))

    [finding] = permissions(account_with(iam=iam), QUEUE)

    assert finding.verdict is verdict
    assert said in finding.message


def test_without_permission_to_simulate_it_is_not_checked() -> None:
    account = account_with(iam=stubbed("iam", ("simulate_principal_policy", "AccessDenied")))

    [finding] = checked("permissions", lambda: permissions(account, QUEUE))

    assert finding.verdict is Verdict.UNKNOWN


def test_root_may_do_everything_and_a_federated_user_can_not_be_simulated() -> None:
    root = account_with(caller="arn:aws:iam::123456789012:root")
    federated = account_with(caller="arn:aws:sts::123456789012:federated-user/ada", iam=None)

    assert [one.verdict for one in permissions(root, QUEUE)] == [Verdict.FINE]
    assert [one.verdict for one in permissions(federated, QUEUE)] == [Verdict.UNKNOWN]


def test_the_session_of_a_role_stands_for_the_role_with_its_path() -> None:
    session = "arn:aws:sts::123456789012:assumed-role/Admin/ada"

    assert principal(stubbed("iam", ("get_role", {"Role": ROLE})), session) == ROLE["Arn"]
    assert principal(None, CALLER) == CALLER


def test_the_actions_are_those_of_the_types_that_are_made() -> None:
    assert "sqs:CreateQueue" in needed_actions(QUEUE)
    assert needed_actions([]) == set()
