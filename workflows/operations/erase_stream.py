"""The stream's records of the marks of an erasure: they have to land before the RAW bucket is searched."""

from __future__ import annotations

import gzip
import json
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from jobs.erasure.failed_batches import STREAM_RETENTION
from jobs.erasure.notes import BlockNote, StreamNote
from workflows.progress.waiting import NotThroughInTime, patience_seconds, poll_seconds, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobs.erasure.requests import Erasures
    from workflows.stack.target import Target

type Report = Callable[[str], None]

_CLOCK_SKEW: Final = timedelta(minutes=1)


def await_marks(target: Target, erasures: Erasures, erasure_id: str, dataset: str, report: Report) -> None:
    """Return when the stream's records of the keys' marks have landed and are merged.

    They contain the items as they were, and follow all other records of the keys: what landed later would not
    be searched. Raises NotThroughInTime.
    """
    block = erasures.note(erasure_id, BlockNote)
    landed = erasures.note(erasure_id, StreamNote)
    if block.since is None or landed.through == block.marked_at:
        return
    since = datetime.fromisoformat(block.since) - _CLOCK_SKEW
    files = _await_landing(target, dataset, set(block.marked), since, report)
    wait(
        target,
        files,
        lambda stage: report(f"waiting until {stage.files} files of the stream are merged"),
        until_quiet=False,
    )
    erasures.write(erasure_id, StreamNote(block.marked_at))


def _await_landing(
    target: Target, dataset: str, waiting: set[str], since: datetime, report: Report
) -> set[str]:
    """The files with the records of the keys' marks, as soon as all of them have landed."""
    files, searched = set[str](), set[str]()
    patience = patience_seconds(target)
    deadline = time.monotonic() + patience
    while waiting:
        report(f"waiting for the stream's records of {len(waiting)} keys")
        for key in landed_since(target, dataset, since):
            if key not in searched:
                searched.add(key)
                found = marked_in(target, key, since) & waiting
                waiting -= found
                files |= {f"s3://{target.output('RawBucket')}/{key}"} if found else set()
        if waiting and time.monotonic() > deadline:
            raise NotThroughInTime(
                f"After {patience} s the stream's records of {len(waiting)} blocked keys have not landed. "
                "See the forwarder's log, then run this again: it goes on where it stopped."
            )
        if waiting:
            time.sleep(poll_seconds(target) / 2)
    return files


def landed_since(target: Target, dataset: str, since: datetime) -> Iterator[str]:
    """The keys of the dataset's stream objects that were written since then, however old their records."""
    pages = target.client("s3").get_paginator("list_objects_v2")
    first = f"stream/{dataset}/{since - STREAM_RETENTION:%Y/%m/%d/%H}"
    for page in pages.paginate(
        Bucket=target.output("RawBucket"), Prefix=f"stream/{dataset}/", StartAfter=first
    ):
        for found in page.get("Contents", ()):
            if found["LastModified"] >= since:
                yield found["Key"]


def marked_in(target: Target, key: str, since: datetime) -> set[str]:
    """The keys for which the object has a record, made since then, that wrote the mark of an erased key."""
    body = target.client("s3").get_object(Bucket=target.output("RawBucket"), Key=key)["Body"].read()
    found = set[str]()
    for line in gzip.decompress(body).splitlines():
        record = json.loads(line)["dynamodb"]
        at = float(record.get("ApproximateCreationDateTime") or since.timestamp())
        if "_erased" in record.get("NewImage", ()) and at >= int(since.timestamp()):
            found.add(record["Keys"]["_key"]["S"])
    return found
