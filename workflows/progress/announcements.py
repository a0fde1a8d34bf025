"""Objects of the RAW bucket, announced again by the front door: in the intake queue, as S3 announced them.

With the state (version or etag) and the time of the first event, so that rows keep their place in the order.
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


class NotAnnounced(GluelineError):
    """Raised when the intake queue did not take all messages; what it took is read."""


def announce(target: Target, files: Collection[ManifestFile]) -> None:
    """Tell the intake queue of the files as S3 did, then wake the workflow. Raises NotAnnounced."""
    if not files:
        return
    sqs, queue = target.client("sqs"), target.output("IntakeQueueUrl")

    def send(some: Iterable[ManifestFile]) -> list[dict[str, Any]]:
        entries = [{"Id": str(place), "MessageBody": object_created(file)} for place, file in enumerate(some)]
        refused: list[dict[str, Any]] = sqs.send_message_batch(QueueUrl=queue, Entries=entries).get(
            "Failed", []
        )
        return refused

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        refused = [
            entry for some in pool.map(send, batched(files, _PER_CALL, strict=False)) for entry in some
        ]
    announce_backlog(target.client("events"), target.output("BacklogRule"), len(files))
    if refused:
        raise NotAnnounced(
            f"SQS refused {len(refused)} of {len(files)} messages ({refused[0]['Code']}). Do it once more: "
            "what is announced twice changes nothing."
        )


def object_created(file: ManifestFile) -> str:
    """The event "Object Created" of S3, as EventBridge delivered it when the file landed."""
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
