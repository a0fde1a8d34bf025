"""Sends messages to the inbound queue: reads them from a file, and sends as many in a call as SQS takes."""

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
_CALL_BYTES: Final = 256 * 1024  # the limit of one call in every region


class NotSent(GluelineError):
    """Raised when messages can't be read or the queue refuses them; the message says which and why."""


def read_messages(file: Path) -> list[str]:
    """The lines of a file that are not blank.

    Raises NotSent if there is none, or if the file is not UTF-8.
    """
    content = file.read_bytes()
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotSent(
            f"Expected UTF-8 in {file}, got the byte 0x{content[error.start]:02x} in line {line}: "
            "write the file as UTF-8. Nothing was sent."
        ) from error
    lines = text.split("\n")  # splitlines would also split at U+2028, which may be inside a JSON string
    messages = [line.removesuffix("\r") for line in lines if line.strip()]
    if not messages:
        raise NotSent(f"Expected a CloudEvent in each line of {file}, got no message. Nothing was sent.")
    return messages


def send(
    target: Target, bodies: Sequence[str], report: Callable[[int], None] = lambda count: None
) -> list[str]:
    """Put messages on the inbound queue; their SQS ids, in the order of the bodies.

    `report` is called with the number of messages after each call to SQS. Raises NotSent.
    """
    sqs, queue = target.client("sqs"), target.output("InboundQueueUrl")

    def send_some(some: list[str]) -> list[str]:
        entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(some)]
        answer = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        if failed := answer.get("Failed"):
            first, why = failed[0], failed[0].get("Message") or failed[0]["Code"]
            raise NotSent(
                f"SQS refused {len(failed)} of {len(some)} messages: {why}. "
                f"The first of them is {some[int(first['Id'])][:80]!r}. Correct it and send all messages "
                "again: a message that arrives twice changes nothing."
            )
        report(len(some))
        ids = {entry["Id"]: entry["MessageId"] for entry in answer["Successful"]}
        return [ids[str(index)] for index in range(len(some))]

    with ThreadPoolExecutor(_SENDERS) as pool:
        sent = pool.map(send_some, portions(bodies, lambda body: len(body.encode())))
        return [message_id for ids in sent for message_id in ids]


def portions[T](items: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """The items in portions that fit one call to SQS; `size_of` gives the size of an item in bytes."""
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
