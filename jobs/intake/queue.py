"""The intake queue: messages about objects that landed in the RAW bucket, from S3 through EventBridge."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, batched
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from jobs.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST_MESSAGES = 10_000  # in one batch; the others make the next one
HIDDEN_SECONDS = 300  # longer than draining takes; a run that dies meanwhile delays its messages by this time
WAIT_SECONDS = 1  # long polling asks all of the queue's servers; a short poll may find a full queue empty
DRAIN_SECONDS = 20  # the queue's own count may be far too high, so the time is bounded as well
_PER_CALL = 10


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the queue and the receipt that deletes it."""

    body: str
    receipt: str

    @property
    def announced_bytes(self) -> int:
        """The size of the object that it announces; 0 if it is no such message, which its manifest says."""
        try:
            return max(0, int(json.loads(self.body)["detail"]["object"]["size"]))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError):
            return 0


def receive_all(
    sqs: "SQSClient",
    queue_url: str,
    most: int = MOST_MESSAGES,
    clock: Callable[[], float] = time.monotonic,
) -> list[Message]:
    """Receive the messages of the queue: hidden, not deleted. `delete` follows when the manifest is written.

    Receives as many messages as the queue has at the start. Under constant traffic a queue is never empty, so
    messages that arrive meanwhile make the next batch. SQS counts approximately, so at least one call is
    made. Ends earlier when the queue is empty, after `most` messages, or after `DRAIN_SECONDS`.
    """
    wanted = min(most, max(1, waiting_messages(sqs, queue_url)))
    receivers = max(1, min(8, wanted // 100))
    share = ceil(wanted / receivers)
    end = clock() + DRAIN_SECONDS

    def has_time() -> bool:
        return clock() < end

    with ThreadPoolExecutor(receivers) as pool:
        parts = pool.map(lambda _: _receive(sqs, queue_url, share, has_time), range(receivers))
        return [message for part in parts for message in part]


def delete(sqs: "SQSClient", queue_url: str, messages: Iterable[Message]) -> None:
    """Delete the messages. A message that SQS keeps is received and read again, which changes nothing."""

    def delete_some(some: tuple[Message, ...]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": message.receipt} for number, message in enumerate(some)
        ]
        sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)  # type: ignore[arg-type]  # plain dicts

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(delete_some, batched(messages, _PER_CALL, strict=False)))


def keep(sqs: "SQSClient", queue_url: str, message: Message, seconds: int) -> None:
    """Leave the message in the queue, hidden for this time: the export it announces is not complete yet."""
    sqs.change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
    )


def within(messages: Sequence[Message], most_bytes: float) -> Sequence[Message]:
    """The first of these messages, one at least, that together announce no more than so many bytes."""
    if most_bytes == inf:
        return messages
    sizes = accumulate(message.announced_bytes for message in messages)
    fitting = sum(1 for size in sizes if size <= most_bytes)
    return messages[: max(1, fitting)]


def put_back(sqs: "SQSClient", queue_url: str, messages: Iterable[Message]) -> None:
    """Show received messages in the queue again, for the next batch. SQS shows them after a while anyway."""
    for some in batched(messages, _PER_CALL, strict=False):
        entries: Any = [
            {"Id": str(number), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
            for number, message in enumerate(some)
        ]
        sqs.change_message_visibility_batch(QueueUrl=queue_url, Entries=entries)


def has_message(sqs: "SQSClient", queue_url: str, seconds: int) -> bool:
    """Whether the queue has a message, or gets one within these seconds. It stays visible."""
    answer = sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=1, WaitTimeSeconds=seconds, VisibilityTimeout=0
    )
    return bool(answer.get("Messages"))


def waiting_messages(sqs: "SQSClient", queue_url: str) -> int:
    """The approximate number of messages that can be received."""
    name = "ApproximateNumberOfMessages"
    found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])  # type: ignore[list-item]
    return int(found["Attributes"][name])  # type: ignore[index]  # keyed by a literal type


def announce_backlog(events: Any, rule: str, number: int) -> None:
    """Start the workflow for waiting work: now, and by the rule every minute until a run begins.

    The event alone is not enough. It may be refused because a run is active, perhaps the caller's own; or it
    may fall into a window of the trigger that is about to close. Its source has the name of the rule, so that
    it starts the workflow of the rule's stack and of no other in the account.
    """
    events.enable_rule(Name=rule)
    detail = json.dumps({"waiting": number})
    entry = {"Source": f"glueline.{rule}", "DetailType": "Intake Backlog", "Detail": detail}
    answer = events.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        log("intake: the backlog event was refused; the rule will start a run", entries=answer["Entries"])


def end_backlog(events: Any, rule: str) -> None:
    """Disable the rule of `announce_backlog`: a run has begun."""
    events.disable_rule(Name=rule)


def _receive(sqs: "SQSClient", queue_url: str, most: int, has_time: Callable[[], bool]) -> list[Message]:
    received: list[Message] = []
    while len(received) < most and has_time():
        answer = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=_PER_CALL,
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
        )
        messages = answer.get("Messages", ())
        if not messages:
            break
        received += [Message(message["Body"], message["ReceiptHandle"]) for message in messages]
    return received
