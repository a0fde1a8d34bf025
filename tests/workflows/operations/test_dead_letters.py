"""Dead letters are read and sent back, with an AWS on this machine that behaves as SQS does."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambdas.source.dead_letters import send
from lambdas.source.events import DeadLetter as Rejected
from lambdas.source.events import Message
from lambdas.source.received import read_records
from tests.workflows.empty_stack import empty_stack
from workflows.operations import dead_letters
from workflows.operations.dead_letters import Redriven, read, redrive
from workflows.operations.sending import portions

if TYPE_CHECKING:
    from lambdas.source.received import Received
    from workflows.stack.target import Target


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


def send_dead_letters(target: Target, *bodies: str, **attributes: str) -> None:
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
    """The messages that are visible in a queue now."""
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


def test_dead_letters_go_back_with_their_body_and_first_time_alone(target: Target) -> None:
    send_dead_letters(
        target, '{"a": 1}', reason="contract-violation", detail="[]", message_id="m1", sent_at="17955153301"
    )
    send_dead_letters(target, "broken", reason="broken-json", message_id="m2", sent_at="17955153301")

    assert redrive(target) == Redriven({"contract-violation": 1, "broken-json": 1}, stay=0)

    back = visible(target, "InboundQueueUrl")
    assert sorted(message["Body"] for message in back) == ["broken", '{"a": 1}']
    for message in back:
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert attributes == {"sent_at": "17955153301"}
    assert bodies(target, "DeadLetterQueueUrl") == []


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b'{"a": "\x0b"}', '{"a": "\uffff"}'.encode()])
def test_a_dead_letter_in_base64_goes_back_as_the_bytes_that_came(target: Target, data: bytes) -> None:
    text = data.decode(errors="surrogateescape")
    letter = Rejected(Message("49590", text, sent=17955153301), "not-text", [])
    assert send(target.client("sqs"), target.output("DeadLetterQueueUrl"), [letter]) == {}
    [dead] = read(target)

    assert redrive(target) == Redriven({"not-text": 1}, stay=0)

    [back] = visible(target, "InboundQueueUrl")
    assert dead.text == received(back).body == text
    assert received(back).sent == 17955153301


def test_bytes_that_fail_again_until_sqs_moves_them_go_back_as_they_came(target: Target) -> None:
    send_dead_letters(target, "/w==", sent_at="1", glueline_encoding="base64", a="b")

    redrive(target)

    [back] = visible(target, "InboundQueueUrl")
    assert received(back).body == "\udcff"
    assert back["MessageAttributes"]["a"]["StringValue"] == "b"


def test_an_attribute_of_a_sender_does_not_change_a_message_that_sqs_moved(target: Target) -> None:
    send_dead_letters(target, "e30=", encoding="base64")

    redrive(target)

    [back] = visible(target, "InboundQueueUrl")
    assert received(back).body == "e30="


def received(message: dict[str, Any]) -> Received:
    """The message as the source reads it."""
    attributes = {
        name: {"stringValue": value["StringValue"]} for name, value in message["MessageAttributes"].items()
    }
    record = {"messageId": "m", "body": message["Body"], "messageAttributes": attributes}
    return read_records([record])[0]


def test_a_note_about_a_message_that_is_too_large_stays_with_what_to_do(target: Target) -> None:
    large = Rejected(Message("49590", "x" * (1024 * 1024 + 1)), "broken-json", [])
    send(target.client("sqs"), target.output("DeadLetterQueueUrl"), [large])
    send_dead_letters(target, "a", reason="broken-json")

    would, did = redrive(target, dry_run=True), redrive(target)

    assert would == did == Redriven({"broken-json": 1}, stay=0, too_large=("49590",))
    assert did.not_sent.startswith("Not sent: 49590. SQS takes 1 MiB")
    assert bodies(target, "InboundQueueUrl") == ["a"]
    [note] = bodies(target, "DeadLetterQueueUrl")
    assert note == "message 49590 has 1048577 bytes, too many for a dead letter"


def test_notes_beyond_the_first_are_counted() -> None:
    assert "a, b, c, d, e and 2 more." in Redriven({}, 0, too_large=tuple("abcdefg")).not_sent
    assert Redriven({}, 0).not_sent == ""


def test_what_named_the_dataset_of_a_message_goes_back_with_it(target: Target) -> None:
    send_dead_letters(target, "rejected", reason="contract-violation", dataset="orders", sent_at="1")
    send_dead_letters(target, "moved by SQS", table="orders")

    redrive(target)

    back = {message["Body"]: message["MessageAttributes"] for message in visible(target, "InboundQueueUrl")}
    assert back["rejected"]["glueline_dataset"]["StringValue"] == "orders"
    assert back["moved by SQS"]["table"]["StringValue"] == "orders"


def test_a_dead_letter_that_sqs_moved_goes_back_with_the_time_at_which_it_was_sent(target: Target) -> None:
    send_dead_letters(target, "a")
    [dead_letter] = read(target)

    redrive(target)

    [message] = visible(target, "InboundQueueUrl")
    assert message["MessageAttributes"]["sent_at"]["StringValue"] == dead_letter.sent_at
    assert int(dead_letter.sent_at) == round(dead_letter.sent.timestamp() * 1000)


def test_dead_letters_of_another_reason_stay_and_are_visible_at_once(target: Target) -> None:
    send_dead_letters(target, *"abcdefghijklm", reason="contract-violation")
    send_dead_letters(target, *"nopqrstuvwxyz", reason="broken-json")

    assert redrive(target, "broken-json") == Redriven({"broken-json": 13}, stay=13)

    assert bodies(target, "InboundQueueUrl") == list("nopqrstuvwxyz")
    assert bodies(target, "DeadLetterQueueUrl") == list("abcdefghijklm")


def test_dead_letters_sent_before_the_time_stay(target: Target) -> None:
    send_dead_letters(target, "old", reason="broken-json")

    assert redrive(target, since=datetime.now(UTC) + timedelta(seconds=5)) == Redriven({}, stay=1)
    assert bodies(target, "DeadLetterQueueUrl") == ["old"]


def test_a_dry_run_counts_and_moves_nothing(target: Target) -> None:
    send_dead_letters(target, "a", "b", reason="broken-json")
    send_dead_letters(target, "c", reason="unknown-dataset")

    redriven = redrive(target, "broken-json", dry_run=True)

    assert redriven == Redriven({"broken-json": 2}, stay=1)
    assert bodies(target, "InboundQueueUrl") == []
    assert bodies(target, "DeadLetterQueueUrl") == ["a", "b", "c"]


def test_a_dead_letter_that_sqs_moved_after_its_retries_has_a_reason_too(target: Target) -> None:
    send_dead_letters(target, "a")

    [dead_letter] = read(target)

    assert (dead_letter.reason, dead_letter.dataset, dead_letter.body) == ("retries-exhausted", "", "a")
    assert dead_letter.message_id == visible(target, "DeadLetterQueueUrl")[0]["MessageId"]


def test_reading_leaves_every_dead_letter_where_it_is(target: Target) -> None:
    send_dead_letters(
        target, *"abcdefghijklmnopqrstuvwxyz", reason="broken-json", message_id="m", dataset="products"
    )

    dead_letters_found = read(target)

    assert Counter(dead_letter.body for dead_letter in dead_letters_found) == Counter(
        "abcdefghijklmnopqrstuvwxyz"
    )
    assert {
        (dead_letter.reason, dead_letter.message_id, dead_letter.dataset)
        for dead_letter in dead_letters_found
    } == {("broken-json", "m", "products")}
    assert len(bodies(target, "DeadLetterQueueUrl")) == 26


def test_a_message_that_is_rejected_again_meanwhile_stays(target: Target) -> None:
    """A source that rejects every message at once, so that it is a dead letter again."""
    send_dead_letters(target, *"abcdefghijkl", reason="broken-json")
    stop = threading.Event()

    def refuse() -> None:
        sqs = target.client("sqs")
        while not stop.is_set():
            for message in visible(target, "InboundQueueUrl"):
                sqs.delete_message(
                    QueueUrl=target.output("InboundQueueUrl"), ReceiptHandle=message["ReceiptHandle"]
                )
                send_dead_letters(target, message["Body"], reason="broken-json")

    source = threading.Thread(target=refuse)
    source.start()
    redriven = redrive(target)
    stop.set()
    source.join()

    assert (redriven.moved, redriven.stay) == ({"broken-json": 12}, 0)
    left = bodies(target, "DeadLetterQueueUrl") + bodies(target, "InboundQueueUrl")
    assert sorted(left) == list("abcdefghijkl")


class Stingy:
    """An SQS that refuses one body."""

    def __init__(self, sqs: Any, refused: str) -> None:
        self.sqs, self.refused = sqs, refused

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
        good = [entry for entry in Entries if entry["MessageBody"] != self.refused]
        failed = [{"Id": entry["Id"], "Code": "Throttled"} for entry in Entries if entry not in good]
        return {**self.sqs.send_message_batch(QueueUrl=QueueUrl, Entries=good), "Failed": failed}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sqs, name)


def test_a_dead_letter_that_the_inbound_queue_does_not_take_is_not_deleted(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_dead_letters(target, "a", "b", "c", reason="broken-json")
    stingy = Stingy(target.client("sqs"), "b")
    with monkeypatch.context() as patch:
        patch.setattr(type(target), "client", lambda self, service: stingy)
        redriven = redrive(target)

    assert redriven == Redriven({"broken-json": 2}, stay=0, unsent=1)
    assert bodies(target, "DeadLetterQueueUrl") == ["b"]
    assert bodies(target, "InboundQueueUrl") == ["a", "c"]


def test_a_break_between_sending_and_deleting_repeats_a_dead_letter_and_loses_none(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_dead_letters(target, "a", reason="broken-json")

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


def test_reading_ends_when_only_new_dead_letters_come() -> None:
    """Reading ends even if new dead letters arrive faster than they are read."""

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


def test_an_empty_answer_is_checked_by_a_second_call(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    send_dead_letters(target, "a", reason="broken-json")

    class Absent(Stingy):
        asked = 0

        def receive_message(self, **parameters: Any) -> dict[str, Any]:
            self.asked += 1
            found: dict[str, Any] = {} if self.asked == 1 else self.sqs.receive_message(**parameters)
            return found

    absent = Absent(target.client("sqs"), "")
    with monkeypatch.context() as patch:
        patch.setattr(type(target), "client", lambda self, service: absent)
        dead_letters_found = read(target)

    assert [dead_letter.body for dead_letter in dead_letters_found] == ["a"]
