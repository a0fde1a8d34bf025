"""The intake queue: the list of what landed in the RAW bucket, told by S3 through EventBridge."""

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from math import ceil
from typing import TYPE_CHECKING, Any

from jobs.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST_MESSAGES = 10_000  # of one batch; the rest makes the next one
HIDDEN_SECONDS = 300  # longer than draining takes; a run that dies in between delays its messages by this
WAIT_SECONDS = 1  # asks all of the queue's servers; without it "empty" can be untrue
DRAIN_SECONDS = 20  # the count of what waits may be far too high: the batch has to begin at last
_PER_CALL = 10


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the queue and the receipt that deletes it."""

    body: str
    receipt: str


def receive_all(sqs: "SQSClient", queue_url: str, most: int = MOST_MESSAGES) -> list[Message]:
    """The messages that wait, hidden but not deleted: that is for when the manifest is written.

    As many as wait when it begins: a queue that is written to all the time would not be empty for long, and
    what comes meanwhile makes the next batch. SQS counts only about, so at least one call asks. Ends before
    that when the queue is empty, after so many messages as a batch has at most, or after `DRAIN_SECONDS`.
    """
    wanted = min(most, max(1, waiting(sqs, queue_url)))
    receivers = max(1, min(8, wanted // 100))
    share = ceil(wanted / receivers)
    until = time.monotonic() + DRAIN_SECONDS
    with ThreadPoolExecutor(receivers) as pool:
        parts = pool.map(lambda _: _receive(sqs, queue_url, share, until), range(receivers))
        return [message for part in parts for message in part]


def delete(sqs: "SQSClient", queue_url: str, messages: Iterable[Message]) -> None:
    """Delete the messages. One that SQS keeps comes again and is read again, which changes nothing."""

    def delete_some(some: tuple[Message, ...]) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": message.receipt} for number, message in enumerate(some)
        ]
        sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)  # type: ignore[arg-type]  # plain dicts

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(delete_some, batched(messages, _PER_CALL, strict=False)))


def keep(sqs: "SQSClient", queue_url: str, message: Message, seconds: int) -> None:
    """Leave the message in the queue, hidden for so long: what it announces is not all there yet."""
    sqs.change_message_visibility(
        QueueUrl=queue_url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
    )


def waiting(sqs: "SQSClient", queue_url: str) -> int:
    """About how many messages wait."""
    name = "ApproximateNumberOfMessages"
    found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])  # type: ignore[list-item]
    return int(found["Attributes"][name])  # type: ignore[index]  # keyed by a literal type


def announce_backlog(events: Any, rule: str, number: int) -> None:
    """Start the workflow for what waits: now, and by the rule every minute until a run has begun.

    The event alone may be refused, since a run still goes on, be it the announcer's own; a window of the
    trigger that is about to close takes it along.
    """
    events.enable_rule(Name=rule)
    detail = json.dumps({"waiting": number})
    entry = {"Source": "glueline", "DetailType": "Intake Backlog", "Detail": detail}
    answer = events.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        log("intake: the backlog event was refused; the rule starts what waits", entries=answer["Entries"])


def backlog_heard(events: Any, rule: str) -> None:
    """A run has begun: let the rule be still."""
    events.disable_rule(Name=rule)


def _receive(sqs: "SQSClient", queue_url: str, most: int, until: float) -> list[Message]:
    received: list[Message] = []
    while len(received) < most and time.monotonic() < until:
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
