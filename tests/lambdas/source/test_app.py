import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from expectations.contract import dump_compiled
from lambdas.exact_json import dumps, loads
from lambdas.source import app
from lambdas.source.messages import Reader
from lambdas.source.settings import Settings
from lambdas.validation import Validators
from tests.builders import contracts, transaction
from tests.lambdas.loopback import Answer, Request
from tests.lambdas.source.stack import SECRET, Clock, Stack, accept

READER = Reader(contracts(), Validators(contracts()))


class Queue:
    """The dead-dead_letter queue in memory; `refuses` has what it does not take, "all" fails the call."""

    def __init__(self) -> None:
        self.dead_letters: list[dict[str, Any]] = []
        self.refuses: set[str] = set()

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:
        if "all" in self.refuses:
            raise ClientError({"Error": {"Code": "QueueDoesNotExist", "Message": ""}}, "SendMessageBatch")
        ids = {entry["MessageAttributes"]["message_id"]["StringValue"]: entry for entry in Entries}
        self.dead_letters += [entry for message_id, entry in ids.items() if message_id not in self.refuses]
        refused = [entry["Id"] for message_id, entry in ids.items() if message_id in self.refuses]
        return {"Failed": [{"Id": place, "Code": "InternalError", "SenderFault": False} for place in refused]}

    @property
    def message_ids(self) -> list[str]:
        return [
            dead_letter["MessageAttributes"]["message_id"]["StringValue"] for dead_letter in self.dead_letters
        ]


