"""Each state of a stack: what it means, and how a deployment goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.workflows.deploy.stubs import stubbed
from workflows.deploy import stacks
from workflows.deploy.errors import DeployError
from workflows.deploy.stacks import Stack, find
from workflows.deploy.states import STATES, Next, delete, question, refuse, repair, state_of
from workflows.local.base.home import CHECKOUT

if TYPE_CHECKING:
    from workflows.deploy.account import Account

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PROTECTED = """
Parameters: {Protected: {Type: String, Default: "true"}, Fails: {Type: String, Default: "no"}}
Conditions:
  Fails: !Equals [!Ref Fails, "yes"]
  Protected: !Equals [!Ref Protected, "true"]
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: NAME
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: k, AttributeType: S}]
      KeySchema: [{AttributeName: k, KeyType: HASH}]
      DeletionProtectionEnabled: !If [Protected, true, false]
  Signal: {Type: AWS::CloudFormation::WaitConditionHandle}
  Never:
    Type: AWS::CloudFormation::WaitCondition
    Condition: Fails
    DependsOn: T
    Properties: {Handle: !Ref Signal, Timeout: "1"}
"""


def stack(status: str) -> Stack:
    return Stack("shop", "id", status, "because", {}, {})


def test_every_state_that_the_api_knows_has_a_meaning() -> None:
    model = boto3.client("cloudformation", region_name="us-east-1").meta.service_model
    known = model.shape_for("StackStatus").metadata["enum"]

    assert set(known) == STATES.keys()


@pytest.mark.parametrize("status", sorted(STATES))
def test_every_state_is_handled_or_refused_in_words(status: str) -> None:
    state = STATES[status]
    match state.next:
        case Next.WAIT | Next.GIVE_UP:
            assert f"is in the state {status}: {state.meaning}" in str(refuse(stack(status)))
        case Next.DELETE_FIRST | Next.CONTINUE_ROLLBACK_FIRST:
            assert f"is in the state {status}: {state.meaning}. because" in question(stack(status))
        case _:
            assert state_of(stack(status)) is state


def test_the_page_about_deploying_names_every_state() -> None:
    page = (CHECKOUT / "docs" / "deploying.md").read_text().partition("## States of a stack")[2]
    named = page.partition("\n## ")[0]

    for status, state in STATES.items():
        written = "*_IN_PROGRESS" if state.next is Next.WAIT else status
        assert f"`{written}`" in named or status == "DELETE_COMPLETE", status


def test_no_stack_is_created_and_an_unknown_state_is_given_up() -> None:
    assert state_of(None).next is Next.CREATE
    assert state_of(stack("NEW")).next is Next.GIVE_UP


def made(account: Account, name: str, **parameters: str) -> Stack:
    """A stack of a protected table, once its creation has ended."""
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=PROTECTED.replace("NAME", f"{name}-t"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    ended, _ = stacks.follow(cloudformation, name, set(), print)
    return ended


def test_a_creation_that_could_not_be_rolled_back_is_deleted_except_for_what_refuses(
    account: Account,
) -> None:
    """So it was before protection came in a second step: the table outlives the rollback and the deletion."""
    failed = made(account, "stuck", Fails="yes")
    said: list[str] = []

    repair(account.client("cloudformation"), failed, said.append)

    assert failed.status == "ROLLBACK_FAILED"
    assert find(account.client("cloudformation"), "stuck") is None
    assert account.client("dynamodb").describe_table(TableName="stuck-t")["Table"]


def test_a_resource_that_refuses_keeps_its_stack_unless_it_may_be_left(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    whole = made(account, "held")
    said: list[str] = []

    with pytest.raises(DeployError, match=r"(?s)DELETE_FAILED T.*glueline destroy --stack held --leave"):
        delete(cloudformation, whole, said.append, leave_what_refuses=False)
    failed = find(cloudformation, "held")
    assert failed is not None
    assert failed.status == "DELETE_FAILED"
    repair(cloudformation, failed, said.append)

    assert find(cloudformation, "held") is None
    assert account.client("dynamodb").describe_table(TableName="held-t")["Table"]


def test_a_protected_stack_is_not_deleted_and_the_reason_is_that_of_aws(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    whole = made(account, "safe", Protected="false")
    cloudformation.update_termination_protection(StackName="safe", EnableTerminationProtection=True)

    with pytest.raises(DeployError, match=r"TerminationProtection is enabled.*Nothing was changed"):
        delete(cloudformation, whole, print, leave_what_refuses=True)


def described(status: str) -> tuple[str, Any]:
    return "describe_stacks", {
        "Stacks": [{"StackName": "s", "StackId": "i", "CreationTime": 0, "StackStatus": status}]
    }


def failure(reason: str) -> tuple[str, Any]:
    event = {"StackId": "i", "EventId": "1", "StackName": "s", "Timestamp": NOON, "LogicalResourceId": "Q"}
    return "describe_stack_events", {
        "StackEvents": [{**event, "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": reason}]
    }


NO_EVENTS: tuple[str, Any] = ("describe_stack_events", {"StackEvents": []})
CONTINUED: tuple[str, Any] = ("continue_update_rollback", {})


def test_a_rollback_that_failed_is_continued() -> None:
    done = described("UPDATE_ROLLBACK_COMPLETE")
    cloudformation = stubbed("cloudformation", NO_EVENTS, CONTINUED, done, NO_EVENTS)

    repair(cloudformation, stack("UPDATE_ROLLBACK_FAILED"), print)


def test_a_rollback_that_fails_again_says_why_and_how_to_pass_over_it() -> None:
    again = described("UPDATE_ROLLBACK_FAILED")
    cloudformation = stubbed("cloudformation", NO_EVENTS, CONTINUED, again, failure("no such queue"))

    with pytest.raises(DeployError, match=r"(?s)UPDATE_FAILED Q.*no such queue.*--resources-to-skip"):
        repair(cloudformation, stack("UPDATE_ROLLBACK_FAILED"), print)


def test_a_rollback_that_may_not_be_continued_is_an_error() -> None:
    cloudformation = stubbed("cloudformation", NO_EVENTS, ("continue_update_rollback", "AccessDenied"))

    with pytest.raises(DeployError, match="CloudFormation refused to continue the rollback"):
        repair(cloudformation, stack("UPDATE_ROLLBACK_FAILED"), print)
