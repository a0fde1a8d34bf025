"""Messages of erased keys: dead letters are deleted, messages of the inbound queue are counted.

A dead letter that is a batch can have events of other keys. They become a dead letter of their own before it
is deleted. If this stops in between, they are there twice, which changes nothing when they are redriven.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jobs.erasure.notes import DeadLettersNote
from lambdas.exact_json import dumps
from lambdas.source.bodies import ENCODING, body_of
from lambdas.source.capture.captured import Wrong
from lambdas.source.dead_letters import SENT_AT
from lambdas.source.envelopes import Found, events_in
from lambdas.source.mapping import Mappings
from workflows.operations import dead_letters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from jobs.erasure.keys import ErasedKeys
    from jobs.erasure.requests import Erasures
    from lambdas.source.mapping import MessageMapping
    from workflows.operations.dead_letters import DeadLetter
    from workflows.stack.target import Target


def dead_letters_of(target: Target, keys: ErasedKeys) -> list[DeadLetter]:
    """The dead letters of the keys, which stay in the queue."""
    return [letter for letter in dead_letters.read(target) if own_message(keys, letter.text, letter.dataset)]


def own_message(keys: ErasedKeys, body: str, dataset: str = "") -> bool:
    """Whether a message has a row of one of the keys, in whatever form it came.

    `dataset` is that of the dead letter, if it is known. A message that the contract describes is read by it;
    what can't be read so is searched as text.
    """
    mappings = Mappings.of({keys.contract.dataset: keys.contract})
    is_of_another = dataset not in ("", keys.contract.dataset) and "specversion" not in body
    if is_of_another or not mappings.all:
        return not is_of_another and keys.own_message(body)
    (mapping,) = mappings.all
    found = list(events_in(body, None, lambda value, attributes: isinstance(value, dict)))
    claimed = [one.event for one in found if isinstance(one, Found) and mapping.claims(one.event)]
    if not claimed or len(claimed) < len(found):
        return keys.own_message(body) or any(_own_rows(keys, mapping, one, body) for one in claimed)
    return any(_own_rows(keys, mapping, one, body) for one in claimed)


def _own_rows(keys: ErasedKeys, mapping: MessageMapping, event: Any, body: str) -> bool:
    changes = mapping.read(event)
    if isinstance(changes, Wrong) or any(change.failures for change in changes):
        return keys.own_text(body)
    return any(keys.own_line(dumps(change.row)) for change in changes)


def search_messages(target: Target, erasures: Erasures, erasure_id: str, keys: ErasedKeys) -> None:
    """Delete the dead letters of the keys; note how many there were and are.

    The inbound queue cannot be searched: to read a message is to take it from the source. Its messages are
    counted; the Data API refuses those of the keys when they come.
    """
    earlier = erasures.note(erasure_id, DeadLettersNote).removed
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    kept: dict[str, None] = {}  # receipts
    searched = removed = 0
    try:
        for received in dead_letters.receive(sqs, queue, datetime.now(UTC)):
            kept |= dict.fromkeys(letter.receipt for letter in received)
            owned = [letter for letter in received if own_message(keys, letter.text, letter.dataset)]
            searched, removed = searched + len(received), removed + len(owned)
            _keep_others(sqs, queue, owned, keys)
            _delete(sqs, queue, owned)
            for letter in owned:
                del kept[letter.receipt]
    finally:
        dead_letters.put_back(sqs, queue, kept)
    left = len(dead_letters_of(target, keys)) if removed else 0
    note = DeadLettersNote(searched, earlier + removed, left, *_inbound(target))
    erasures.write(erasure_id, note)


def _inbound(target: Target) -> tuple[int, str]:
    """How many messages are in the inbound queue, and when the last of them will have left it (ISO 8601)."""
    counts = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    url, names = target.output("InboundQueueUrl"), [*counts, "MessageRetentionPeriod"]
    found = target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    gone_by = datetime.now(UTC) + timedelta(seconds=int(found["MessageRetentionPeriod"]))
    return sum(int(found.get(name, 0)) for name in counts), gone_by.isoformat()


def _keep_others(sqs: Any, queue: str, letters: Iterable[DeadLetter], keys: ErasedKeys) -> None:
    """Send the events of other keys in batches as dead letters of their own."""
    for letter in letters:
        parts = events_in(letter.text, None, lambda value, attributes: isinstance(value, dict))
        events = [found.body for found in parts if found.index is not None]
        others = [event for event in events if not own_message(keys, event, letter.dataset)]
        if others:
            body, encoding = body_of(f"[{','.join(others)}]")
            names = {"reason": letter.reason, "message_id": letter.message_id, SENT_AT: letter.sent_at}
            attributes = {
                name: {"DataType": "String", "StringValue": value}
                for name, value in {**names, ENCODING: encoding}.items()
                if value
            }
            sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=attributes)


def _delete(sqs: Any, queue: str, letters: Collection[DeadLetter]) -> None:
    entries = [{"Id": str(place), "ReceiptHandle": letter.receipt} for place, letter in enumerate(letters)]
    if entries:  # ten at most, as they were received
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
