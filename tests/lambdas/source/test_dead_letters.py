import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.source.dead_letters import (
    MAX_BATCH_BYTES,
    MAX_DEAD_LETTER_BYTES,
    MAX_DETAIL_BYTES,
    alert,
    attributes,
    batches,
    detail_text,
    send,
    size_in_sqs,
)
from lambdas.source.events import DeadLetter, Message
from lambdas.validation import Violation

VIOLATIONS = [Violation("/data/week", "maximum", "99 is greater than 53"), Violation("/data/a", "type", "é")]


def dead_letter(body: str = "{}", violations: list[Violation] = VIOLATIONS, **named: Any) -> DeadLetter:
    message = Message("message-1", body, **{"event_id": "event-1", "dataset": "transactions", **named})
    return DeadLetter(message, "contract-violation", violations)


def test_a_dead_letter_has_its_reason_violations_and_ids() -> None:
    found = attributes(dead_letter())

    assert json.loads(found.pop("detail")) == [violation._asdict() for violation in VIOLATIONS]
    assert found == {
        "reason": "contract-violation",
        "dataset": "transactions",
        "event_id": "event-1",
        "message_id": "message-1",
    }


def test_an_unknown_value_is_not_an_attribute() -> None:
    assert "event_id" not in attributes(dead_letter(event_id=""))
    assert "sent_at" not in attributes(dead_letter())


def test_a_dead_letter_has_the_time_of_the_first_sending() -> None:
    assert attributes(dead_letter(sent=1_795_515_330_183))["sent_at"] == "1795515330183"


def test_a_dead_letter_of_a_batch_has_its_place() -> None:
    assert attributes(dead_letter(index=0))["index"] == "0"
    assert dead_letter(index=7).summary()["index"] == 7


def test_an_id_of_any_characters_is_accepted_by_sqs() -> None:
    assert attributes(dead_letter(event_id="a\x00b\ufffe" + "é" * 1000))["event_id"] == "a�b�" + "é" * 252


@given(
    st.lists(st.builds(Violation, st.text(max_size=9), st.text(max_size=9), st.text(max_size=30))),
    st.integers(0, 999),
)
def test_a_detail_fits_its_room_and_stays_a_list(violations: list[Violation], room: int) -> None:
    text = detail_text(violations, room)

    assert len(text.encode()) <= room
    if text:
        shown = json.loads(text)
        kept = [violation._asdict() for violation in violations]
        assert shown == kept or (shown[:-1] == kept[: len(shown) - 1] and shown[-1]["rule"] == "truncated")


def test_thousands_of_violations_are_truncated_with_a_note() -> None:
    found = attributes(dead_letter(violations=VIOLATIONS * 5000))

    assert MAX_DETAIL_BYTES - 200 < len(found["detail"]) <= MAX_DETAIL_BYTES
    assert (
        json.loads(found["detail"])[-1]
        == Violation("", "truncated", "10000 violations, not all shown")._asdict()
    )


@pytest.mark.parametrize("room", [0, 20, 60, 150, 300, 10_000])
def test_attributes_that_do_not_fit_beside_the_body_are_omitted(room: int) -> None:
    full = dead_letter("x" * (MAX_DEAD_LETTER_BYTES - room))

    assert size_in_sqs(full) <= MAX_DEAD_LETTER_BYTES
    assert ("reason" in attributes(full)) is (room > 20)


@given(st.lists(st.sampled_from([10, 30_000, 200_000, 300_000, 1_000_000]), max_size=40))
def test_dead_letters_are_sent_in_order_in_calls_that_sqs_accepts(sizes: list[int]) -> None:
    dead_letters = [dead_letter("x" * size) for size in sizes]

    found = list(batches(dead_letters))

    assert [one for batch in found for one in batch] == dead_letters
    for batch in found:
        assert 1 <= len(batch) <= 10
        assert len(batch) == 1 or sum(map(size_in_sqs, batch)) <= MAX_BATCH_BYTES


def test_an_alert_has_counts_and_examples_without_values() -> None:
    subject, text = alert([dead_letter()] * 5 + [dead_letter(dataset="", event_id="")])

    assert subject == "Glueline: 6 messages rejected"
    assert "5 contract-violation (transactions)" in text
    assert "1 contract-violation (unknown)" in text
    assert text.count("message message-1, event event-1: contract-violation: /data/week maximum") == 3
    assert "99" not in text


@pytest.mark.parametrize("less", range(0, 90, 3))
def test_a_body_in_base64_has_its_encoding_and_reason_or_is_a_note(less: int) -> None:
    """Of bodies whose Base64 leaves no room, or nearly none, for attributes."""
    sqs = Sent()
    data = "\udcff" * (MAX_DEAD_LETTER_BYTES * 3 // 4 - less)

    assert send(sqs, "queue", [dead_letter(data)]) == {}  # type: ignore[arg-type]

    [entry] = sqs.entries
    attributes = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
    size = len(entry["MessageBody"]) + sum(
        len(name) + len("String") + len(value.encode()) for name, value in attributes.items()
    )
    assert size <= MAX_DEAD_LETTER_BYTES
    assert attributes["reason"] == "contract-violation"
    assert attributes["encoding"] == ("omitted" if entry["MessageBody"].startswith("message") else "base64")


class Sent:
    """An SQS that takes all entries."""

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        self.entries += Entries
        return {}
