"""Stream batches that the forwarder gave up, as Lambda keeps them in the RAW bucket, are written

as raw objects.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from lambdas.forwarder.objects import raw_objects
from tests.workflows.empty_stack import empty_stack
from workflows.operations.stream_failures import (
    REDRIVEN,
    UnreadableFailure,
    as_lambda_event_record,
    failures,
    redrive,
    stream_records,
)

if TYPE_CHECKING:
    from workflows.stack.target import Target

EVENT = Path(__file__).parents[2] / "events" / "dynamodb_stream.json"
KEY = (
    "aws/lambda/4a8ed3b2-2d0a-4a51-9c2e-6f3b1f0c9c11/shardId-00000001573689847184-864758bb/2026/11/24/"
    "2026-11-24T10.15.32-3f0b6f0e-8f0c-4b77-9d39-0f5a1f6f6a11"
)


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


@pytest.fixture
def event(target: Target) -> dict[str, Any]:
    """A batch of records of the stack's own table."""
    text = EVENT.read_text().replace("table/glueline-", f"table/{target.output('TablePrefix')}")
    found: dict[str, Any] = json.loads(text)
    return found


def failure(payload: Any = None, **batch: str) -> dict[str, Any]:
    """What Lambda writes about a batch whose retries are exhausted."""
    return {
        "requestContext": {
            "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:glueline-forwarder",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 101,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-24T10:15:32.000Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001573689847184-864758bb",
            "startSequenceNumber": "4421584500000000017450439091",
            "endSequenceNumber": "4421584500000000017450439100",
            "approximateArrivalOfFirstRecord": "2026-11-24T10:15:30Z",
            "approximateArrivalOfLastRecord": "2026-11-24T10:15:32Z",
            "batchSize": 3,
            "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/glueline-products/stream/"
            "2026-11-24T00:48:05.899",
            **batch,
        },
        **({} if payload is None else {"payload": payload}),
    }


def put(target: Target, body: Any, key: str = KEY) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    target.client("s3").put_object(Bucket=target.output("RawBucket"), Key=key, Body=text.encode())


def keys(target: Target, prefix: str) -> list[str]:
    found = target.client("s3").list_objects_v2(Bucket=target.output("RawBucket"), Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", ())]


def lines(target: Target, key: str) -> list[dict[str, Any]]:
    body = target.client("s3").get_object(Bucket=target.output("RawBucket"), Key=key)["Body"].read()
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


@pytest.mark.parametrize("form", ["text", "object", "list"])
def test_the_records_land_as_the_forwarder_writes_them(
    target: Target, event: dict[str, Any], form: str
) -> None:
    payload = {"text": json.dumps(event), "object": event, "list": event["Records"]}[form]
    put(target, failure(payload))
    [expected] = raw_objects(event["Records"], target.output("TablePrefix"))

    [redriven] = redrive(target)

    assert (redriven.raw, redriven.records, redriven.problem) == ((expected.key,), 3, None)
    assert keys(target, "stream/") == [expected.key]
    assert lines(target, expected.key) == event["Records"]


def test_a_redriven_failure_is_set_aside_and_kept(target: Target, event: dict[str, Any]) -> None:
    put(target, failure(event))

    redrive(target)

    assert keys(target, "aws/") == [REDRIVEN + KEY.removeprefix("aws/lambda/")]
    assert list(failures(target)) == []
    assert redrive(target) == []


def test_a_dry_run_reports_the_records_and_moves_nothing(target: Target, event: dict[str, Any]) -> None:
    put(target, failure(event))

    [redriven] = redrive(target, dry_run=True)

    assert redriven.records == 3
    assert (keys(target, "stream/"), keys(target, "aws/")) == ([], [KEY])


def test_failures_before_the_time_stay(target: Target, event: dict[str, Any]) -> None:
    put(target, failure(event))

    assert redrive(target, since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert keys(target, "aws/") == [KEY]


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[1]",
        "{}",
        json.dumps(failure({"Records": [{"dynamodb": {}}]})),
        json.dumps(failure(startSequenceNumber="1")),
    ],
)
def test_an_object_that_is_no_failure_is_named_and_stays(
    target: Target, event: dict[str, Any], body: str
) -> None:
    put(target, body)
    put(target, failure(event), f"{KEY}-good")

    bad, good = redrive(target)

    assert bad.problem is not None
    assert "expected Lambda's record of a failed invocation" in bad.problem
    assert good.records == 3
    assert KEY in keys(target, "aws/")


