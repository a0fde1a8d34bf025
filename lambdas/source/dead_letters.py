"""What is told of messages that can't be taken: each in the dead-letter queue, all together in one alert.

A dead letter has the body as it was sent, and as attributes the reason, all violations (`detail`, a JSON
list), dataset, event id, message id and when the message was sent first (`sent_at`, in milliseconds since the
epoch), which `glueline redrive` sends along: it may be the time of the change.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.exact_json import dumps
from lambdas.source.messages import DeadLetter
from lambdas.validation import Violation

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SENT_AT = "sent_at"
MAX_DETAIL_BYTES = 8 * 1024
MAX_ENTRIES = 10  # of one SendMessageBatch
MAX_BATCH_BYTES = 256 * 1024  # what SQS takes wherever it is
MAX_LETTER_BYTES = 1024 * 1024  # body and attributes; what SQS takes since August 2025
_MAX_NAME = 256  # characters of an id that someone else chose
_EXAMPLES = 3

type Attributes = dict[str, str]


def send(sqs: "SQSClient", queue_url: str, letters: Sequence[DeadLetter]) -> dict[str, str]:
    """Send the letters; message id -> error of those that SQS did not take and that are not to be lost."""
    unsent: dict[str, str] = {}
    for batch in batches(letters):
        ids = {str(place): letter.message.message_id for place, letter in enumerate(batch)}
        entries: list[Any] = [_entry(place, letter) for place, letter in zip(ids, batch, strict=True)]
        try:
            answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            unsent |= dict.fromkeys(ids.values(), str(error))
        else:
            unsent |= {ids[failed["Id"]]: failed["Code"] for failed in answer.get("Failed", [])}
    return unsent


def batches(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """The letters in portions that one call takes."""
    batch: list[DeadLetter] = []
    size = 0
    for letter in letters:
        grown = size + letter_bytes(letter)
        if batch and (len(batch) == MAX_ENTRIES or grown > MAX_BATCH_BYTES):
            yield batch
            batch, grown = [], letter_bytes(letter)
        batch.append(letter)
        size = grown
    if batch:
        yield batch


def attributes(letter: DeadLetter) -> Attributes:
    """What the letter says of itself. Where the body leaves too little room, the least telling go first."""
    message = letter.message
    names = {
        "reason": letter.reason,
        SENT_AT: "" if message.sent is None else str(message.sent),
        "message_id": message.message_id,
        "event_id": message.event_id,
        "dataset": message.dataset,
    }
    told: Attributes = {}
    room = MAX_LETTER_BYTES - len(message.body.encode())
    for name, value in names.items():
        shown = _printable(value)
        if shown and _bytes({name: shown}) <= room:  # SQS takes no empty attribute
            told[name] = shown
            room -= _bytes({name: shown})
    detail = detail_text(letter.violations, min(MAX_DETAIL_BYTES, room - _bytes({"detail": ""})))
    return told | ({"detail": detail} if detail else {})


def detail_text(violations: Sequence[Violation], room: int) -> str:
    """The violations as a JSON list of at most `room` bytes; its last entry says how many did not fit."""
    texts = [dumps(violation._asdict()) for violation in violations]
    if 1 + sum(len(text) + 1 for text in texts) <= room:
        return f"[{','.join(texts)}]"
    note = dumps(Violation("", "truncated", f"{len(texts)} violations, not all shown")._asdict())
    room -= len(note) + 2
    kept = list(takewhile(lambda end: end <= room, accumulate(len(text) + 1 for text in texts)))
    return f"[{','.join([*texts[: len(kept)], note])}]" if room >= 0 else ""


def alert(letters: Sequence[DeadLetter]) -> tuple[str, str]:
    """Subject and text of the alert: how many of which, and the first few without their values."""
    counts = Counter((letter.reason, letter.message.dataset or "unknown") for letter in letters)
    lines = [
        f"{amount} {reason} ({_printable(dataset)})" for (reason, dataset), amount in counts.most_common(20)
    ]
    examples = [_example(letter) for letter in letters[:_EXAMPLES]]
    text = "\n".join([*lines, "", "For example:", *examples, "", "They are in the dead-letter queue."])
    return f"Glueline: {len(letters)} messages refused", text


def letter_bytes(letter: DeadLetter) -> int:
    """The size of the letter as SQS counts it."""
    return len(letter.message.body.encode()) + _bytes(attributes(letter))


def _entry(place: str, letter: DeadLetter) -> dict[str, Any]:
    return {
        "Id": place,
        "MessageBody": letter.message.body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes(letter).items()
        },
    }


def _example(letter: DeadLetter) -> str:
    rules = ", ".join(violation.summary() for violation in letter.violations[:5])
    event_id = _printable(letter.message.event_id) or "none"
    return f"message {letter.message.message_id}, event {event_id}: {letter.reason}: {_printable(rules)}"


def _printable(text: str) -> str:
    """SQS and SNS refuse control characters, and an id may be anything."""
    return "".join(char if char.isprintable() else "�" for char in text[:_MAX_NAME])


def _bytes(told: Mapping[str, str]) -> int:
    return sum(len(name) + len("String") + len(value.encode()) for name, value in told.items())
