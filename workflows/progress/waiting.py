"""Waits until messages and files are merged.

The state is read from outside: from the queues, the markers of open batches and the receipts in
`lake_ops.batches`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from expectations.problems import GluelineError
from jobs.intake.batches import Batches
from jobs.intake.doors import is_of_table
from workflows.query.dialect.errors import NoSuchTable
from workflows.query.literals import text
from workflows.query.sql import query, rows
from workflows.stack.logs import where_logs_are

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from workflows.stack.target import Target

_NAMES_OF_A_QUERY: Final = 1000  # Athena takes statements of 256 KB


@dataclass(frozen=True, slots=True)
class Pending:
    """What is not merged yet; `waiting` is zero when everything that was sent is merged."""

    inbound: int
    intake: int
    files: int
    batches: int

    @property
    def waiting(self) -> int:
        return self.inbound + self.intake + self.files + self.batches


class WaitTimeout(GluelineError):
    """Raised when nothing has changed for too long; the message names what is still pending."""


def wait(
    target: Target,
    files: Collection[str],
    report: Callable[[Pending], None],
    *,
    until_quiet: bool = True,
    before: Collection[str] = (),
) -> None:
    """Return when the files (`s3://…`) are merged. With `until_quiet`, nothing else may be pending either.

    The condition must hold twice in a row, as a record may be between two places for a moment. `before` are
    batches to ignore: those that read the files before they were announced again. Raises WaitTimeout if what
    is waited for has not changed for `patience_seconds`.
    """
    patience = patience_seconds(target)
    missing = frozenset(files)
    calm, deadline = 0, time.monotonic() + patience
    last: object = None
    while calm < 2:
        pending, missing = count_pending(target, missing, until_quiet=until_quiet, before=before)
        report(pending)
        calm = calm + 1 if (pending.waiting if until_quiet else pending.files) == 0 else 0
        state = pending if until_quiet else missing
        if state != last:
            last, deadline = state, time.monotonic() + patience
        elif time.monotonic() > deadline:
            raise WaitTimeout(
                f"No progress for {patience} s. Still pending: {pending.inbound} messages in the "
                f"inbound queue, {pending.intake} objects in the intake queue, {pending.files} files, "
                f"{pending.batches} open batches. Nothing is lost: see the logs ({where_logs_are(target)}), "
                "fix the cause, then run this again."
            )
        if calm < 2:
            time.sleep(poll_seconds(target))


def count_pending(
    target: Target, files: frozenset[str], *, until_quiet: bool, before: Collection[str] = ()
) -> tuple[Pending, frozenset[str]]:
    """What is pending now, in the direction of the flow, and which of the files are not merged."""
    sqs = target.client("sqs")
    inbound, intake = (_depth(sqs, target.output(name)) for name in ("InboundQueueUrl", "IntakeQueueUrl"))
    opened = open_batches(target)
    is_quiet = inbound + intake + len(opened) == 0
    # Receipts cost a query: with `until_quiet` they are read only once everything else is quiet.
    missing = (
        files - merged_files(target, files, before) if files and (is_quiet or not until_quiet) else files
    )
    return Pending(inbound, intake, len(missing), len(opened)), missing


def merged_files(target: Target, files: Collection[str], before: Collection[str] = ()) -> set[str]:
    """The files that are in a merged batch, ignoring the batches in `before`.

    An export of a table with items of several datasets is read once for each of them. One batch begins with
    all of them, and those that fail go to a batch of their own, which is opened before the first one becomes
    smaller or closes. So such a file is merged for all of its datasets once no open batch has it.
    """
    found = receipts(target, files)
    opened = open_batches(target)  # after the receipts: a batch with a receipt never opens again
    merged = {
        receipt["source_file"]
        for receipt in found
        if opened.isdisjoint(_batch_ids(receipt)) and receipt["batch_id"] not in before
    }
    if shared := {file for file in merged if is_of_table(file.split("/", 3)[3])}:
        merged -= _still_read(target, shared, opened.difference(before))
    return merged


def _still_read(target: Target, files: set[str], opened: Collection[str]) -> set[str]:
    """Those of the files that an open batch has, or may have, as its manifest is not there yet."""
    batches = Batches(target.client("s3"), target.output("LakeBucket"))
    found: set[str] = set()
    for batch_id in opened:
        try:
            manifest = batches.manifest(batch_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return files
        found |= {file.source_file for file in manifest.files}
    return found


def _batch_ids(receipt: dict[str, Any]) -> tuple[str, str]:
    """The batch of a receipt, and the batch that its dataset gets if merging that dataset failed."""
    return receipt["batch_id"], f"{receipt['batch_id']}-{receipt.get('dataset')}"


def receipts(target: Target, files: Collection[str]) -> list[dict[str, Any]]:
    """The rows of `lake_ops.batches` for these files. Raises QueryError.

    Their counts are rows read, accepted and quarantined.
    """
    found = []
    for some in batched(sorted(files), _NAMES_OF_A_QUERY, strict=False):
        names = ", ".join(map(text, some))
        table = f"{target.output('OpsDatabase')}.batches"
        sql = f"select * from {table} where source_file in ({names})"  # noqa: S608 -- quoted by `text`
        try:
            found += rows(query(target, sql))
        except NoSuchTable:  # before the first batch
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
    """How long to wait without a change.

    On AWS a job takes minutes to start, and the steps of a large batch are long.
    """
    return 3600 if target.endpoint_url is None else 240


def poll_seconds(target: Target) -> float:
    """The interval between two looks. On AWS each of them costs a query."""
    return 15.0 if target.endpoint_url is None else 2.0


def _depth(sqs: Any, queue: str) -> int:
    """The number of messages in a queue, including those that are being processed."""
    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(counts))["Attributes"]
    return sum(int(attributes[name]) for name in counts)
