"""The intake queue is drained whole, and nothing is deleted before it is asked for."""

import time
from typing import TYPE_CHECKING

import boto3
import pytest

from jobs.intake import queue as intake
from tests.jobs.builders import backlog_rule

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def test_all_messages_are_received_and_only_deleted_when_told(sqs: "SQSClient", queue_url: str) -> None:
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
    assert intake.waiting(sqs, queue_url) == 0


def test_a_batch_takes_no_more_than_it_may(sqs: "SQSClient", queue_url: str) -> None:
    for number in range(30):
        sqs.send_message(QueueUrl=queue_url, MessageBody=str(number))

    assert len(intake.receive_all(sqs, queue_url, most=20)) == 20
    assert intake.waiting(sqs, queue_url) == 10


class Filled:
    """A queue that always has one message more, and says that so many wait."""

    def __init__(self, counted: int) -> None:
        self.counted = counted
        self.calls = 0

    def get_queue_attributes(self, **_: object) -> dict[str, dict[str, str]]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.counted)}}

    def receive_message(self, **_: object) -> dict[str, list[dict[str, str]]]:
        self.calls += 1
        time.sleep(0.01)
        return {"Messages": [{"Body": str(self.calls), "ReceiptHandle": str(self.calls)}]}


@pytest.mark.parametrize(("counted", "received"), [(0, 1), (1, 1), (7, 7)])
def test_what_comes_while_a_queue_is_drained_makes_the_next_batch(counted: int, received: int) -> None:
    messages = intake.receive_all(Filled(counted), "queue")  # type: ignore[arg-type]  # of SQS only what is used

    assert len(messages) == received


def test_a_queue_that_says_too_many_and_is_filled_all_the_time_is_left_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "DRAIN_SECONDS", 0.05)
    queue = Filled(90)

    messages = intake.receive_all(queue, "queue")  # type: ignore[arg-type]  # of SQS only what is used

    assert [message.body for message in messages] == [str(number + 1) for number in range(queue.calls)]
    assert 0 < queue.calls < queue.counted


def test_a_backlog_is_announced_until_a_run_has_begun(aws: str) -> None:
    events, rule = boto3.client("events"), backlog_rule()

    states = [events.describe_rule(Name=rule)["State"]]
    intake.announce_backlog(events, rule, 3)
    states.append(events.describe_rule(Name=rule)["State"])
    intake.backlog_heard(events, rule)
    states.append(events.describe_rule(Name=rule)["State"])

    assert states == ["DISABLED", "ENABLED", "DISABLED"]


def test_a_refused_backlog_event_is_told_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    class Events:
        def enable_rule(self, Name: str) -> None:
            assert Name == "again"

        def put_events(self, Entries: list[dict[str, str]]) -> dict[str, object]:
            assert Entries[0]["Source"] == "glueline"
            assert Entries[0]["DetailType"] == "Intake Backlog"
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    intake.announce_backlog(Events(), "again", 3)

    assert "ThrottlingException" in capsys.readouterr().out
