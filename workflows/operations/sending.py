"""Messages for the inbound queue: read from a file, sent in as few calls as SQS takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from workflows.stack.target import Target

_SENDERS: Final = 8
_PER_CALL: Final = 10
_CALL_BYTES: Final = 256 * 1024  # what SQS takes wherever it is


class NotSent(GluelineError):
    """Raised when messages can't be read or the queue does not take them; the message says which and why."""


def read_messages(file: Path) -> list[str]:
    """The lines of a file that are not blank. Raises NotSent if there is none, or the file is not UTF-8."""
    content = file.read_bytes()
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotSent(
            f"Expected UTF-8 in {file}, got the byte 0x{content[error.start]:02x} in line {line}: "
            "write the file as UTF-8. Nothing was sent."
        ) from error
    lines = text.split("\n")  # splitlines would also break at U+2028, which JSON has inside texts
    messages = [line.removesuffix("\r") for line in lines if line.strip()]
    if not messages:
        raise NotSent(f"Expected a CloudEvent in each line of {file}, got no line. Nothing was sent.")
    return messages


def send(
    target: Target, bodies: Sequence[str], tell: Callable[[int], None] = lambda count: None
) -> list[str]:
    """Put messages on the inbound queue; their SQS ids in the order of the bodies.

    `tell` hears how many more have been sent. Raises NotSent.
    """
    sqs, queue = target.client("sqs"), target.output("InboundQueueUrl")

    def send_some(some: list[str]) -> list[str]:
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(some)]
        answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        if failed := answer.get("Failed"):
            first, why = failed[0], failed[0].get("Message") or failed[0]["Code"]
            raise NotSent(
                f"SQS refused {len(failed)} of {len(some)} messages: {why}. "
                f"The first of them is {some[int(first['Id'])][:80]!r}. Mend it and send them all again: "
                "a message that comes twice changes nothing."
            )
        tell(len(some))
        ids = {entry["Id"]: entry["MessageId"] for entry in answer["Successful"]}
        return [ids[str(place)] for place in range(len(some))]

    with ThreadPoolExecutor(_SENDERS) as pool:
        sent = pool.map(send_some, portions(bodies, lambda body: len(body.encode())))
        return [message_id for ids in sent for message_id in ids]


def portions[T](items: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """The items in portions that one call to SQS takes; `size_of` gives an item's size in bytes."""
    portion: list[T] = []
    size = 0
    for item in items:
        more = size_of(item)
        if portion and (len(portion) == _PER_CALL or size + more > _CALL_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(item)
        size += more
    if portion:
        yield portion
