"""Messages of erased keys: dead letters are deleted, messages of the inbound queue are counted.

A dead letter that is a batch can have events of other keys. They become a dead letter of their own before it
is deleted. If this stops in between, they are there twice, which changes nothing when they are redriven.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jobs.erasure.notes import DeadLettersNote
from lambdas.source.dead_letters import SENT_AT
from lambdas.source.envelopes import events_in
from workflows.operations import dead_letters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from jobs.erasure.keys import ErasedKeys
    from jobs.erasure.requests import Erasures
    from workflows.operations.dead_letters import DeadLetter
    from workflows.stack.target import Target


def dead_letters_of(target: Target, keys: ErasedKeys) -> list[DeadLetter]:
    """The dead letters of the keys, which stay in the queue."""
    return [letter for letter in dead_letters.read(target) if keys.own_message(letter.body)]


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
            owned = [letter for letter in received if keys.own_message(letter.body)]
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
        events = [found.body for found in events_in(letter.body) if found.index is not None]
        others = [event for event in events if not keys.own_message(event)]
        if others:
            names = {"reason": letter.reason, "message_id": letter.message_id, SENT_AT: letter.sent_at}
            attributes = {name: {"DataType": "String", "StringValue": value} for name, value in names.items()}
            sqs.send_message(
                QueueUrl=queue, MessageBody=f"[{','.join(others)}]", MessageAttributes=attributes
            )


def _delete(sqs: Any, queue: str, letters: Collection[DeadLetter]) -> None:
    entries = [{"Id": str(place), "ReceiptHandle": letter.receipt} for place, letter in enumerate(letters)]
    if entries:  # ten at most, as they were received
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
