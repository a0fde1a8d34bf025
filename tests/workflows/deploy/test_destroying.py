"""What a deletion says, deletes and leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows.deploy.small_stack import Talk
from workflows.deploy import stacks
from workflows.deploy.deployment import deploy
from workflows.deploy.destroying import destroy, plan_destruction
from workflows.deploy.errors import DeployError

if TYPE_CHECKING:
    from workflows.deploy.account import Account
    from workflows.deploy.options import Options


def test_it_says_what_goes_and_what_stays_and_how_to_get_it_back(account: Account, small: Options) -> None:
    outputs = deploy(small, Talk().dialog())

    destruction = plan_destruction(account, small.stack)
    before, after = "\n".join(destruction.lines()), "\n".join(destruction.afterwards())
    destroy(account, destruction, print, leave=False)

    assert "   1  AWS::SNS::Topic" in before
    assert "It leaves 4 resources with all they hold" in before
    assert f"  {outputs['RawBucket']}  RawBucket (AWS::S3::Bucket)" in before
    assert f"glueline deploy --stack {small.stack}" in after
    assert stacks.find(account.client("cloudformation"), small.stack) is None
    account.client("s3").head_bucket(Bucket=outputs["RawBucket"])
    assert account.client("dynamodb").describe_table(TableName=f"{small.stack}-things")


def test_a_stack_that_is_not_there_is_an_error(account: Account) -> None:
    with pytest.raises(DeployError, match=r"Expected a stack nowhere in account .* found none"):
        plan_destruction(account, "nowhere")


def test_a_stack_that_was_never_made_is_deleted_too(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    cloudformation.create_change_set(
        StackName="reviewed",
        ChangeSetName="abandoned",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}',
    )

    destruction = plan_destruction(account, "reviewed")
    destroy(account, destruction, print, leave=False)

    assert "REVIEW_IN_PROGRESS" in "\n".join(destruction.lines())
    assert stacks.find(cloudformation, "reviewed") is None


def test_a_busy_stack_is_refused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = stacks.Stack("busy", "id", "UPDATE_IN_PROGRESS", "", {}, {})
    monkeypatch.setattr(stacks, "find", lambda *_: busy)

    with pytest.raises(DeployError, match="another operation on it is in progress"):
        plan_destruction(account, "busy")
