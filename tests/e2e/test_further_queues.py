"""A FIFO queue and a Kinesis stream feed the running stack, as the template's mappings of them would."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from lambdas.exact_json import dumps
from lambdas.source.bodies import text_of_data
from tests.builders import product
from tests.workflows.expanded_template import resources
from workflows.operations.dead_letters import read, redrive

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.stack.target import Target

STACK = "glueline"
QUEUE_KEY, STREAM_KEY = 987_650_001, 987_650_002
COUNT = 25
NO_TEXT = b"\xff\x00tills"


def physical(target: Target, logical_id: str) -> str:
    found = target.client("cloudformation").describe_stack_resource(
        StackName=STACK, LogicalResourceId=logical_id
    )
    name: str = found["StackResourceDetail"]["PhysicalResourceId"]
    return name


def attach(target: Target, parameter: str, arn: str) -> str:
    """What the template makes with this parameter: permissions of the role, and the mapping (its id)."""
    made = resources(**{parameter: arn})
    role = physical(target, "SourceRole")
    [mapping] = [
        one["Properties"]
        for one in made.values()
        if one["Type"] == "AWS::Lambda::EventSourceMapping" and one["Properties"].get("EventSourceArn") == arn
    ]
    [policy] = [
        one["Properties"]
        for one in made.values()
        if one["Type"] == "AWS::IAM::Policy" and arn in json.dumps(one["Properties"])
    ]
    document = json.loads(json.dumps(policy["PolicyDocument"]).replace(f'"{arn}"', json.dumps([arn])))
    for statement in document["Statement"]:
        statement["Resource"] = [arn]
    target.client("iam").put_role_policy(
        RoleName=role, PolicyName=policy["PolicyName"], PolicyDocument=json.dumps(document)
    )
    asked = {**mapping, "FunctionName": f"{STACK}-source"}
    mapping_id: str = target.client("lambda").create_event_source_mapping(**asked)["UUID"]
    return mapping_id


def message(key: int, place: int) -> str:
    """An event without a time: only the order of its source says that the last one counts."""
    return dumps(
        {
            "specversion": "1.0",
            "id": f"{COUNT - place:03d}",  # ids in another order than the messages
            "source": "till",
            "type": "products.upsert",
            "data": product(product_id=key, package_size=f"{place} LB"),
        }
    )


def wait_for(found: Callable[[], Any], expected: Any, seconds: int = 120) -> None:
    until = time.monotonic() + seconds
    while (last := found()) != expected and time.monotonic() < until:
        time.sleep(1)
    assert last == expected


def size_of(target: Target, key: int) -> Any:
    table = f"{target.output('TablePrefix')}products"
    item = target.client("dynamodb").get_item(TableName=table, Key={"_key": {"S": str(key)}}).get("Item", {})
    return item.get("package_size", {}).get("S")


@pytest.fixture
def fifo(target: Target) -> Any:
    sqs = target.client("sqs")
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "360", "ContentBasedDeduplication": "true"}
    return sqs.create_queue(QueueName="tills.fifo", Attributes=attributes)["QueueUrl"]


def test_the_messages_of_a_fifo_queue_are_written_in_their_order(target: Target, fifo: str) -> None:
    sqs = target.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=fifo, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for place in range(1, COUNT + 1):
        sqs.send_message(QueueUrl=fifo, MessageBody=message(QUEUE_KEY, place), MessageGroupId="till-1")

    mapping = attach(target, "InboundQueues", arn)

    wait_for(lambda: size_of(target, QUEUE_KEY), f"{COUNT} LB")
    target.client("lambda").delete_event_source_mapping(UUID=mapping)
    sqs.delete_queue(QueueUrl=fifo)


def test_the_records_of_a_stream_are_written_in_their_order_and_others_are_dead_letters(
    target: Target,
) -> None:
    kinesis = target.client("kinesis")
    kinesis.create_stream(StreamName="tills", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="tills")
    arn = kinesis.describe_stream(StreamName="tills")["StreamDescription"]["StreamARN"]
    for place in range(1, COUNT + 1):
        kinesis.put_record(
            StreamName="tills", Data=message(STREAM_KEY, place).encode(), PartitionKey=str(STREAM_KEY)
        )
    kinesis.put_record(StreamName="tills", Data=NO_TEXT, PartitionKey=str(STREAM_KEY))

    mapping = attach(target, "KinesisStreams", arn)

    wait_for(lambda: size_of(target, STREAM_KEY), f"{COUNT} LB")
    wait_for(lambda: len(ids_of_letters(target)), 1)
    target.client("lambda").delete_event_source_mapping(UUID=mapping)
    kinesis.delete_stream(StreamName="tills")
    first = ids_of_letters(target)

    assert redrive(target, "not-text").moved == {"not-text": 1}

    # It is rejected again, as the bytes that first came: under the id of the message that brought them.
    wait_for(lambda: len(ids_of_letters(target) - first), 1)
    assert ids_of_letters(target).isdisjoint(first)


def ids_of_letters(target: Target) -> set[str]:
    """The message ids of the dead letters with the bytes that are no text."""
    return {one.message_id for one in read(target) if one.text == text_of_data(NO_TEXT)}
