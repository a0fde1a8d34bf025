"""The dead-letter queue: messages that were rejected, with their reasons, and how they are sent again.

A dead letter is first sent to the inbound queue and then deleted here. If this stops in between, the message
exists twice, which changes nothing, as its version orders it; it is never lost. The time at which it was
first sent goes along, because a message without a time of its own gets that time. So does its dataset, which
its queue or its attributes may have named, and the encoding of a body in Base64, so that its bytes arrive as
they first came.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched, chain, islice
from typing import TYPE_CHECKING, Any, Final

from lambdas.source.bodies import ENCODING, OMITTED, SENT_ENCODING, text_of
from lambdas.source.dead_letters import SENT_AT
from lambdas.source.mapping import DATASET
from workflows.operations.sending import portions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from workflows.stack.target import Target

RETRIES_EXHAUSTED: Final = "retries-exhausted"  # SQS itself moved it here, after five receipts
HOLD_SECONDS: Final = (
    300  # received messages are hidden from others this long, unless they are put back earlier
)
WAIT_SECONDS: Final = 1  # asks all servers of the queue; otherwise an empty answer may be wrong
_PER_CALL: Final = 10
_MOST_ATTRIBUTES: Final = 10  # of a message in SQS
_IDLE_CALLS: Final = 2
_MOST_NAMED: Final = 5
_ATTRIBUTE_BYTES: Final = sum(len(name) + len("String") for name in (SENT_AT, DATASET, SENT_ENCODING)) + 14

TOO_LARGE: Final = (
    "SQS takes 1 MiB, so only a note is here, and redrive can't send the message. Its producer has to send "
    "it again, corrected, to the stream or topic that it came by, which has it for as long as it keeps "
    "records. The note leaves the queue after 14 days"
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in the dead-letter queue. `message_id` is its id in the inbound queue.

    `sent` is when it came to the dead-letter queue; `sent_at` is when it was first sent, in milliseconds
    since the epoch, as text. `attributes` are those that its sender gave it, if SQS itself moved it here.
    `encoding` is that of its body (`lambdas.source.bodies`), empty for text.
    """

    message_id: str
    reason: str
    dataset: str
    sent: datetime
    body: str
    receipt: str
    sent_at: str
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    encoding: str = ""

    @property
    def text(self) -> str:
        """The text of the message, with surrogates for bytes that are not UTF-8."""
        return text_of(self.body, self.encoding)

    @property
    def is_too_large(self) -> bool:
        """Whether it is a note about a message that SQS does not take."""
        return self.encoding == OMITTED


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many dead letters were sent back (or would be, in a dry run), by reason, and how many stay.

    `too_large` are the ids of messages of which only a note is here.
    """

    moved: dict[str, int]
    stay: int
    came: int = 0  # meanwhile: new, or rejected again; they stay as well
    unsent: int = 0  # not taken by the inbound queue, so they stay
    too_large: tuple[str, ...] = ()  # so they stay

    @property
    def not_sent(self) -> str:
        """Which messages can't be sent, why, and what to do; empty if there are none."""
        if not self.too_large:
            return ""
        more = (
            "" if len(self.too_large) <= _MOST_NAMED else f" and {len(self.too_large) - _MOST_NAMED:,} more"
        )
        return f"Not sent: {', '.join(self.too_large[:_MOST_NAMED])}{more}. {TOO_LARGE}."


def redrive(
    target: Target,
    reason: str | None = None,
    since: datetime | None = None,
    report: Callable[[int], None] = lambda left: None,
    *,
    dry_run: bool = False,
) -> Redriven:
    """Send dead letters back to the inbound queue: all, or those of a reason, or that came since a time.

    Dead letters that arrive meanwhile stay, so that a message that is rejected again is not sent in a circle.
    `report` is called with the number that is left to read, by SQS's estimate of the queue's length.
    """
    sqs, queue, started = target.client("sqs"), target.output("DeadLetterQueueUrl"), datetime.now(UTC)
    moved, stay, came, unsent = Counter[str](), 0, 0, 0
    too_large: list[str] = []
    left = _length(sqs, queue)
    kept: dict[str, None] = {}  # receipts
    try:
        report(left)
        for dead_letters in receive(sqs, queue, started):
            left = max(0, left - len(dead_letters))
            report(left)
            kept |= dict.fromkeys(dead_letter.receipt for dead_letter in dead_letters)
            old = [dead_letter for dead_letter in dead_letters if dead_letter.sent < started]
            chosen = [
                dead_letter
                for dead_letter in old
                if reason in (None, dead_letter.reason) and (since is None or since <= dead_letter.sent)
            ]
            whole = [dead_letter for dead_letter in chosen if not dead_letter.is_too_large]
            gone = whole if dry_run else send_back(sqs, target, whole)
            for dead_letter in () if dry_run else gone:
                del kept[dead_letter.receipt]
            moved.update(dead_letter.reason for dead_letter in gone)
            stay += len(old) - len(chosen)
            came += len(dead_letters) - len(old)
            unsent += len(whole) - len(gone)
            too_large += [dead_letter.message_id for dead_letter in chosen if dead_letter.is_too_large]
    finally:
        put_back(sqs, queue, kept)
    return Redriven(dict(moved), stay, came, unsent, tuple(sorted(too_large)))


