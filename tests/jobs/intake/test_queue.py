"""The intake queue is drained whole, and no message is deleted before `delete`."""

from typing import TYPE_CHECKING

import boto3
import pytest

from jobs.intake import queue as intake
from tests.jobs.builders import backlog_rule, object_created

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def test_all_messages_are_received_and_deleted_only_by_delete(sqs: "SQSClient", queue_url: str) -> None:
    bodies = {str(number) for number in range(25)}
    for body in bodies:
        sqs.send_message(QueueUrl=queue_url, MessageBody=body)

    messages = intake.receive_all(sqs, queue_url)
    hidden = sqs.get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]["ApproximateNumberOfMessagesNotVisible"]
    intake.delete(sqs, queue_url, messages)

    assert {message.body for message in messages} == bodies
    assert hidden == "25"
    assert intake.waiting_messages(sqs, queue_url) == 0


def test_a_batch_takes_no_more_messages_than_its_limit(sqs: "SQSClient", queue_url: str) -> None:
    for number in range(30):
        sqs.send_message(QueueUrl=queue_url, MessageBody=str(number))

    assert len(intake.receive_all(sqs, queue_url, most=20)) == 20
    assert intake.waiting_messages(sqs, queue_url) == 10


@pytest.mark.parametrize(
    ("sizes", "most", "taken"),
    [([], 5, 0), ([9], 5, 1), ([2, 3, 1], 5, 2), ([0, 0], 0, 2), ([2, 9, 1], 5, 1)],
)
def test_the_first_messages_that_fit_are_taken_and_one_at_least(
    sizes: list[int], most: int, taken: int
) -> None:
    messages = [intake.Message(object_created(f"drops/things/{n}.csv", size=n), "r") for n in sizes]

    assert intake.within(messages, most) == messages[:taken]


SIZED = '{"detail": {"object": {"size": %s}}}'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"detail": 1}',
        *(SIZED % size for size in ('"a"', "-7", "Infinity", "[]")),
    ],
    ids=lambda body: body[:40],
)
def test_what_announces_no_object_announces_no_bytes(body: str) -> None:
    assert intake.Message(body, "r").announced_bytes == 0


def test_messages_that_are_put_back_are_received_again(sqs: "SQSClient", queue_url: str) -> None:
    for number in range(12):
        sqs.send_message(QueueUrl=queue_url, MessageBody=str(number))
    received = intake.receive_all(sqs, queue_url)

    intake.put_back(sqs, queue_url, received[1:])

    again = intake.receive_all(sqs, queue_url)
    assert {message.body for message in again} == {message.body for message in received[1:]}


def test_a_message_is_seen_without_being_taken(sqs: "SQSClient", queue_url: str) -> None:
    before = intake.has_message(sqs, queue_url, 0)
    sqs.send_message(QueueUrl=queue_url, MessageBody="a")

    assert (before, intake.has_message(sqs, queue_url, 0)) == (False, True)
    assert [message.body for message in intake.receive_all(sqs, queue_url)] == ["a"]


class EndlessQueue:
    """A queue that always has one more message, and reports this number of them."""

    def __init__(self, counted: int) -> None:
        self.counted = counted
        self.calls = 0

    def get_queue_attributes(self, **_: object) -> dict[str, dict[str, str]]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.counted)}}

    def receive_message(self, **_: object) -> dict[str, list[dict[str, str]]]:
        self.calls += 1
        return {"Messages": [{"Body": str(self.calls), "ReceiptHandle": str(self.calls)}]}


@pytest.mark.parametrize(("counted", "received"), [(0, 1), (1, 1), (7, 7)])
def test_messages_that_arrive_while_a_queue_is_drained_make_another_batch(
    counted: int, received: int
) -> None:
    messages = intake.receive_all(EndlessQueue(counted), "queue")  # type: ignore[arg-type]  # has only what is used of SQS

    assert len(messages) == received


def test_a_queue_that_reports_too_many_messages_and_is_never_empty_is_drained_for_a_bounded_time() -> None:
    queue = EndlessQueue(90)

    messages = intake.receive_all(queue, "queue", clock=lambda: float(queue.calls))  # type: ignore[arg-type]

    assert [message.body for message in messages] == [str(number + 1) for number in range(queue.calls)]
    assert queue.calls == intake.DRAIN_SECONDS


def test_a_backlog_is_announced_until_a_run_has_begun(aws: str) -> None:
    events, rule = boto3.client("events"), backlog_rule()

    states = [events.describe_rule(Name=rule)["State"]]
    intake.announce_backlog(events, rule, 3)
    states.append(events.describe_rule(Name=rule)["State"])
    intake.end_backlog(events, rule)
    states.append(events.describe_rule(Name=rule)["State"])

    assert states == ["DISABLED", "ENABLED", "DISABLED"]


def test_a_refused_backlog_event_is_logged_and_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    class Events:
        def enable_rule(self, Name: str) -> None:
            assert Name == "again"

        def put_events(self, Entries: list[dict[str, str]]) -> dict[str, object]:
            assert Entries[0]["Source"] == "glueline.again"
            assert Entries[0]["DetailType"] == "Intake Backlog"
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    intake.announce_backlog(Events(), "again", 3)

    assert "ThrottlingException" in capsys.readouterr().out


def test_a_message_that_is_kept_stays_in_the_queue_hidden(sqs: "SQSClient", queue_url: str) -> None:
    sqs.send_message(QueueUrl=queue_url, MessageBody="an export")
    (message,) = intake.receive_all(sqs, queue_url)

    intake.keep(sqs, queue_url, message, 60)
    assert intake.receive_all(sqs, queue_url) == []

    intake.keep(sqs, queue_url, message, 0)
    assert [again.body for again in intake.receive_all(sqs, queue_url)] == ["an export"]
