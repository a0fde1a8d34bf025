"""The source writes valid messages, sends dead letters for the others, and logs both."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError
from moto import mock_aws

from expectations.contract import dump_compiled
from expectations.message_format import RAW, MessageFormat
from lambdas.exact_json import dumps, loads
from lambdas.source import app
from tests.builders import contracts, transaction
from tests.lambdas.loopback import Answer
from tests.lambdas.source.mapped import BY_DEBEZIUM, ORDERS, debezium, order, reader
from tests.lambdas.source.stack import (
    ERASED,
    SECRET,
    Queue,
    Stack,
    Topic,
    accept,
    failed,
    record,
)


def test_valid_messages_are_sent_to_the_api_in_one_request(wiring: app.Wiring, stack: Stack) -> None:
    answer = app.process([record(f"m{number}", product_id=number) for number in range(1, 301)], wiring)

    assert answer == {"batchItemFailures": []}
    assert len(stack.server.asked("/api/batch")) == 1
    assert [change["event_id"] for change in stack.written[:2]] == ["event-of-m1", "event-of-m2"]


def test_a_batch_of_real_records_is_processed(
    wiring: app.Wiring, stack: Stack, queue: Queue, event_named: Callable[[str], Any]
) -> None:
    answer = app.process(event_named("sqs")["Records"], wiring)

    assert answer == {"batchItemFailures": []}
    assert [change["data"] for change in stack.written] == [transaction()]
    assert [dead_letter["MessageBody"] for dead_letter in queue.dead_letters] == ["not json"]


def test_rejected_messages_become_dead_letters_and_one_alert_and_the_others_are_written(
    wiring: app.Wiring, stack: Stack, queue: Queue, topic: Topic
) -> None:
    records = [
        record("m1"),
        record("m2", "{"),
        record("m3", "7"),
        record("m4", '{"specversion":"1.0","id":"e","source":"s","type":"weather.upsert","data":{}}'),
        record("m5", week=99, quantity=-1),
    ]

    answer = app.process(records, wiring)

    assert (answer, len(stack.written)) == ({"batchItemFailures": []}, 1)
    sent = [
        {name: value["StringValue"] for name, value in dead_letter["MessageAttributes"].items()}
        for dead_letter in queue.dead_letters
    ]
    assert [one["reason"] for one in sent] == [
        "broken-json",
        "wrong-envelope",
        "unknown-dataset",
        "contract-violation",
    ]
    assert {found["path"] for found in json.loads(sent[3]["detail"])} == {"/data/quantity", "/data/week"}
    assert queue.dead_letters[3]["MessageBody"] == records[4]["body"]
    [alert] = topic.alerts
    assert alert["Subject"] == "Glueline: 4 messages rejected"


def test_a_batch_without_valid_messages_does_not_call_the_api(wiring: app.Wiring, stack: Stack) -> None:
    app.process([record("m1", "{")], wiring)

    assert stack.server.requests == []


def test_a_batch_without_rejected_messages_sends_no_alert(wiring: app.Wiring, topic: Topic) -> None:
    app.process([record("m1")], wiring)

    assert topic.alerts == []


def test_stale_counts_as_handled(
    wiring: app.Wiring, stack: Stack, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.result_of = lambda change: {"status": "stale", "version": 9}

    assert app.process([record("m1")], wiring) == {"batchItemFailures": []}
    assert queue.dead_letters == []
    assert '"dataset":"transactions","service":"test","stale":[1.0]' in capsys.readouterr().out


def test_a_change_that_the_api_rejects_is_a_dead_letter_with_its_reasons(
    wiring: app.Wiring, stack: Stack, queue: Queue
) -> None:
    violation = {"path": "/week", "rule": "maximum", "message": "too large"}
    problems = {
        "event-of-m1": {"status": 422, "type": "urn:x", "violations": [violation]},
        "event-of-m2": {"status": 413, "type": "urn:glueline:problem:too-large", "detail": "too large"},
    }
    stack.result_of = lambda change: {"status": "rejected", "problem": problems[change["event_id"]]}

    answer = app.process([record("m1"), record("m2")], wiring)

    details = [
        json.loads(dead_letter["MessageAttributes"]["detail"]["StringValue"])
        for dead_letter in queue.dead_letters
    ]
    assert answer == {"batchItemFailures": []}
    assert details == [
        [violation | {"path": "/data/week"}],
        [{"path": "/data", "rule": "urn:glueline:problem:too-large", "message": "too large"}],
    ]
    assert {
        dead_letter["MessageAttributes"]["reason"]["StringValue"] for dead_letter in queue.dead_letters
    } == {"rejected-by-api"}


def test_a_change_that_the_api_did_not_write_returns_to_the_queue(wiring: app.Wiring, stack: Stack) -> None:
    stack.result_of = lambda change: (
        {"status": "rejected", "problem": {"status": 503}}
        if change["event_id"] == "event-of-m2"
        else accept(change)
    )

    answer = app.process([record("m1"), record("m2"), record("m3")], wiring)

    assert failed(answer) == ["m2"]


def test_adjustments_are_logged_without_values(
    wiring: app.Wiring, event_named: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    app.process(event_named("sqs")["Records"][:1], wiring)

    [logged] = [vars(found) for found in caplog.records if found.message == "messages aligned"]
    assert logged["messages"] == 1
    assert logged["adjustments"]["transactions/quantity number"] == 1
    assert logged["example"]["event_id"] == "7b0f6b1e-5f7e-4e55-9f3a-1f2f2f0a5c11"


def test_a_rejected_message_is_logged_with_its_ids(
    wiring: app.Wiring, caplog: pytest.LogCaptureFixture
) -> None:
    app.process([record("m1", household_id="secret-household")], wiring)

    [logged] = [vars(found) for found in caplog.records if found.message == "message rejected"]
    assert (logged["message_id"], logged["event_id"]) == ("m1", "event-of-m1")
    assert logged["violations"] == ["/data/household_id type"]
    assert "secret-household" not in str([vars(found) for found in caplog.records])


MARKER = "marker-of-a-person"


@pytest.mark.parametrize(
    "answer",
    [
        lambda changes: Answer(400, dumps({"detail": MARKER, "changes": changes}).encode()),
        lambda changes: Answer(200, dumps({"results": [{"status": "accepted", "key": MARKER}]}).encode()),
        lambda changes: Answer(200, MARKER.encode()),
        lambda changes: Answer(200, dumps({"results": [refused(one) for one in changes]}).encode()),
        lambda changes: Answer(200, dumps({"results": [erased(one) for one in changes]}).encode()),
    ],
    ids=["refused as a whole", "another number of results", "no JSON", "rejected", "erased"],
)
def test_no_log_line_metric_or_alert_has_personal_data(
    wiring: app.Wiring,
    stack: Stack,
    topic: Topic,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    *,
    answer: Callable[[Any], Answer],
) -> None:
    stack.server.routes["/api/batch"] = lambda request: answer(loads(request.body.decode())["changes"])
    hostile = [
        record("m1", product_id=MARKER, household_id=MARKER),
        record("m2", **{MARKER: MARKER}),
        record("m3", f'{{"data": {{"household_id": "{MARKER}"'),
        record("m4", dumps([MARKER])),
        record("m5", dumps({"specversion": MARKER, "source": 7, "data": {MARKER: MARKER}})),
        record("m6", status=MARKER, updated_at=MARKER),
    ]

    app.process([*hostile, record("m7", status="settled", storeId=" 330 "), record("m8")], wiring)

    logged = [str(vars(found)) for found in caplog.records] + [capsys.readouterr().out, str(topic.alerts)]
    assert len(topic.alerts) == 1
    assert [line for line in logged if MARKER in line] == []


def refused(change: dict[str, Any]) -> dict[str, Any]:
    """The result of a rejected change, with every member."""
    violation = {"path": f"/{MARKER}", "rule": "additionalProperties", "message": MARKER}
    problem = {
        "status": 422,
        "type": "urn:x",
        "title": "Refused",
        "detail": MARKER,
        "violations": [violation],
    }
    return {"status": "rejected", "key": MARKER, "problem": problem}


def erased(change: dict[str, Any]) -> dict[str, Any]:
    """The result of a change of an erased key."""
    return {"status": "rejected", "key": MARKER, "problem": ERASED | {"detail": MARKER}}


def test_a_written_message_is_logged_with_its_ids(
    wiring: app.Wiring, stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    stack.result_of = lambda change: {"status": "stale" if change["event_id"].endswith("m2") else "accepted"}

    app.process([record("m1"), record("m2", household_id=7)], wiring)

    [logged] = [vars(found) for found in caplog.records if found.message == "messages answered"]
    assert logged["columns"] == ["message_id", "event_id", "status"]
    assert logged["answers"] == [["m1", "event-of-m1", "accepted"], ["m2", "event-of-m2", "stale"]]


def test_a_redriven_message_keeps_the_time_of_its_first_sending(
    wiring: app.Wiring, stack: Stack, queue: Queue
) -> None:
    first, later = "1795515330183", "1795999999999"
    records = [record("m1"), record("m2"), record("m3", "{")]
    records[0]["attributes"] = {"SentTimestamp": first}
    for redriven in records[1:]:
        redriven["attributes"] = {"SentTimestamp": later}
        redriven["messageAttributes"] = {"sent_at": {"stringValue": first, "dataType": "String"}}

    app.process(records, wiring)

    assert [change["time"] for change in stack.written] == ["2026-11-24T10:15:30.183000Z"] * 2
    [dead_letter] = queue.dead_letters
    assert dead_letter["MessageAttributes"]["sent_at"]["StringValue"] == first


@pytest.mark.parametrize("sent_at", ["", "soon", "-5", "9" * 5000, "\u0663"])
def test_a_time_of_sending_that_is_not_valid_is_ignored(
    wiring: app.Wiring, stack: Stack, sent_at: str
) -> None:
    sent = record("m1")
    sent["attributes"] = {"SentTimestamp": "1795515330183"}
    sent["messageAttributes"] = {"sent_at": {"stringValue": sent_at, "dataType": "String"}}

    assert app.process([sent], wiring) == {"batchItemFailures": []}
    assert stack.written[0]["time"] == "2026-11-24T10:15:30.183000Z"


def test_a_message_of_an_erased_key_is_counted_and_dropped(
    wiring: app.Wiring,
    stack: Stack,
    queue: Queue,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stack.result_of = lambda change: {"status": "rejected", "problem": ERASED}

    assert app.process([record("m1")], wiring) == {"batchItemFailures": []}

    assert queue.dead_letters == []
    assert '"dataset":"transactions","service":"test","erased":[1.0]' in capsys.readouterr().out
    [logged] = [vars(found) for found in caplog.records if "erased key" in found.message]
    assert (logged["message_id"], logged["event_id"]) == ("m1", "event-of-m1")


def test_binary_mode_is_rejected_with_its_attributes(wiring: app.Wiring, queue: Queue) -> None:
    sent = record("m1", dumps(transaction()))
    sent["messageAttributes"] = {
        "ce-id": {"stringValue": "event-1", "dataType": "String"},
        "ce-raw": {"binaryValue": "AA==", "dataType": "Binary"},
    }

    assert app.process([sent], wiring) == {"batchItemFailures": []}
    [dead_letter] = queue.dead_letters
    assert "got binary mode: ce-id=event-1" in dead_letter["MessageAttributes"]["detail"]["StringValue"]


@pytest.fixture
def deployed(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[str]:
    """The environment, queue and topic of the deployed function; the value is the queue's address."""
    (tmp_path / "contracts.json").write_text(dump_compiled(contracts()), encoding="utf-8")
    with mock_aws():
        queue = boto3.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
        environment = {
            "CONTRACTS": str(tmp_path / "contracts.json"),
            "DATA_API_URL": f"{stack.server.url}/api",
            "TOKEN_URL": f"{stack.server.url}/oauth2/token",
            "USER_POOL_ID": "pool",
            "CLIENT_ID": "client-1",
            "DEAD_LETTER_QUEUE_URL": queue,
            "ALERT_TOPIC_ARN": boto3.client("sns").create_topic(Name="alerts")["TopicArn"],
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        app._wiring.cache_clear()
        yield queue
    app._wiring.cache_clear()


class Cognito:
    """The part of Amazon Cognito that the source calls."""

    def describe_user_pool_client(self, UserPoolId: str, ClientId: str) -> Any:
        if (UserPoolId, ClientId) != ("pool", "client-1"):
            raise ClientError({"Error": {"Code": "NotFound", "Message": ""}}, "DescribeUserPoolClient")
        return {"UserPoolClient": {"ClientSecret": SECRET}}


def invocation(request_id: str) -> LambdaContext:
    """The context of an invocation."""
    context = LambdaContext()
    context._aws_request_id = request_id
    return context


def test_the_handler_uses_the_services_of_its_environment(
    deployed: str, stack: Stack, event_named: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = boto3.client
    monkeypatch.setattr(
        boto3, "client", lambda service: Cognito() if service == "cognito-idp" else real(service)
    )

    answer = app.handler(event_named("sqs"), invocation("invocation-1"))

    assert (answer, len(stack.written)) == ({"batchItemFailures": []}, 1)
    received = real("sqs").receive_message(QueueUrl=deployed, MessageAttributeNames=["All"])
    [dead_letter] = received["Messages"]
    assert dead_letter["MessageAttributes"]["reason"]["StringValue"] == "broken-json"
    [request] = stack.server.asked("/api/batch")
    assert request.headers["x-correlation-id"] == "invocation-1"


def test_messages_about_no_row_are_handled_and_counted_in_the_log(
    wiring: app.Wiring, stack: Stack, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    heartbeat = {"messageId": "m1", "body": '{"ts_ms": 1700000000000}'}
    change = {"messageId": "m2", "body": dumps(debezium("c", after=order()))}

    answer = app.process([heartbeat, change], replace(wiring, reader=reader(BY_DEBEZIUM)))

    assert answer == {"batchItemFailures": []}
    assert [one["data"] for one in stack.written] == [order()]
    assert queue.dead_letters == []
    assert {"a heartbeat": 1} in [vars(one).get("messages") for one in caplog.records]


def test_the_queue_of_a_message_may_name_its_dataset(wiring: app.Wiring, stack: Stack, queue: Queue) -> None:
    contract = replace(ORDERS, messages=MessageFormat(RAW, queue="orders"))
    bodies = {"m1": "orders", "m2": "other"}
    records = [
        {"messageId": name, "body": dumps(order()), "eventSourceARN": f"arn:aws:sqs:eu-west-1:1:{queue}"}
        for name, queue in bodies.items()
    ]

    app.process(records, replace(wiring, reader=reader(contract)))

    assert [one["data"] for one in stack.written] == [order()]
    assert queue.message_ids == ["m2"]