def _length(sqs: Any, queue: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])


def read(target: Target) -> list[DeadLetter]:
    """All dead letters, which stay in the queue."""
    sqs, queue = target.client("sqs"), target.output("DeadLetterQueueUrl")
    found: list[DeadLetter] = []
    try:
        for dead_letters in receive(sqs, queue, datetime.now(UTC)):
            found += dead_letters
    finally:
        put_back(sqs, queue, (dead_letter.receipt for dead_letter in found))
    return found


def receive(sqs: Any, queue: str, before: datetime) -> Iterator[list[DeadLetter]]:
    """The dead letters of the queue, each once and then hidden.

    Ends when all that came before `before` are read.

    A queue has no order, may grow meanwhile, and may once return nothing although it is not empty. So the end
    is two calls in a row that return no such dead letter.
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
        dead_letters = [_read_message(message) for message in messages if message["MessageId"] not in seen]
        seen.update(message["MessageId"] for message in messages)
        idle = 0 if any(dead_letter.sent < before for dead_letter in dead_letters) else idle + 1
        if dead_letters:
            yield dead_letters


def put_back(sqs: Any, queue: str, receipts: Iterable[str]) -> None:
    """Make the dead letters visible to others again at once."""
    for portion in batched(receipts, _PER_CALL, strict=False):
        entries = [
            {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for index, receipt in enumerate(portion)
        ]
        sqs.change_message_visibility_batch(QueueUrl=queue, Entries=entries)


def send_back(sqs: Any, target: Target, dead_letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Send messages to the inbound queue, then delete those that it took; the ones that it took."""
    sent: list[DeadLetter] = []
    for portion in portions(dead_letters, _bytes):
        entries = [
            {
                "Id": str(index),
                "MessageBody": dead_letter.body,
                "MessageAttributes": _attributes(dead_letter),
            }
            for index, dead_letter in enumerate(portion)
        ]
        answer = sqs.send_message_batch(QueueUrl=target.output("InboundQueueUrl"), Entries=entries)
        taken = [portion[int(entry["Id"])] for entry in answer.get("Successful", ())]
        receipts = [
            {"Id": str(index), "ReceiptHandle": dead_letter.receipt}
            for index, dead_letter in enumerate(taken)
        ]
        if receipts:
            sqs.delete_message_batch(QueueUrl=target.output("DeadLetterQueueUrl"), Entries=receipts)
        sent += taken
    return sent


def _attributes(dead_letter: DeadLetter) -> dict[str, Any]:
    own = {
        SENT_AT: dead_letter.sent_at,
        DATASET: dead_letter.dataset,
        SENT_ENCODING: dead_letter.encoding,
    }
    own = {name: value for name, value in own.items() if value}
    senders = islice(dead_letter.attributes.items(), _MOST_ATTRIBUTES - len(own))
    given = {**dict(senders), **own}
    return {name: {"DataType": "String", "StringValue": value} for name, value in given.items() if value}


def _bytes(dead_letter: DeadLetter) -> int:
    """The size of the dead letter as a message, by which SQS limits a call."""
    own = (dead_letter.body, dead_letter.dataset, dead_letter.encoding)
    texts = (*own, *chain.from_iterable(dead_letter.attributes.items()))
    types = len("String") * len(dead_letter.attributes)
    return sum(len(text.encode()) for text in texts) + types + _ATTRIBUTE_BYTES


def _read_message(message: dict[str, Any]) -> DeadLetter:
    given = message.get("MessageAttributes", {})
    attributes = {name: value["StringValue"] for name, value in given.items() if value.get("StringValue")}
    return DeadLetter(
        attributes.get("message_id", message["MessageId"]),
        attributes.get("reason", RETRIES_EXHAUSTED),
        attributes.get("dataset", ""),
        datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
        message["Body"],
        message["ReceiptHandle"],
        # A message that SQS moved here itself has kept the time at which it was sent.
        attributes.get(SENT_AT, message["Attributes"]["SentTimestamp"]),
        {} if "reason" in attributes else {**attributes},
        attributes.get(ENCODING if "reason" in attributes else SENT_ENCODING, ""),
    )
