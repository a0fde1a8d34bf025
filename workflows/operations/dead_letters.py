"""The dead-letter queue: what the source refused, with its reasons, and the way back.

A letter goes back by being sent to the inbound queue first and deleted here after. If that breaks off in
between, the message is there twice, which changes nothing: versions order what it says. It is never gone.
When it was sent first goes along, since that is when a message without a time of its own happened.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from lambdas.source.dead_letters import SENT_AT
from workflows.operations.sending import portions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflows.stack.target import Target

RETRIES_EXHAUSTED: Final = "retries-exhausted"  # SQS moved it here after five receipts, without a word
HOLD_SECONDS: Final = 300  # what is looked at is hidden from others this long, if it is not put back before
WAIT_SECONDS: Final = 1  # asks all of the queue's servers; without it "empty" can be untrue
_PER_CALL: Final = 10
_IDLE_CALLS: Final = 2
_ATTRIBUTE_BYTES: Final = len(SENT_AT) + len("String") + 14


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was refused. `message_id` is the one it had in the inbound queue.

    `sent` is when it came here, `sent_at` when it was sent first, in milliseconds since the epoch as text.
    """

    message_id: str
    reason: str
    dataset: str
    sent: datetime
    body: str
    receipt: str
    sent_at: str


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many letters went back (or would, if nothing was moved), by reason, and how many stay."""

    moved: dict[str, int]
    stay: int
    came: int = 0  # meanwhile: new, or refused again; they stay as well
    unsent: int = 0  # the inbound queue did not take them, so they stay


def redrive(
    target: Target, reason: str | None = None, since: datetime | None = None, *, dry_run: bool = False
) -> Redriven:
    """Send the letters of that reason, or all, that were sent since then back to the inbound queue.

    Letters that arrive meanwhile stay: what is refused again is not sent round for ever.
    """
    sqs, queue, started = target.client("sqs"), target.output("DeadLetterQueueUrl"), datetime.now(UTC)
    moved, stay, came, unsent = Counter[str](), 0, 0, 0
    kept: dict[str, None] = {}  # receipts
    try:
        for letters in receive(sqs, queue, started):
            kept |= dict.fromkeys(letter.receipt for letter in letters)
            old = [letter for letter in letters if letter.sent < started]
            chosen = [
                letter
                for letter in old
                if reason in (None, letter.reason) and (since is None or since <= letter.sent)
            ]
            gone = chosen if dry_run else send_back(sqs, target, chosen)
            for letter in () if dry_run else gone:
                del kept[letter.receipt]
            moved.update(letter.reason for letter in gone)
            stay += len(old) - len(chosen)
            came += len(letters) - len(old)
            unsent += len(chosen) - len(gone)
    finally:
        put_back(sqs, queue, kept)
    return Redriven(dict(moved), stay, came, unsent)


def read(target: Target) -> list[Letter]:
    """Every letter, left where it is."""
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    found: list[Letter] = []
    try:
        for letters in receive(sqs, queue, datetime.now(UTC)):
            found += letters
    finally:
        put_back(sqs, queue, (letter.receipt for letter in found))
    return found


def receive(sqs: Any, queue: str, before: datetime) -> Iterator[list[Letter]]:
    """The letters of the queue, each once and then hidden; ends when those sent before then are all out.

    A queue has no order, may be filled meanwhile, and may once give nothing though it has something: the end
    is two calls in a row that bring no such letter.
    """
    seen: set[str] = set()
    idle = 0
    while idle < _IDLE_CALLS:
        messages = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=_PER_CALL,
            VisibilityTimeout=HOLD_SECONDS,
            WaitTimeSeconds=WAIT_SECONDS,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        letters = [_letter(message) for message in messages if message["MessageId"] not in seen]
        seen.update(message["MessageId"] for message in messages)
        idle = 0 if any(letter.sent < before for letter in letters) else idle + 1
        if letters:
            yield letters


def put_back(sqs: Any, queue: str, receipts: Iterable[str]) -> None:
    """Let others see the letters again at once."""
    for some in batched(receipts, _PER_CALL, strict=False):
        entries = [
            {"Id": str(place), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for place, receipt in enumerate(some)
        ]
        sqs.change_message_visibility_batch(QueueUrl=queue, Entries=entries)


def send_back(sqs: Any, target: Target, letters: Sequence[Letter]) -> list[Letter]:
    """Send the bodies to the inbound queue, then delete what it took; the letters it took."""
    sent: list[Letter] = []
    for some in portions(letters, _bytes):
        entries = [
            {
                "Id": str(place),
                "MessageBody": letter.body,
                "MessageAttributes": {SENT_AT: {"DataType": "String", "StringValue": letter.sent_at}},
            }
            for place, letter in enumerate(some)
        ]
        answer = sqs.send_message_batch(QueueUrl=target.output("InboundQueueUrl"), Entries=entries)
        taken = [some[int(entry["Id"])] for entry in answer.get("Successful", ())]
        receipts = [{"Id": str(place), "ReceiptHandle": letter.receipt} for place, letter in enumerate(taken)]
        if receipts:
            sqs.delete_message_batch(QueueUrl=target.output("DeadLetterQueueUrl"), Entries=receipts)
        sent += taken
    return sent


def _bytes(letter: Letter) -> int:
    """The size of the letter as a message, by which SQS limits a call."""
    return len(letter.body.encode()) + _ATTRIBUTE_BYTES


def _letter(message: dict[str, Any]) -> Letter:
    said = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
    return Letter(
        said.get("message_id", message["MessageId"]),
        said.get("reason", RETRIES_EXHAUSTED),
        said.get("dataset", ""),
        datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
        message["Body"],
        message["ReceiptHandle"],
        # What SQS moved here itself kept the time at which it was sent.
        said.get(SENT_AT, message["Attributes"]["SentTimestamp"]),
    )
