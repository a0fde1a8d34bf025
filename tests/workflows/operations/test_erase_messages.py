"""Dead letters of erased keys are deleted; messages that cannot be searched are counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from jobs.erasure.keys import ErasedKeys
from jobs.erasure.notes import DeadLettersNote
from jobs.erasure.requests import Erasures
from lambdas.source.dead_letters import send
from lambdas.source.events import DeadLetter as Rejected
from lambdas.source.events import Message
from tests.jobs.builders import ENTITIES
from tests.lambdas.source.mapped import BY_DEBEZIUM, BY_DMS, BY_RAW, debezium, dms, order
from tests.lambdas.source.test_mapping import RAW_ORDER
from tests.workflows.empty_stack import empty_stack
from workflows.operations import dead_letters
from workflows.operations.erase_messages import own_message, search_messages

if TYPE_CHECKING:
    from workflows.stack.target import Target

SEVEN = ErasedKeys.of(ENTITIES, ["7"])


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


@pytest.fixture
def erasures(target: Target) -> Erasures:
    return Erasures(target.client("s3"), target.output("LakeBucket"))


def test_dead_letters_of_the_keys_are_deleted_and_others_are_visible_at_once(
    target: Target, erasures: Erasures
) -> None:
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    bodies = [json.dumps({"type": "entities.upsert", "data": {"id": number}}) for number in range(30)]
    for body in [*bodies, '{"type": "entities.upsert", "data": {"id": 7, ', "id: 70"]:
        sqs.send_message(QueueUrl=queue, MessageBody=body)

    search_messages(target, erasures, "e1", SEVEN)

    left = {letter.body for letter in dead_letters.read(target)}
    assert left == {*bodies, "id: 70"} - {bodies[7]}
    note = erasures.note("e1", DeadLettersNote)
    assert (note.searched, note.removed, note.found) == (32, 2, 0)
    search_messages(target, erasures, "e1", SEVEN)
    note = erasures.note("e1", DeadLettersNote)
    assert (note.searched, note.removed, note.found) == (30, 2, 0)


def _event(number: int) -> str:
    event = {"specversion": "1.0", "id": f"e{number}", "source": "s", "type": "entities.upsert"}
    return json.dumps(event | {"data": {"id": number, "share": 0.10}})


@pytest.mark.parametrize(
    "wrap", [lambda text: text, lambda text: json.dumps({"Type": "Notification", "Message": text})]
)
def test_events_of_other_keys_in_a_batch_stay(target: Target, erasures: Erasures, wrap: Any) -> None:
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    sqs.send_message(
        QueueUrl=queue,
        MessageBody=wrap(f"[{_event(6)}, {_event(7)}, {_event(8)}]"),
        MessageAttributes={"sent_at": {"DataType": "String", "StringValue": "17955153301"}},
    )
    sqs.send_message(QueueUrl=queue, MessageBody=wrap(f"[{_event(7)}]"))
    [before] = [letter for letter in dead_letters.read(target) if "e6" in letter.body]

    search_messages(target, erasures, "e1", SEVEN)

    [left] = dead_letters.read(target)
    assert left.body == f"[{_event(6)},{_event(8)}]"
    assert (left.reason, left.message_id, left.sent_at) == (before.reason, before.message_id, "17955153301")
    note = erasures.note("e1", DeadLettersNote)
    assert (note.removed, note.found) == (2, 0)


@pytest.mark.parametrize("other", ["\uffff", "\x00", "\udcff"])
def test_dead_letters_in_base64_are_searched_as_the_texts_that_came(
    target: Target, erasures: Erasures, other: str
) -> None:
    """Of those with events of other keys, these stay with the bytes that SQS does not take."""
    texts = [_event(7).replace('"s"', f'"{other}"'), _event(8).replace('"s"', f'"{other}"')]
    texts.append(f"[{', '.join(texts)}]")
    letters = [Rejected(Message(f"m{place}", text), "not-text", []) for place, text in enumerate(texts)]
    send(target.client("sqs"), target.output("DeadLetterQueueUrl"), letters)

    search_messages(target, erasures, "e1", SEVEN)

    left = {(letter.message_id, letter.text) for letter in dead_letters.read(target)}
    assert ("m1", texts[1]) in left
    assert not any('"id": 7' in text for _, text in left)
    if other == "\uffff":  # the others are no JSON, so their events can't be told apart
        assert left == {("m1", texts[1]), ("m2", f"[{texts[1]}]")}


def test_messages_that_cannot_be_searched_are_counted_and_noted_with_the_time_when_they_are_gone(
    target: Target, erasures: Erasures
) -> None:
    sqs, queue = target.client("sqs"), target.output("InboundQueueUrl")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": str(14 * 24 * 3600)})
    for number in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=f"message {number}")
    sqs.receive_message(QueueUrl=queue, VisibilityTimeout=300)

    search_messages(target, erasures, "e1", SEVEN)

    note = erasures.note("e1", DeadLettersNote)
    gone_by = datetime.fromisoformat(str(note.gone_by))
    assert note.inbound == 3
    assert timedelta(days=13) < gone_by - datetime.now(UTC) <= timedelta(days=14)


def _of(number: int) -> dict[str, dict[str, Any]]:
    """Messages of order `number` in each envelope that a contract may describe."""
    return {
        "raw": RAW_ORDER | {"order": {"id": number, "buyer": {"id": 7}}},
        "debezium": debezium("u", before=order(8), after=order(number)),
        "debezium, deleted": {"schema": None, "payload": debezium("d", before=order(number))},
        "dms": dms("update", order(9), {"order_id": number}),
        "sns": {"Type": "Notification", "Message": json.dumps(RAW_ORDER | {"order": {"id": number}})},
    }


@pytest.mark.parametrize("kind", _of(7))
def test_messages_that_a_contract_describes_are_of_the_keys_in_their_places(kind: str) -> None:
    contract = {"debezium": BY_DEBEZIUM, "dms": BY_DMS}.get(kind.partition(",")[0], BY_RAW)
    keys = ErasedKeys.of(contract, ["7"])

    assert own_message(keys, json.dumps(_of(7)[kind]))
    assert not own_message(keys, json.dumps(_of(6)[kind]))
    assert not own_message(keys, json.dumps(_of(7)[kind]), "refunds")


def test_a_described_message_that_cannot_be_read_is_searched_as_text() -> None:
    keys = ErasedKeys.of(BY_DEBEZIUM, ["7"])

    assert own_message(keys, json.dumps(debezium("t") | {"note": {"order_id": 7}}))
    assert own_message(keys, '{"before": {"order_id": 7')
    assert not own_message(keys, json.dumps(debezium("t")))
