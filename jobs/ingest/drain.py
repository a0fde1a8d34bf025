"""Intake queue -> a new batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING

from expectations.contract import Contract
from jobs.intake import queue
from jobs.intake.batches import Batches
from jobs.intake.doors import datasets_of_folders
from jobs.intake.first_events import FirstEvents
from jobs.intake.manifest import Manifest, make_manifest
from jobs.reading.exports import open_exports

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class IntakeQueue:
    """The intake queue, and the run that its messages become a batch of."""

    sqs: "SQSClient"
    url: str
    run_id: str
    most_messages: int = queue.MOST_MESSAGES
    most_bytes: float = inf  # of the objects that the messages announce


def drain(source: IntakeQueue, batches: Batches, contracts: Mapping[str, Contract]) -> Manifest | None:
    """Turn the messages of the queue into a batch named after the run. None if nothing is to be read.

    The message of an export that is not complete stays in the queue. It is hidden for as long as the export
    is old, so that it is not received again and again, and does not count as a backlog. Messages about more
    bytes than a batch may have go back to the queue.
    """
    now, batch_id = datetime.now(UTC), batches.free_id(source.run_id)
    received = queue.receive_all(source.sqs, source.url, source.most_messages)
    messages = queue.within(received, source.most_bytes)
    queue.put_back(source.sqs, source.url, received[len(messages) :])
    folders = datasets_of_folders(contracts, (message.body for message in messages))
    announced = make_manifest(batch_id, now, (message.body for message in messages), folders)
    announced = FirstEvents(batches.s3, batches.bucket).add_to(announced)
    opened = open_exports(batches.s3, announced, now, folders)
    manifest = opened.manifest
    if manifest.files or manifest.refused:
        batches.open(manifest)
    kept = {message: seconds for message in messages if (seconds := opened.waits(message.body, now))}
    for message, seconds in kept.items():
        queue.keep(source.sqs, source.url, message, seconds)
    queue.delete(source.sqs, source.url, (message for message in messages if message not in kept))
    return manifest if manifest.files or manifest.refused else None
