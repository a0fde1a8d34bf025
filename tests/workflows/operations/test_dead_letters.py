"""The way back from the dead-letter queue, against SQS's own behaviour (an AWS on this machine)."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.empty_stack import empty_stack
from workflows.operations import dead_letters
from workflows.operations.dead_letters import Redriven, read, redrive
from workflows.operations.sending import portions

if TYPE_CHECKING:
    from workflows.stack.target import Target


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


def bury(target: Target, *bodies: str, **attributes: str) -> None:
    """Put bodies into the dead-letter queue, as the source does."""
    for body in bodies:
        target.client("sqs").send_message(
            QueueUrl=target.output("DeadLetterQueueUrl"),
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


def visible(target: Target, queue: str) -> list[dict[str, Any]]:
    """The messages that anyone would get from a queue now."""
    found: list[dict[str, Any]] = []
    while (
        messages := target.client("sqs")
        .receive_message(QueueUrl=target.output(queue), MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        .get("Messages")
    ):
        found += messages
    return found


def bodies(target: Target, queue: str) -> list[str]:
    return sorted(message["Body"] for message in visible(target, queue))


def test_letters_go_back_as_they_were_sent_without_what_was_said_of_them(target: Target) -> None:
    bury(target, '{"a": 1}', reason="contract-violation", detail="[]", message_id="m1", sent_at="17955153301")
    bury(target, "broken", reason="broken-json", message_id="m2", sent_at="17955153301")

    assert redrive(target) == Redriven({"contract-violation": 1, "broken-json": 1}, stay=0)

    back = visible(target, "InboundQueueUrl")
    assert sorted(message["Body"] for message in back) == ["broken", '{"a": 1}']
    for message in back:
        told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert told == {"sent_at": "17955153301"}
    assert bodies(target, "DeadLetterQueueUrl") == []


def test_a_letter_that_sqs_moved_goes_back_with_the_time_at_which_it_was_sent(target: Target) -> None:
    bury(target, "a")
    [letter] = read(target)

    redrive(target)

    [message] = visible(target, "InboundQueueUrl")
    assert message["MessageAttributes"]["sent_at"]["StringValue"] == letter.sent_at
    assert int(letter.sent_at) == round(letter.sent.timestamp() * 1000)


def test_letters_of_another_reason_stay_and_are_visible_at_once(target: Target) -> None:
    bury(target, *"abcdefghijklm", reason="contract-violation")
    bury(target, *"nopqrstuvwxyz", reason="broken-json")

    assert redrive(target, "broken-json") == Redriven({"broken-json": 13}, stay=13)

    assert bodies(target, "InboundQueueUrl") == list("nopqrstuvwxyz")
    assert bodies(target, "DeadLetterQueueUrl") == list("abcdefghijklm")


def test_letters_sent_before_the_time_stay(target: Target) -> None:
    bury(target, "old", reason="broken-json")

    assert redrive(target, since=datetime.now(UTC) + timedelta(seconds=5)) == Redriven({}, stay=1)
    assert bodies(target, "DeadLetterQueueUrl") == ["old"]


def test_a_dry_run_counts_and_moves_nothing(target: Target) -> None:
    bury(target, "a", "b", reason="broken-json")
    bury(target, "c", reason="unknown-dataset")

    redriven = redrive(target, "broken-json", dry_run=True)

    assert redriven == Redriven({"broken-json": 2}, stay=1)
    assert bodies(target, "InboundQueueUrl") == []
    assert bodies(target, "DeadLetterQueueUrl") == ["a", "b", "c"]


def test_a_letter_that_sqs_moved_after_its_retries_has_a_reason_too(target: Target) -> None:
    bury(target, "a")

    [letter] = read(target)

    assert (letter.reason, letter.dataset, letter.body) == ("retries-exhausted", "", "a")
    assert letter.message_id == visible(target, "DeadLetterQueueUrl")[0]["MessageId"]


def test_reading_leaves_every_letter_where_it_is(target: Target) -> None:
    bury(target, *"abcdefghijklmnopqrstuvwxyz", reason="broken-json", message_id="m", dataset="products")

    letters = read(target)

    assert Counter(letter.body for letter in letters) == Counter("abcdefghijklmnopqrstuvwxyz")
    assert {(letter.reason, letter.message_id, letter.dataset) for letter in letters} == {
        ("broken-json", "m", "products")
    }
    assert len(bodies(target, "DeadLetterQueueUrl")) == 26


def test_what_is_refused_again_meanwhile_is_not_sent_round(target: Target) -> None:
    """A source that refuses at once: every letter sent back is in the dead-letter queue a moment later."""
    bury(target, *"abcdefghijkl", reason="broken-json")
    stop = threading.Event()

    def refuse() -> None:
        sqs = target.client("sqs")
        while not stop.is_set():
            for message in visible(target, "InboundQueueUrl"):
                sqs.delete_message(
                    QueueUrl=target.output("InboundQueueUrl"), ReceiptHandle=message["ReceiptHandle"]
                )
                bury(target, message["Body"], reason="broken-json")

    source = threading.Thread(target=refuse)
    source.start()
    redriven = redrive(target)
    stop.set()
    source.join()

    assert (redriven.moved, redriven.stay) == ({"broken-json": 12}, 0)
    left = bodies(target, "DeadLetterQueueUrl") + bodies(target, "InboundQueueUrl")
    assert sorted(left) == list("abcdefghijkl")


class Stingy:
    """An SQS that does not take one body."""

    def __init__(self, sqs: Any, refused: str) -> None:
        self.sqs, self.refused = sqs, refused

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
        good = [entry for entry in Entries if entry["MessageBody"] != self.refused]
        failed = [{"Id": entry["Id"], "Code": "Throttled"} for entry in Entries if entry not in good]
        return {**self.sqs.send_message_batch(QueueUrl=QueueUrl, Entries=good), "Failed": failed}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sqs, name)


def test_a_letter_that_the_inbound_queue_does_not_take_is_not_deleted(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury(target, "a", "b", "c", reason="broken-json")
    stingy = Stingy(target.client("sqs"), "b")
    with monkeypatch.context() as patch:
        patch.setattr(type(target), "client", lambda self, service: stingy)
        redriven = redrive(target)

    assert redriven == Redriven({"broken-json": 2}, stay=0, unsent=1)
    assert bodies(target, "DeadLetterQueueUrl") == ["b"]
    assert bodies(target, "InboundQueueUrl") == ["a", "c"]


def test_a_break_between_sending_and_deleting_repeats_a_letter_and_loses_none(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury(target, "a", reason="broken-json")

    class Cut(Exception):
        pass

    class Breaking(Stingy):
        def delete_message_batch(self, **_: Any) -> None:
            raise Cut

    breaking = Breaking(target.client("sqs"), "")
    with monkeypatch.context() as patch:
        patch.setattr(type(target), "client", lambda self, service: breaking)
        with pytest.raises(Cut):
            redrive(target)

    assert bodies(target, "DeadLetterQueueUrl") == ["a"]
    assert bodies(target, "InboundQueueUrl") == ["a"]


def test_a_call_takes_ten_messages_or_256_kb() -> None:
    small, large, huge = "x", "x" * 100_000, "x" * 900_000

    assert [len(some) for some in portions([small] * 23, len)] == [10, 10, 3]
    assert [len(some) for some in portions([large] * 5, len)] == [2, 2, 1]
    assert [len(some) for some in portions([small, huge, small], len)] == [1, 1, 1]


def test_the_queue_is_left_when_nothing_old_comes_any_more() -> None:
    """Others refuse faster than this reads: it ends all the same."""

    class Busy:
        calls = 0

        def receive_message(self, **_: Any) -> dict[str, Any]:
            self.calls += 1
            later = str(int(datetime.now(UTC).timestamp() * 1000) + 60_000)
            return {
                "Messages": [
                    {
                        "MessageId": str(self.calls),
                        "ReceiptHandle": "r",
                        "Body": "b",
                        "Attributes": {"SentTimestamp": later},
                    }
                ]
            }

    busy = Busy()
    assert len(list(dead_letters.receive(busy, "queue", datetime.now(UTC)))) == 2


def test_a_queue_that_gives_nothing_once_is_asked_again(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury(target, "a", reason="broken-json")

    class Absent(Stingy):
        asked = 0

        def receive_message(self, **parameters: Any) -> dict[str, Any]:
            self.asked += 1
            found: dict[str, Any] = {} if self.asked == 1 else self.sqs.receive_message(**parameters)
            return found

    absent = Absent(target.client("sqs"), "")
    with monkeypatch.context() as patch:
        patch.setattr(type(target), "client", lambda self, service: absent)
        letters = read(target)

    assert [letter.body for letter in letters] == ["a"]
