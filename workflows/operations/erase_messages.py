"""Messages of erased keys: dead letters are deleted, messages of the inbound queue are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jobs.erasure.notes import DeadLettersNote
from workflows.operations import dead_letters

if TYPE_CHECKING:
    from collections.abc import Collection

    from jobs.erasure.keys import ErasedKeys
    from jobs.erasure.requests import Erasures
    from workflows.operations.dead_letters import Letter
    from workflows.stack.target import Target


def dead_letters_of(target: Target, keys: ErasedKeys) -> list[Letter]:
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


def _delete(sqs: Any, queue: str, letters: Collection[Letter]) -> None:
    entries = [{"Id": str(place), "ReceiptHandle": letter.receipt} for place, letter in enumerate(letters)]
    if entries:  # ten at most, as they were received
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
