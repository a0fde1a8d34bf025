"""Dead letters in the dead-letter queue, and one alert for all dead letters of a batch.

A dead letter has the body of the message unchanged; of an event of a batch, the text of the event, which is a
message of its own when it is sent again. Its attributes are the reason, all violations (`detail`, a JSON
list), dataset, event id, message id, the place in the batch (`index`, from 0), and when the message was first
sent (`sent_at`, in milliseconds since the epoch). `glueline redrive` keeps `sent_at`, which may be the time
of the change.

Streams have bytes that SQS does not take as text. The body is then their Base64, and the attribute `encoding`
says so (`lambdas.source.bodies`). Of a message that is too large for SQS, the dead letter says which it was.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.exact_json import dumps
from lambdas.source.bodies import ENCODING, OMITTED, body_of, data_of
from lambdas.source.events import DeadLetter
from lambdas.validation import Violation

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SENT_AT = "sent_at"
MAX_DETAIL_BYTES = 8 * 1024
MAX_ENTRIES = 10  # of one SendMessageBatch
MAX_BATCH_BYTES = 256 * 1024  # the limit of SQS in every region
MAX_DEAD_LETTER_BYTES = 1024 * 1024  # body and attributes: the limit of SQS since August 2025
_MAX_NAME = 256  # characters of a sender's id
_EXAMPLES = 3

type Attributes = dict[str, str]


def send(
    sqs: "SQSClient",
    queue_url: str,
    dead_letters: Sequence[DeadLetter],
    is_late: Callable[[], bool] = lambda: False,
) -> dict[str, str]:
    """Send the dead letters; returns message id -> error of those that SQS did not accept.

    After the first call none is made when it is late.
    """
    unsent: dict[str, str] = {}
    for number, batch in enumerate(batches(map(_sendable, dead_letters))):
        if number and is_late():
            unsent |= {one.message.message_id: "no time left in this invocation" for one in batch}
            continue
        ids = {str(place): dead_letter.message.message_id for place, dead_letter in enumerate(batch)}
        entries: list[Any] = [_entry(place, one) for place, one in zip(ids, batch, strict=True)]
        try:
            answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            unsent |= dict.fromkeys(ids.values(), str(error))
        else:
            unsent |= {ids[failed["Id"]]: failed["Code"] for failed in answer.get("Failed", [])}
    return unsent


def batches(dead_letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """The dead letters in portions that one call accepts."""
    batch: list[DeadLetter] = []
    size = 0
    for dead_letter in dead_letters:
        grown = size + size_in_sqs(dead_letter)
        if batch and (len(batch) == MAX_ENTRIES or grown > MAX_BATCH_BYTES):
            yield batch
            batch, grown = [], size_in_sqs(dead_letter)
        batch.append(dead_letter)
        size = grown
    if batch:
        yield batch


def attributes(dead_letter: DeadLetter) -> Attributes:
    """The attributes in SQS. If the body leaves too little room, the least important ones are omitted."""
    message = dead_letter.message
    names = {
        "reason": dead_letter.reason,
        ENCODING: message.encoding,
        SENT_AT: "" if message.sent is None else str(message.sent),
        "message_id": message.message_id,
        "event_id": message.event_id,
        "dataset": message.dataset,
        "index": "" if message.index is None else str(message.index),
    }
    found: Attributes = {}
    room = MAX_DEAD_LETTER_BYTES - len(message.body.encode())
    for name, value in names.items():
        shown = _printable(value)
        if shown and _bytes({name: shown}) <= room:  # SQS does not accept an empty attribute
            found[name] = shown
            room -= _bytes({name: shown})
    detail = detail_text(dead_letter.violations, min(MAX_DETAIL_BYTES, room - _bytes({"detail": ""})))
    return found | ({"detail": detail} if detail else {})


def detail_text(violations: Sequence[Violation], room: int) -> str:
    """The violations as a JSON list of at most `room` bytes. If some are missing, its last entry says so."""
    texts = [dumps(violation._asdict()) for violation in violations]
    if 1 + sum(len(text) + 1 for text in texts) <= room:
        return f"[{','.join(texts)}]"
    note = dumps(Violation("", "truncated", f"{len(texts)} violations, not all shown")._asdict())
    room -= len(note) + 2
    kept = list(takewhile(lambda end: end <= room, accumulate(len(text) + 1 for text in texts)))
    return f"[{','.join([*texts[: len(kept)], note])}]" if room >= 0 else ""


def alert(dead_letters: Sequence[DeadLetter]) -> tuple[str, str]:
    """Subject and text of the alert: counts by reason and dataset, and some examples without values."""
    counts = Counter((one.reason, one.message.dataset or "unknown") for one in dead_letters)
    lines = [
        f"{amount} {reason} ({_printable(dataset)})" for (reason, dataset), amount in counts.most_common(20)
    ]
    examples = [_example(one) for one in dead_letters[:_EXAMPLES]]
    text = "\n".join([*lines, "", "For example:", *examples, "", "They are in the dead-letter queue."])
    return f"Glueline: {len(dead_letters)} messages rejected", text


def size_in_sqs(dead_letter: DeadLetter) -> int:
    """The bytes of the dead letter as SQS counts them."""
    return len(dead_letter.message.body.encode()) + _bytes(attributes(dead_letter))


def _sendable(dead_letter: DeadLetter) -> DeadLetter:
    """The dead letter with a body that SQS takes."""
    message = dead_letter.message
    body, encoding = body_of(message.body)
    # Without its encoding nobody could tell the body from a text, and without a reason not whose it is.
    labels = _bytes({"reason": dead_letter.reason, ENCODING: encoding}) if encoding else 0
    if len(body.encode()) + labels > MAX_DEAD_LETTER_BYTES:
        size = len(data_of(message.body))
        body = f"message {message.message_id} has {size} bytes, too many for a dead letter"
        encoding = OMITTED
    message = replace(message, body=body, encoding=encoding)
    return replace(dead_letter, message=message)


def _entry(place: str, dead_letter: DeadLetter) -> dict[str, Any]:
    return {
        "Id": place,
        "MessageBody": dead_letter.message.body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in attributes(dead_letter).items()
        },
    }


def _example(dead_letter: DeadLetter) -> str:
    message = dead_letter.message
    rules = ", ".join(violation.summary() for violation in dead_letter.violations[:5])
    event_id = _printable(message.event_id) or "none"
    place = "" if message.index is None else f" [{message.index}]"
    return f"message {message.message_id}{place}, event {event_id}: {dead_letter.reason}: {_printable(rules)}"


def _printable(text: str) -> str:
    """The text without control characters, which ids may contain, but SQS and SNS do not accept."""
    return "".join(char if char.isprintable() else "�" for char in text[:_MAX_NAME])


def _bytes(given: Mapping[str, str]) -> int:
    return sum(len(name) + len("String") + len(value.encode()) for name, value in given.items())
