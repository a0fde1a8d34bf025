"""What is read of a stack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.workflows.deploy.stubs import stubbed
from workflows.deploy.stacks import Event, find, follow, known_events, physical_ids, retained_by, template_of

if TYPE_CHECKING:
    from workflows.deploy.account import Account

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def test_no_stack_is_none_and_another_error_is_an_error(account: Account) -> None:
    assert find(account.client("cloudformation"), "never-made") is None
    with pytest.raises(ClientError, match="AccessDenied"):
        find(stubbed("cloudformation", ("describe_stacks", "AccessDenied")), "shop")


@pytest.mark.parametrize(
    ("status", "reason", "is_failure"),
    [
        ("CREATE_FAILED", "Already exists", True),
        ("CREATE_FAILED", "Resource creation cancelled", False),
        ("UPDATE_FAILED", "Resource update cancelled", False),
        ("CREATE_COMPLETE", "", False),
    ],
)
def test_a_failure_is_a_cause_and_not_its_consequence(status: str, reason: str, is_failure: bool) -> None:
    assert Event("1", NOW, "Q", "q", "AWS::SQS::Queue", status, reason).is_failure is is_failure


def test_a_stack_is_followed_to_its_end_and_its_leftovers_are_known_afterwards(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    resources = {
        "Kept": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"},
        "Gone": {"Type": "AWS::SNS::Topic"},
    }
    body = json.dumps({"Resources": resources, "Outputs": {"Q": {"Value": {"Ref": "Kept"}}}})
    cloudformation.create_stack(StackName="followed", TemplateBody=body)
    said: list[str] = []

    made, failures = follow(cloudformation, "followed", set(), said.append)
    text = template_of(cloudformation, made)
    ids = physical_ids(cloudformation, made)
    known = known_events(cloudformation, made.id)
    cloudformation.delete_stack(StackName=made.id)
    ended, _ = follow(cloudformation, made.id, known, said.append)
    left = list(retained_by(account, "followed"))

    assert made.status == "CREATE_COMPLETE"
    assert failures == []
    assert ids.keys() == {"Kept", "Gone"}
    assert ids["Kept"] == made.outputs["Q"]
    assert any("CREATE_COMPLETE Kept (AWS::SQS::Queue)" in line for line in said)
    assert json.loads(text)["Resources"] == resources
    assert ended.status == "DELETE_COMPLETE"
    assert [(one.logical_id, one.physical_id) for one in left] == [("Kept", made.outputs["Q"])]
