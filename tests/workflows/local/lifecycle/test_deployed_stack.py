"""The stack in the CloudFormation of the embedded AWS, after updates that succeed, fail and are cancelled."""

import time
from collections.abc import Iterator
from itertools import count

import pytest

from workflows.local.lifecycle.clients import client
from workflows.local.lifecycle.deployed_stack import DeployedStack

GOOD = """
Parameters: {Names: {Type: String, Default: a}}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: %s}}
Outputs:
  Url: {Value: !Ref Queue}
"""
# A trigger has to belong to a workflow.
BAD = GOOD.replace(
    "Outputs:",
    "  Trigger: {Type: AWS::Glue::Trigger, DependsOn: Queue, Properties: {Type: EVENT}}\nOutputs:",
)
_names = (f"deployed-{number}" for number in count(1))


@pytest.fixture
def stack(embedded_aws: str) -> Iterator[DeployedStack]:
    made = DeployedStack(embedded_aws, next(_names))
    cloudformation = client("cloudformation", embedded_aws)
    cloudformation.create_stack(StackName=made.name, TemplateBody=GOOD % 30)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=made.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    yield made
    cloudformation.delete_stack(StackName=made.name)


def update(stack: DeployedStack, template: str) -> None:
    client("cloudformation", stack.endpoint).update_stack(StackName=stack.name, TemplateBody=template)


def visibility(stack: DeployedStack) -> str:
    attributes = client("sqs", stack.endpoint).get_queue_attributes(
        QueueUrl=stack.outputs()["Url"], AttributeNames=["VisibilityTimeout"]
    )
    return str(attributes["Attributes"]["VisibilityTimeout"])


def test_a_stack_has_its_outputs_and_parameters(stack: DeployedStack) -> None:
    assert stack.outputs().keys() == {"Url"}
    assert stack.parameters() == {"Names": "a"}
    assert stack.settle() == "CREATE_COMPLETE"


def test_an_update_has_another_time_and_no_failure(stack: DeployedStack) -> None:
    before = stack.last_update()
    time.sleep(1)

    update(stack, GOOD % 60)

    # Cancelled, if it was still running.
    assert stack.settle() in ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    assert stack.last_update() != before


def test_a_failed_update_is_rolled_back_with_its_first_reason(stack: DeployedStack) -> None:
    update(stack, BAD % 60)

    assert stack.settle() == "UPDATE_ROLLBACK_COMPLETE"
    assert visibility(stack) == "30"
    reason = stack.failure()
    assert reason is not None
    assert reason.startswith("Trigger: ")
    assert "give its WorkflowName" in reason
