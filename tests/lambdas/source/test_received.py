"""Records of queues, streams and topics as messages, and which of them come again in their order."""

import base64
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.exact_json import dumps
from lambdas.source import app
from lambdas.source.received import held_back, read_records, records_of
from tests.lambdas.source.stack import Queue, Stack, accept, event_of, failed, record
from tests.properties import examples

ARN = "arn:aws:kafka:us-east-1:123456789012:cluster/shop/6b2c1e7a-1"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def of_fifo(message_id: str, body: str, group: str = "g") -> dict[str, Any]:
    """As in the developer guide of Lambda, "Example Amazon SQS FIFO message event"."""
    return {
        **record(message_id, body),
        "attributes": {
            "SentTimestamp": "1795515330183",
            "SequenceNumber": "18849496460467696128",
            "MessageGroupId": group,
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:tills.fifo",
    }


def of_kinesis(number: str, data: bytes, shard: str = "shardId-000000000006") -> dict[str, Any]:
    """As in the developer guide of Lambda, "Example Kinesis event"."""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": number,
            "data": encoded(data),
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/tills",
    }


def of_kafka(*values: bytes | None) -> dict[str, Any]:
    """As in the developer guide of Lambda, "Example event" of Amazon MSK."""
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": ARN,
        "bootstrapServers": "b-2.demo.kafka.us-east-1.amazonaws.com:9092",
        "records": {
            "db.shop.orders-0": [
                {
                    "topic": "db.shop.orders",
                    "partition": 0,
                    "offset": 15 + place,
                    "timestamp": 1545084650987,
                    "timestampType": "CREATE_TIME",
                    "key": "abcDEFghiJKLmnoPQRstuVWXyz1234==",
                    "value": None if value is None else encoded(value),
                    "headers": [{"headerKey": [104, 101, 97, 100, 101, 114]}],
                }
                for place, value in enumerate(values)
            ]
        },
    }


def test_records_of_each_source_are_messages() -> None:
    [queued] = read_records(records_of({"Records": [of_fifo("m", "{}")]}))
    [streamed] = read_records(records_of({"Records": [of_kinesis("49590", b"{}")]}))
    [consumed] = read_records(records_of(of_kafka(b"{}", None)))

    assert [one.source for one in (queued, streamed, consumed)] == ["tills.fifo", "tills", "db.shop.orders"]
    assert [one.id for one in (queued, streamed, consumed)] == ["m", "49590", "db.shop.orders-0@15"]
    assert [one.sent for one in (queued, streamed, consumed)] == [1795515330183, 1545084650987, 1545084650987]
    assert [one.happened for one in (queued, streamed, consumed)] == [None] * 3
    assert {one.body for one in (queued, streamed, consumed)} == {"{}"}
    assert consumed.attributes == {"headerKey": "header"}


def test_what_follows_a_failure_in_its_group_comes_again() -> None:
    fifo = read_records([of_fifo(name, "{}", name[0]) for name in ("a1", "b1", "a2", "a3", "b2")])
    standard = read_records([record(name) for name in ("1", "2", "3")])
    kafka = read_records(records_of(of_kafka(b"{}", b"{}")))

    assert held_back(fifo, {"a2"}) == ["a3"]
    assert held_back(fifo, {"b1"}) == ["b2"]
    assert held_back(standard, {"1"}) == []
    assert held_back(kafka, {"db.shop.orders-0@16"}) == ["db.shop.orders-0@15", "db.shop.orders-0@16"]
    assert held_back(kafka, set()) == []


