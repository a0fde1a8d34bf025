"""The events of a message: one, a batch, those in envelopes of AWS; and a reason for all else."""

from typing import Any

import pytest

from lambdas.exact_json import dumps, loads
from lambdas.source.envelopes import Found, NotFound, events_in
from lambdas.source.events import DeadLetter, ValidMessage
from tests.builders import transaction
from tests.lambdas.source.stack import READER

PUBLISHED = "2026-11-24T10:15:00.901Z"
SENT = 1_795_515_330_183  # milliseconds: 2026-11-24T10:15:30.183Z


def event(data: Any = None, **changed: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "event-1",
        "source": "till/330",
        "type": "transactions.upsert",
        "data": transaction() if data is None else data,
    } | changed


def of_sns(message: str) -> str:
    """A message of a queue that is subscribed to a topic without raw message delivery."""
    return dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:eu-central-1:123456789012:sales",
            "Message": message,
            "Timestamp": PUBLISHED,
            "SignatureVersion": "1",
            "Signature": "EXAMPLE=",
            "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService.pem",
            "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
        }
    )


def of_event_bridge(detail: Any, **changed: Any) -> str:
    """A message of a queue that is the target of a rule."""
    envelope = {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "sale",
        "source": "com.example.till",
        "account": "123456789012",
        "time": "2026-11-24T10:15:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }
    return dumps(envelope | changed)


@pytest.mark.parametrize(
    "body",
    [
        dumps(event()),
        of_sns(dumps(event())),
        of_event_bridge(event()),
        of_sns(of_event_bridge(event())),
        dumps([event()]),
        of_sns(dumps([event()])),
    ],
    ids=["bare", "SNS", "EventBridge", "EventBridge by SNS", "batch", "batch by SNS"],
)
def test_the_same_event_is_found_in_every_envelope(body: str) -> None:
    [found] = READER.read("message-1", body)

    assert isinstance(found, ValidMessage)
    change = loads(found.change)
    assert (change["event_id"], change["data"]) == ("event-1", transaction())


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (of_sns(dumps(event(transaction(week=99)))), "/Message/data/week"),
        (of_event_bridge(event(transaction(week=99))), "/detail/data/week"),
        (of_sns(of_event_bridge(event(transaction(week=99)))), "/Message/detail/data/week"),
    ],
)
def test_a_dead_letter_keeps_the_envelope_and_names_the_place_in_it(body: str, path: str) -> None:
    [found] = READER.read("message-1", body)

    assert isinstance(found, DeadLetter)
    assert found.message.body == body
    assert (found.message.event_id, found.message.dataset) == ("event-1", "transactions")
    assert [violation.path for violation in found.violations] == [path]


def test_an_event_without_time_happened_when_its_envelope_was_published() -> None:
    """SNS may deliver a notification twice, and each delivery is another message with another time."""
    [published] = READER.read("message-1", of_sns(dumps(event())), SENT)
    [timed] = READER.read("message-1", of_sns(dumps(event(time="2017-01-01T00:00:00Z"))), SENT)

    assert isinstance(published, ValidMessage)
    assert isinstance(timed, ValidMessage)
    assert loads(published.change)["time"] == "2026-11-24T10:15:00.901000Z"
    assert loads(timed.change)["time"] == "2017-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("body", "path", "got", "advice"),
    [
        (
            '{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-24T10:15:00.901Z","Bucket":"b"}',
            "",
            "the test event that S3 sends",
            "drops/<dataset>/",
        ),
        (
            '{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","s3":{"object":{"key":"a.csv"}}}]}',
            "",
            'a notification of "aws:s3"',
            "drops/<dataset>/",
        ),
        (
            of_sns('{"Records":[{"eventSource":"aws:s3"}]}'),
            "/Message",
            'a notification of "aws:s3"',
            "drops/<dataset>/",
        ),
        (
            '{"eventID":"1","eventSource":"aws:dynamodb","dynamodb":{"Keys":{}}}',
            "",
            'a notification of "aws:dynamodb"',
            "send each change as a CloudEvent",
        ),
        (
            '{"Type":"SubscriptionConfirmation","TopicArn":"arn:t","SubscribeURL":"https://a.example"}',
            "",
            'the SubscriptionConfirmation of the SNS topic "arn:t"',
            "open its SubscribeURL",
        ),
        (
            of_event_bridge({}, **{"detail-type": "Scheduled Event", "source": "aws.events"}),
            "",
            'the EventBridge event "Scheduled Event" of "aws.events"',
            "as its detail",
        ),
        (
            of_event_bridge({"object": {}}, **{"detail-type": "Object Created", "source": "aws.s3"}),
            "",
            'the EventBridge event "Object Created" of "aws.s3"',
            "drops/<dataset>/",
        ),
    ],
)
def test_another_message_of_aws_is_rejected_with_what_it_is_and_what_to_do(
    body: str, path: str, got: str, advice: str
) -> None:
    [found] = events_in(body)

    assert isinstance(found, NotFound)
    assert (found.body, found.reason, found.violation.path) == (body, "wrong-envelope", path)
    assert got in found.violation.message
    assert advice in found.violation.message


@pytest.mark.parametrize(
    ("message", "reason", "where"),
    [
        ("hello", "broken-json", ("/Message", "json")),
        ('{"a":1,"a":2}', "broken-json", ("/Message", "json")),
        ("7", "wrong-envelope", ("/Message", "type")),
        ("[7]", "wrong-envelope", ("/Message", "type")),
        ("{}", "wrong-envelope", ("/Message/specversion", "envelope")),
    ],
)
def test_a_notification_without_an_event_is_rejected_whole(
    message: str, reason: str, where: tuple[str, str]
) -> None:
    [found] = READER.read("message-1", of_sns(message))

    assert isinstance(found, DeadLetter)
    assert (found.reason, found.message.body) == (reason, of_sns(message))
    assert (found.violations[0].path, found.violations[0].rule) == where


def test_an_event_with_members_like_an_envelope_is_an_event() -> None:
    confusing = event(Type="Notification", Message="{}", Event="s3:TestEvent", Records=[]) | {
        "detail-type": "sale",
        "detail": event(id="event-2"),
    }

    assert list(events_in(dumps(confusing))) == [Found(confusing, dumps(confusing))]


def test_envelopes_are_unwrapped_to_a_limited_depth() -> None:
    body = dumps(event())
    for _ in range(5):
        body = of_sns(body)

    [found] = READER.read("message-1", body)

    assert isinstance(found, DeadLetter)
    assert found.reason == "wrong-envelope"


@pytest.mark.parametrize("body", ['{"basket_id":1}', "<row/>", "", "[7]"])
def test_binary_mode_is_rejected_with_its_attributes(body: str) -> None:
    attributes = {"ce-id": "event-1", "ce-type": "transactions.upsert", "sent_at": "1795515330183"}

    [found] = events_in(body, attributes)

    assert isinstance(found, NotFound)
    assert (found.reason, found.violation.rule) == ("wrong-envelope", "content-mode")
    assert "ce-id=event-1, ce-type=transactions.upsert" in found.violation.message


def test_an_event_in_structured_mode_may_have_attributes_too() -> None:
    assert list(events_in(dumps(event()), {"ce-id": "x"})) == [Found(event(), dumps(event()))]
    of_batch = list(events_in(f'[{dumps(event())},{{"id":1,"id":2}}]', {"ce-id": "x"}))
    assert [(type(found), found.index) for found in of_batch] == [(Found, 0), (NotFound, 1)]
