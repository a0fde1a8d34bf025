"""Announces objects of the RAW bucket again, by the message that S3 put in the intake queue the first time.

The message has the state of the object (version or etag) and the time of the first event, so that its rows
keep their position.
"""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from expectations.problems import GluelineError
from jobs.intake.queue import announce_backlog

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from jobs.intake.manifest import ManifestFile
    from workflows.stack.target import Target

_AT_ONCE: Final = 8
_PER_CALL: Final = 10


class AnnouncementError(GluelineError):
    """Raised when the intake queue refused some messages; those that it took will be read."""


def announce(target: Target, files: Collection[ManifestFile]) -> None:
    """Put a message about each file in the intake queue, then start the workflow.

    Raises AnnouncementError.
    """
    if not files:
        return
    sqs, queue = target.client("sqs"), target.output("IntakeQueueUrl")

    def send(portion: Iterable[ManifestFile]) -> list[dict[str, Any]]:
        entries = [
            {"Id": str(index), "MessageBody": object_created(file)} for index, file in enumerate(portion)
        ]
        refused: list[dict[str, Any]] = sqs.send_message_batch(QueueUrl=queue, Entries=entries).get(
            "Failed", []
        )
        return refused

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        refused = [
            entry for portion in pool.map(send, batched(files, _PER_CALL, strict=False)) for entry in portion
        ]
    announce_backlog(target.client("events"), target.output("BacklogRule"), len(files))
    if refused:
        raise AnnouncementError(
            f"SQS refused {len(refused)} of {len(files)} messages ({refused[0]['Code']}). Run this again: "
            "a file that is announced twice changes nothing."
        )


def object_created(file: ManifestFile) -> str:
    """The S3 event "Object Created", as EventBridge delivered it when the file landed."""
    state = {"version-id": file.version_id} if file.version_id else {}
    if file.sequencer:
        state["sequencer"] = file.sequencer
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": file.event_time,
        "resources": [f"arn:aws:s3:::{file.bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": file.bucket},
            "object": {"key": file.key, "size": file.size, "etag": file.etag, **state},
            "requester": "glueline",
            "reason": "Replay",
        },
    }
    return json.dumps(event, ensure_ascii=False)