def test_rejected_bytes_of_a_stream_are_in_the_dead_letter_as_they_came(
    wiring: app.Wiring, queue: Queue
) -> None:
    sent = [b"\xff\xfe\x00", b"not json", b'{"a": "\x00"}', b"x" * (1024 * 1024 + 1)]

    answer = app.process([of_kinesis(str(place), data) for place, data in enumerate(sent)], wiring)

    attributes = [
        {name: value["StringValue"] for name, value in one["MessageAttributes"].items()}
        for one in queue.dead_letters
    ]
    bodies = [one["MessageBody"] for one in queue.dead_letters]
    assert failed(answer) == []
    assert [one["reason"] for one in attributes] == ["not-text", *["broken-json"] * 3]
    assert [one.get("encoding") for one in attributes] == ["base64", None, "base64", "omitted"]
    assert [base64.b64decode(bodies[0]), base64.b64decode(bodies[2])] == [sent[0], sent[2]]
    assert bodies[1] == "not json"
    assert bodies[3] == "message 3 has 1048577 bytes, too many for a dead letter"
    assert {one["sent_at"] for one in attributes} == {"1545084650987"}


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b'{"a": "\x00"}', '{"a": "\uffff"}'.encode()])
def test_a_dead_letter_in_base64_that_is_sent_again_has_its_bytes(data: bytes) -> None:
    [first] = read_records([of_kinesis("1", data)])
    again = record("m", encoded(data))
    again["messageAttributes"] = {"glueline_encoding": {"stringValue": "base64", "dataType": "String"}}

    assert read_records([again])[0].body == first.body


def test_a_sender_may_say_base64_for_itself() -> None:
    sent = record("m", encoded(b"{}"))
    sent["messageAttributes"] = {"encoding": {"stringValue": "base64", "dataType": "String"}}

    assert read_records([sent])[0].body == encoded(b"{}")


def test_a_batch_of_kafka_that_failed_in_part_comes_again_as_a_whole(
    wiring: app.Wiring, stack: Stack, monkeypatch: pytest.MonkeyPatch, queue: Queue
) -> None:
    stack.result_of = lambda _: {"status": "rejected", "problem": {"status": 503}}
    monkeypatch.setattr(app, "_wiring", lambda: wiring)
    monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _: 60_000)
    monkeypatch.setattr(LambdaContext, "aws_request_id", "request")
    batch = of_kafka(b"not json", dumps(event_of("e")).encode())

    with pytest.raises(app.BatchFailed, match="comes again"):
        app.handler(batch, LambdaContext())

    assert queue.dead_letters == []
    stack.result_of = accept
    assert app.handler(batch, LambdaContext()) == {"batchItemFailures": []}
    assert len(queue.dead_letters) == 1


messages = st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=examples(25))
@given(
    messages=messages,
    source=st.sampled_from(["fifo", "kinesis", "kafka"]),
    failures=st.lists(st.booleans(), max_size=12),
    sizes=st.lists(st.integers(1, 4), max_size=12),
)
def test_the_last_message_of_a_key_is_the_last_one_written(
    wiring: app.Wiring,
    stack: Stack,
    queue: Queue,
    *,
    messages: list[tuple[int, bool]],
    source: str,
    failures: list[bool],
    sizes: list[int],
) -> None:
    """Messages without a time, of one group, some of which no contract allows; the API fails now and then.

    A queue forgets those that did not fail, a shard goes on at the first failure, a topic after a batch.
    """
    stack.written.clear()
    queue.dead_letters.clear()
    rows: dict[int, str] = {}

    def result_of(change: dict[str, Any]) -> dict[str, Any]:
        if failures and failures.pop():
            return {"status": "rejected", "problem": {"status": 503}}
        rows[change["data"]["product_id"]] = change["event_id"]
        return {"status": "accepted", "key": "k", "version": 1}

    stack.result_of = result_of
    left = [
        (str(place), "no json" if is_broken else dumps(event_of(str(place), product_id=key)))
        for place, (key, is_broken) in enumerate(messages)
    ]
    drawn = iter(sizes)
    while left:
        batch = left[: next(drawn, 4)]
        answer = app.process(records(source, batch), wiring)
        ids = [one.id for one in read_records(records(source, batch))]
        again = [ids.index(one) for one in failed(answer)]
        if source == "fifo":
            left = [one for place, one in enumerate(batch) if place in again] + left[len(batch) :]
        else:
            left = left[min(again, default=len(batch)) :]

    last = {key: str(place) for place, (key, is_broken) in enumerate(messages) if not is_broken}
    assert not any("time" in change for change in stack.written)
    assert rows == {key: f"event-of-{place}" for key, place in last.items()}
    assert len(queue.dead_letters) == sum(is_broken for _, is_broken in messages)


def records(source: str, batch: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The records of a batch: place and body of each message."""
    match source:
        case "fifo":
            return [of_fifo(place, body) for place, body in batch]
        case "kinesis":
            return [of_kinesis(place, body.encode()) for place, body in batch]
    return records_of(of_kafka(*(body.encode() for _, body in batch)))
