"""Waiting until what was sent or landed is merged, seen from outside: queues, open batches, receipts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from expectations.problems import GluelineError
from workflows.query.errors import QueryError
from workflows.query.literals import text
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from workflows.stack.target import Target

_NAMES_OF_A_QUERY: Final = 1000  # Athena takes statements of 256 KB


@dataclass(frozen=True, slots=True)
class Stage:
    """What still waits where; `waiting` is zero when all that was sent has been merged."""

    inbound: int
    intake: int
    files: int
    batches: int

    @property
    def waiting(self) -> int:
        return self.inbound + self.intake + self.files + self.batches


class NotThroughInTime(GluelineError):
    """Raised when what was sent has not been merged within the patience; names what still waits."""


def wait(
    target: Target,
    files: Collection[str],
    tell: Callable[[Stage], None],
    *,
    until_quiet: bool = True,
    before: Collection[str] = (),
) -> None:
    """Return when the files (`s3://…`) are merged and, `until_quiet`, when nothing else waits either.

    Twice in a row: a record may be between two places for a moment. `before` are batches that don't count:
    those that read the files before they were announced once more. Raises NotThroughInTime if what is waited
    for has not changed for `patience_seconds`.
    """
    patience = patience_seconds(target)
    missing = frozenset(files)
    calm, deadline = 0, time.monotonic() + patience
    last: object = None
    while calm < 2:
        stage, missing = look(target, missing, until_quiet=until_quiet, before=before)
        tell(stage)
        calm = calm + 1 if (stage.waiting if until_quiet else stage.files) == 0 else 0
        state = stage if until_quiet else missing
        if state != last:
            last, deadline = state, time.monotonic() + patience
        elif time.monotonic() > deadline:
            raise NotThroughInTime(
                f"Nothing has moved for {patience} s; still waiting: {stage.inbound} messages in the "
                f"inbound queue, {stage.intake} objects in the intake queue, {stage.files} files, "
                f"{stage.batches} open batches. What waits is kept: see the logs (glueline status names "
                "them), repair, run again."
            )
        if calm < 2:
            time.sleep(poll_seconds(target))


def look(
    target: Target, files: frozenset[str], *, until_quiet: bool, before: Collection[str] = ()
) -> tuple[Stage, frozenset[str]]:
    """What waits now, stage by stage in the direction of the flow, and which of the files."""
    sqs = target.client("sqs")
    inbound, intake = (_depth(sqs, target.output(name)) for name in ("InboundQueueUrl", "IntakeQueueUrl"))
    opened = open_batches(target)
    is_quiet = inbound + intake + len(opened) == 0
    # Receipts cost a query: if all has to be quiet, only then.
    missing = files - merged(target, files, before) if files and (is_quiet or not until_quiet) else files
    return Stage(inbound, intake, len(missing), len(opened)), missing


def merged(target: Target, files: Collection[str], before: Collection[str] = ()) -> set[str]:
    """Those of the files that are in a batch which is merged, leaving out the batches before."""
    found = receipts(target, files)
    opened = open_batches(target)  # after the receipts: a batch with a receipt never opens again
    return {
        receipt["source_file"]
        for receipt in found
        if opened.isdisjoint(_goes_by(receipt)) and receipt["batch_id"] not in before
    }


def _goes_by(receipt: dict[str, Any]) -> tuple[str, str]:
    """The batch of a receipt, and the one that its dataset has if that failed to be merged."""
    return receipt["batch_id"], f"{receipt['batch_id']}-{receipt.get('dataset')}"


def receipts(target: Target, files: Collection[str]) -> list[dict[str, Any]]:
    """The lines of `lake_ops.batches` for these files: rows read, accepted, quarantined."""
    found = []
    for some in batched(sorted(files), _NAMES_OF_A_QUERY, strict=False):
        names = ", ".join(map(text, some))
        sql = f"select * from lake_ops.batches where source_file in ({names})"  # noqa: S608 -- quoted by `text`
        try:
            found += rows(query(target, sql))
        except QueryError:  # no batch has been checked yet, so the table isn't there
            return []
    return found


def open_batches(target: Target) -> set[str]:
    """The ids of the batches that have begun and are not merged."""
    pages = target.client("s3").get_paginator("list_objects_v2")
    markers = (
        marker["Key"]
        for page in pages.paginate(Bucket=target.output("LakeBucket"), Prefix="open/")
        for marker in page.get("Contents", ())
    )
    return {marker.removeprefix("open/") for marker in markers}


def patience_seconds(target: Target) -> int:
    """How long nothing may move. On AWS a job takes minutes to start, and a large batch has long steps."""
    return 3600 if target.endpoint_url is None else 240


def poll_seconds(target: Target) -> float:
    """How long to wait between two looks. On AWS each of them is a query."""
    return 15.0 if target.endpoint_url is None else 2.0


def _depth(sqs: Any, queue: str) -> int:
    """Messages of a queue, those being worked on included."""
    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(counts))["Attributes"]
    return sum(int(attributes[name]) for name in counts)