def test_records_of_another_stacks_table_stay(target: Target) -> None:
    put(target, failure(EVENT.read_text()))

    [redriven] = redrive(target)

    assert redriven.problem is not None
    assert "expected the stream of a table" in redriven.problem
    assert keys(target, "aws/") == [KEY]


@pytest.fixture
def stream(target: Target) -> dict[str, str]:
    """A table with a few changes; what Lambda says about a batch of all of them."""
    name = f"{target.output('TablePrefix')}products"
    dynamodb, streams = target.client("dynamodb"), target.client("dynamodbstreams")
    arn = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]
    for number in range(4):
        dynamodb.put_item(TableName=name, Item={"_key": {"S": str(number)}, "photo": {"B": b"\x00\xff"}})
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    return {
        "streamArn": arn,
        "shardId": shard["ShardId"],
        "startSequenceNumber": numbers[1],
        "endSequenceNumber": numbers[2],
    }


def test_records_that_lambda_did_not_keep_are_read_from_the_stream(
    target: Target, stream: dict[str, str]
) -> None:
    put(target, failure(**stream))

    [redriven] = redrive(target)

    assert (redriven.records, redriven.problem) == (2, None)
    records = lines(target, redriven.raw[0])
    assert [record["dynamodb"]["Keys"]["_key"]["S"] for record in records] == ["1", "2"]
    assert records[0]["dynamodb"]["NewImage"]["photo"] == {"B": "AP8="}
    assert records[0]["eventSourceARN"] == stream["streamArn"]


def test_the_error_for_records_that_the_stream_lost_names_the_command_that_loads_them(
    target: Target, stream: dict[str, str]
) -> None:
    put(target, failure(**{**stream, "endSequenceNumber": 30 * "9"}))

    [redriven] = redrive(target)

    assert redriven.problem is not None
    assert "glueline catch-up products --from 2026-11-24T10:15:30Z" in redriven.problem
    assert keys(target, "aws/") == [KEY]


@pytest.mark.parametrize(
    ("code", "expected"), [("TrimmedDataAccessException", UnreadableFailure), ("Throttled", ClientError)]
)
def test_only_the_streams_own_errors_mean_that_records_are_gone(code: str, expected: type[Exception]) -> None:
    class Streams:
        def get_shard_iterator(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "GetShardIterator")

    trimmed: Any = SimpleNamespace(
        client=lambda service: Streams(), output=lambda name: "glueline-", contracts=dict
    )

    with pytest.raises(expected):
        stream_records(trimmed, failure()["DDBStreamBatchInfo"])


def test_a_record_of_the_stream_gets_the_form_of_a_lambda_event() -> None:
    at = datetime(2026, 11, 24, 10, 15, 30, tzinfo=UTC)
    record = {
        "eventID": "1",
        "eventName": "REMOVE",
        "dynamodb": {
            "ApproximateCreationDateTime": at,
            "Keys": {"_key": {"S": "1"}},
            "OldImage": {"tags": {"BS": [b"\x01"]}, "list": {"L": [{"B": b"\x02"}]}, "n": {"N": "1.10"}},
            "SequenceNumber": "100",
        },
        "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
    }

    assert as_lambda_event_record(record, "arn") == {
        **record,
        "dynamodb": {
            "ApproximateCreationDateTime": 1795515330.0,
            "Keys": {"_key": {"S": "1"}},
            "OldImage": {"tags": {"BS": ["AQ=="]}, "list": {"L": [{"B": "Ag=="}]}, "n": {"N": "1.10"}},
            "SequenceNumber": "100",
        },
        "eventSourceARN": "arn",
    }