class Topic:
    """The alert topic in memory."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, str]] = []
        self.is_down = False

    def publish(self, **alert: str) -> None:
        if self.is_down:
            raise ClientError({"Error": {"Code": "InternalError", "Message": ""}}, "Publish")
        self.alerts.append(alert)


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def wiring(stack: Stack, clock: Clock, queue: Queue, topic: Topic) -> app.Wiring:
    names = (
        "DATA_API_URL",
        "TOKEN_URL",
        "USER_POOL_ID",
        "CLIENT_ID",
        "DEAD_LETTER_QUEUE_URL",
        "ALERT_TOPIC_ARN",
    )
    settings = Settings.from_env({name: name.lower() for name in names})
    return app.Wiring(settings, READER, stack.api(clock), queue, topic)


def record(message_id: str, body: Any = None, **changed: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": f"event-of-{message_id}",
        "source": "till/330",
        "type": "transactions.upsert",
        "data": transaction(**changed),
    }
    return {"messageId": message_id, "body": body if isinstance(body, str) else dumps(event)}


def failed(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


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
        record("m3", "[]"),
        record("m4", '{"specversion":"1.0","id":"e","source":"s","type":"weather.upsert","data":{}}'),
        record("m5", week=99, quantity=-1),
    ]

    answer = app.process(records, wiring)

    assert (answer, len(stack.written)) == ({"batchItemFailures": []}, 1)
    told = [
        {name: value["StringValue"] for name, value in dead_letter["MessageAttributes"].items()}
        for dead_letter in queue.dead_letters
    ]
    assert [one["reason"] for one in told] == [
        "broken-json",
        "wrong-envelope",
        "unknown-dataset",
        "contract-violation",
    ]
    assert {found["path"] for found in json.loads(told[3]["detail"])} == {"/data/quantity", "/data/week"}
    assert queue.dead_letters[3]["MessageBody"] == records[4]["body"]
    [alert] = topic.alerts
    assert alert["Subject"] == "Glueline: 4 messages refused"


def test_a_batch_without_valid_messages_does_not_call_the_api(wiring: app.Wiring, stack: Stack) -> None:
    app.process([record("m1", "{")], wiring)

    assert stack.server.requests == []


def test_a_batch_without_rejected_messages_sends_no_alert(wiring: app.Wiring, topic: Topic) -> None:
    app.process([record("m1")], wiring)

    assert topic.alerts == []


def test_stale_counts_as_handled(
    wiring: app.Wiring, stack: Stack, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.judge = lambda change: {"status": "stale", "version": 9}

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
    stack.judge = lambda change: {"status": "rejected", "problem": problems[change["event_id"]]}

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
    stack.judge = lambda change: (
        {"status": "rejected", "problem": {"status": 503}}
        if change["event_id"] == "event-of-m2"
        else accept(change)
    )

    answer = app.process([record("m1"), record("m2"), record("m3")], wiring)

    assert failed(answer) == ["m2"]


def test_an_unreachable_api_returns_valid_messages_and_dead_letters_the_rejected(
    wiring: app.Wiring, stack: Stack, queue: Queue
) -> None:
    stack.server.routes["/api/batch"] = lambda _: Answer(503)

    answer = app.process([record("m1"), record("m2", "{"), record("m3")], wiring)

    assert failed(answer) == ["m1", "m3"]
    assert queue.message_ids == ["m2"]


def test_an_unreachable_api_is_called_once(wiring: app.Wiring, stack: Stack) -> None:
    stack.server.routes["/api/batch"] = lambda _: Answer(500)

    answer = app.process([record(f"m{number}") for number in range(1001)], wiring)

    assert len(failed(answer)) == 1001
    assert len(stack.server.asked("/api/batch")) == 1


def test_a_dead_letter_that_was_not_sent_returns_to_the_queue(
    wiring: app.Wiring, queue: Queue, topic: Topic
) -> None:
    queue.refuses = {"m2"}

    answer = app.process([record("m1", "{"), record("m2", "{"), record("m3")], wiring)

    assert (failed(answer), queue.message_ids) == (["m2"], ["m1"])
    assert topic.alerts[0]["Subject"] == "Glueline: 1 messages refused"


def test_an_unreachable_dead_letter_queue_loses_no_message(
    wiring: app.Wiring, queue: Queue, topic: Topic
) -> None:
    queue.refuses = {"all"}

    answer = app.process([record("m1", "{"), record("m2")], wiring)

    assert (failed(answer), topic.alerts) == (["m1"], [])


def test_an_alert_that_was_not_sent_does_not_repeat_the_dead_letters(
    wiring: app.Wiring, topic: Topic, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    topic.is_down = True

    assert app.process([record("m1", "{")], wiring) == {"batchItemFailures": []}
    assert queue.message_ids == ["m1"]
    assert "alert not sent" in caplog.messages


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

    [logged] = [vars(found) for found in caplog.records if found.message == "message refused"]
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
    """The API rejects the change with all it can say."""
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
    """The API has no row of this key."""
    return {"status": "rejected", "key": MARKER, "problem": ERASED | {"detail": MARKER}}


def test_a_written_message_is_logged_with_its_ids(
    wiring: app.Wiring, stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    stack.judge = lambda change: {"status": "stale" if change["event_id"].endswith("m2") else "accepted"}

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


@pytest.mark.parametrize("told", ["", "soon", "-5", "9" * 5000, "\u0663"])
def test_a_time_of_sending_that_is_not_valid_is_ignored(wiring: app.Wiring, stack: Stack, told: str) -> None:
    sent = record("m1")
    sent["attributes"] = {"SentTimestamp": "1795515330183"}
    sent["messageAttributes"] = {"sent_at": {"stringValue": told, "dataType": "String"}}

    assert app.process([sent], wiring) == {"batchItemFailures": []}
    assert stack.written[0]["time"] == "2026-11-24T10:15:30.183000Z"


def test_a_message_of_an_erased_key_is_counted_and_dropped(
    wiring: app.Wiring,
    stack: Stack,
    queue: Queue,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stack.judge = lambda change: {"status": "rejected", "problem": ERASED}

    assert app.process([record("m1")], wiring) == {"batchItemFailures": []}

    assert queue.dead_letters == []
    assert '"dataset":"transactions","service":"test","erased":[1.0]' in capsys.readouterr().out
    [logged] = [vars(found) for found in caplog.records if "erased key" in found.message]
    assert (logged["message_id"], logged["event_id"]) == ("m1", "event-of-m1")


ERASED = {"status": 410, "type": "urn:glueline:problem:erased", "detail": "no row of this key may be stored"}
KINDS: dict[str, Any] = {
    "accepted": {"status": "accepted"},
    "erased": {"status": "rejected", "problem": ERASED},
    "stale": {"status": "stale"},
    "rejected": {"status": "rejected", "problem": {"status": 422}},
    "unwritten": {"status": "rejected", "problem": {"status": 503}},
    "unheard-of": {"status": "unheard-of"},
}


@given(
    kinds=st.lists(st.sampled_from(["broken", "invalid", *KINDS]), max_size=30),
    api_is_down=st.booleans(),
    data=st.data(),
)
def test_every_message_has_exactly_one_outcome(
    wiring: app.Wiring,
    stack: Stack,
    queue: Queue,
    *,
    kinds: list[str],
    api_is_down: bool,
    data: st.DataObject,
) -> None:
    records = []
    for number, kind in enumerate(kinds):
        body = "{" if kind == "broken" else None
        records.append(record(f"{number}", body, week=99 if kind == "invalid" else 1))
    queue.dead_letters.clear()
    queue.refuses = data.draw(st.sets(st.sampled_from([*(str(n) for n in range(30)), "all"])))
    handled: list[str] = []

    def judge(change: dict[str, Any]) -> Any:
        number = change["event_id"].removeprefix("event-of-")
        result = KINDS[kinds[int(number)]]
        is_handled = result["status"] in ("accepted", "stale") or result.get("problem") is ERASED
        handled.extend([number] if is_handled else [])
        return result

    stack.judge = judge
    stack.server.routes["/api/batch"] = (lambda _: Answer(500)) if api_is_down else stack._batch

    answer = app.process(records, wiring)

    ends = Counter([*handled, *queue.message_ids, *failed(answer)])
    assert ends == Counter(str(number) for number in range(len(kinds)))


ANSWERS: dict[str, Callable[[Stack, Request], Answer]] = {
    "as it should": lambda stack, request: stack._batch(request),
    "throttled by the gateway": lambda _stack, _: Answer(429, b'{"message":"Too Many Requests"}'),
    "unavailable": lambda _stack, _: Answer(503, b"{}", {"retry-after": "2"}),
    "too late for the gateway": lambda _stack, _: Answer(504, b'{"message":"Endpoint request timed out"}'),
    "failed": lambda _stack, _: Answer(500, b'{"message":"Internal Server Error"}'),
    "not found": lambda _stack, _: Answer(404, b"{}"),
    "refused as a whole": lambda _stack, _: Answer(400, b'{"status":400}'),
    "too large": lambda _stack, _: Answer(413, b'{"message":"Request Entity Too Large"}'),
    "forbidden": lambda _stack, _: Answer(403, b'{"message":"Forbidden"}'),
    "without permission": lambda _stack, _: Answer(401, b""),
    "moved": lambda _stack, _: Answer(302, b"", {"location": "https://elsewhere.example"}),
    "empty": lambda _stack, _: Answer(200, b""),
    "a web page": lambda _stack, _: Answer(200, b"<html></html>"),
    "no list": lambda _stack, _: Answer(200, b'{"results":{}}'),
    "no results": lambda _stack, _: Answer(200, b'{"results":[]}'),
    "results that are none": lambda _stack, request: nonsense(request, None),
    "results that are texts": lambda _stack, request: nonsense(request, "accepted"),
    "results without status": lambda _stack, request: nonsense(request, {}),
    "a status that is none": lambda _stack, request: nonsense(request, {"status": ["accepted"]}),
    "a problem that is none": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": "no"}
    ),
    "a problem's status that is none": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": {"status": "400"}}
    ),
    "violations that are none": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": {"status": 422, "violations": ["week"]}}
    ),
    "violations that are no list": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": {"status": 422, "violations": 7}}
    ),
    "throttled, each": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": {"status": 429}}
    ),
}


def nonsense(request: Request, result: Any) -> Answer:
    """An answer with this for every change."""
    changes = loads(request.body.decode())["changes"]
    return Answer(200, dumps({"results": [result] * len(changes)}).encode())


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_no_message_is_lost_for_any_answer_of_the_api(
    wiring: app.Wiring, stack: Stack, queue: Queue, answer: Callable[[Stack, Request], Answer]
) -> None:
    stack.server.routes["/api/batch"] = lambda request: answer(stack, request)
    records = [record("m1"), record("m2", product_id=2), record("m3", "{")]

    back = failed(app.process(records, wiring))

    handled = [change["event_id"].removeprefix("event-of-") for change in stack.written]
    assert sorted([*handled, *back, *queue.message_ids]) == ["m1", "m2", "m3"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 429, 500, 503])
def test_without_a_token_every_valid_message_returns_to_the_queue(
    wiring: app.Wiring, stack: Stack, queue: Queue, status: int
) -> None:
    stack.server.routes["/oauth2/token"] = lambda _: Answer(status, b'{"error":"invalid_client"}')

    back = failed(app.process([record("m1"), record("m2", "{")], wiring))

    assert (back, queue.message_ids) == (["m1"], ["m2"])


def test_an_api_that_hangs_up_returns_the_messages_to_the_queue(wiring: app.Wiring, stack: Stack) -> None:
    def hang_up(_: Request) -> Answer:
        raise ConnectionAbortedError

    stack.server.routes["/api/batch"] = hang_up

    assert failed(app.process([record("m1"), record("m2")], wiring)) == ["m1", "m2"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 504])
def test_a_change_that_may_succeed_later_is_not_a_dead_letter(
    wiring: app.Wiring, stack: Stack, queue: Queue, status: int
) -> None:
    stack.judge = lambda change: {"status": "rejected", "problem": {"status": status}}

    assert (failed(app.process([record("m1")], wiring)), queue.dead_letters) == (["m1"], [])


@pytest.fixture
def deployed(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[str]:
    """The environment of the deployed function, with its queue and topic; gives the queue's address."""
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
    """Amazon Cognito as far as the source asks it."""

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
