"""Batches of event source mappings wait for their window, if the stack has AWS's timing."""

import time
from typing import Any

import pytest

from tests.workflows.local.ministack.embedded import embedded
from tests.workflows.local.ministack.roles import allow, make_role
from tests.workflows.local.ministack.test_embedded_lambda import create_function, result_of
from workflows.local.base.home import Home
from workflows.local.ministack.batching_windows import BatchingWindows, Waiting
from workflows.stack.target import Target

MAPPING = {"UUID": "m", "MaximumBatchingWindowInSeconds": 5}


def waiting(first: object = "a", count: int = 1, *, is_full: bool = False) -> Waiting:
    return Waiting(str(first), count, is_full)


def windows(times: list[float]) -> BatchingWindows:
    return BatchingWindows(lambda: times.pop(0))


def test_records_wait_until_their_window_has_passed_and_then_until_they_are_delivered() -> None:
    made = windows([0, 4.9, 5, 7])

    assert [made.is_due(MAPPING, waiting()) for _ in range(4)] == [False, False, True, True]


def test_the_next_first_record_begins_a_window_of_its_own() -> None:
    made = windows([0, 5, 5, 10])

    assert [made.is_due(MAPPING, waiting(first)) for first in "aabb"] == [False, True, False, True]


def test_each_mapping_has_its_own_window() -> None:
    made, other = windows([0, 3, 5, 5]), {**MAPPING, "UUID": "o"}

    assert [made.is_due(one, waiting()) for one in (MAPPING, other, MAPPING, other)] == [
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("window", [0, None])
def test_without_a_window_nothing_waits(window: int | None) -> None:
    assert windows([0]).is_due({**MAPPING, "MaximumBatchingWindowInSeconds": window}, waiting())


def test_a_full_batch_does_not_wait() -> None:
    assert windows([]).is_due(MAPPING, waiting(is_full=True))


def test_a_mapping_of_nothing_is_no_wait() -> None:
    assert windows([]).is_due(MAPPING, waiting(count=0))


TABLE: dict[str, Any] = {
    "TableName": "patient",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "_key", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "_key", "KeyType": "HASH"}],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
}


@pytest.mark.emulator
def test_messages_and_stream_records_are_gathered_as_on_aws(tmp_path_factory: pytest.TempPathFactory) -> None:
    with embedded(Home(tmp_path_factory.mktemp("as-aws")), as_aws=True) as endpoint:
        target = Target("us-east-1", {}, endpoint)
        sqs, functions, dynamodb = (target.client(name) for name in ("sqs", "lambda", "dynamodb"))
        make_role(endpoint, "any", allow("*", "*"))
        create_function(functions, "patient", "def handler(event, context): return None")
        queue = sqs.create_queue(QueueName="patient")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        sources = (
            attributes["QueueArn"],
            dynamodb.create_table(**TABLE)["TableDescription"]["LatestStreamArn"],
        )
        starts: tuple[dict[str, str], ...] = ({}, {"StartingPosition": "TRIM_HORIZON"})
        began = time.monotonic()
        mappings = [
            functions.create_event_source_mapping(
                EventSourceArn=source,
                FunctionName="patient",
                BatchSize=40,
                MaximumBatchingWindowInSeconds=3,
                **start,
            )["UUID"]
            for source, start in zip(sources, starts, strict=True)
        ]
        for number in range(3):
            sqs.send_message(QueueUrl=queue, MessageBody="x")
            dynamodb.put_item(TableName="patient", Item={"_key": {"S": str(number)}})
            time.sleep(0.5)  # the pollers look several times

        results = [result_of(functions, mapping) for mapping in mappings]

    assert results == ["OK - 3 records", "OK - 3 records"]
    assert time.monotonic() - began > 3
