"""Batches that are not merged: lists them, shows why they fail, retries them or sets them aside.

The state of a batch is in objects of the lake bucket (`jobs.intake.batches`); no table is read here. The next
run of ingest, which is started for it, carries out what was requested.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from expectations.problems import GluelineError
from jobs.intake.attempts import Attempts
from jobs.intake.batches import CHECKED, MANIFEST, MERGED, Batches
from jobs.intake.queue import announce_backlog
from jobs.intake.results import MergedBatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.intake.manifest import Manifest
    from workflows.stack.target import Target

type State = Literal["open", "failing", "set aside"]


class NoSuchBatch(GluelineError):
    """Raised when a batch does not exist, or is in a state in which the action is not possible."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that is not merged."""

    batch_id: str
    state: State
    waits_for: Literal["check", "merge", "retry"]
    datasets: tuple[str, ...]
    files: int
    begun: str | None  # ISO 8601, UTC
    failures: int = 0
    failures_of_aws: int = 0
    since: str | None = None  # the first failure, or when it was set aside
    error: str | None = None


@dataclass(frozen=True, slots=True)
class BatchDetails:
    """A batch with its files."""

    batch: Batch
    files: tuple[dict[str, Any], ...]
    origins: tuple[str, ...]


def unmerged(target: Target, report: Callable[[int], None] = lambda left: None) -> list[Batch]:
    """All batches that are open or set aside; those that are set aside come first.

    `report` is called before each batch, with the number that is left to read.
    """
    batches = _batches(target)
    aside, begun = batches.aside(), batches.begun()
    failing = set(batches.failing()) if begun else set()
    found: list[Batch] = []
    for batch_id in (*aside, *begun):
        report(len(aside) + len(begun) - len(found))
        is_aside = len(found) < len(aside)
        found.append(_aside(batches, batch_id) if is_aside else _open(batches, batch_id, failing))
    return found


def show(target: Target, batch_id: str, report: Callable[[int], None] = lambda left: None) -> BatchDetails:
    """One batch. Raises NoSuchBatch if it is merged or unknown. `report` is that of `unmerged`."""
    batches = _batches(target)
    found = {one.batch_id: one for one in unmerged(target, report)}
    if batch_id not in found:
        raise NoSuchBatch(_unknown(batches, batch_id))
    manifest = _manifest(batches, batch_id)
    files = tuple(
        {"source_file": file.source_file, "dataset": file.dataset, "door": file.door, "bytes": file.size}
        for file in (manifest.files if manifest else ())
    )
    return BatchDetails(found[batch_id], files, manifest.origins if manifest else ())


def retry(target: Target, batch_id: str) -> str:
    """Have a failed batch tried again, with all its attempts; the id under which it continues.

    A batch that is set aside continues under a new id, because rows of the tables say under the old id that
    it was set aside. Its files are checked again, and the changes that it had appended are merged with them.
    Raises NoSuchBatch.
    """
    batches = _batches(target)
    if batch_id in batches.aside():
        manifest = batches.manifest(batch_id)
        taken_up = reopen(batches, manifest, datetime.now(UTC))
    elif batch_id in batches.begun():
        batches.forget_attempts(batch_id)
        taken_up = batch_id
    else:
        raise NoSuchBatch(_unknown(batches, batch_id))
    announce_backlog(target.client("events"), target.output("BacklogRule"), 1)
    return taken_up


def reopen(batches: Batches, manifest: Manifest, at: datetime) -> str:
    """Open a new batch with the files of one that is set aside, and close that one.

    The id of the new batch.
    """
    base = manifest.batch_id.partition("-retry")[0]
    again = replace(
        manifest.part(batches.free_id(f"{base}-retry"), manifest.datasets), created_at=at.isoformat()
    )
    batches.open(again)
    batches.mark_merged(MergedBatch(manifest.batch_id, goes_on_as=again.batch_id))
    batches.no_longer_aside(manifest.batch_id)
    return again.batch_id


def set_aside(target: Target, batch_id: str, reason: str) -> None:
    """Have the next run set an open batch aside instead of processing it. Raises NoSuchBatch."""
    batches = _batches(target)
    if batch_id in batches.aside():
        raise NoSuchBatch(f"The batch {batch_id} is already set aside. See glueline batches show {batch_id}")
    if batch_id not in batches.begun():
        raise NoSuchBatch(_unknown(batches, batch_id))
    attempts = batches.attempts(batch_id).used_up(f"by hand: {reason}", datetime.now(UTC))
    batches.note_attempts(batch_id, attempts)
    announce_backlog(target.client("events"), target.output("BacklogRule"), 1)


def _batches(target: Target) -> Batches:
    return Batches(target.client("s3"), target.output("LakeBucket"))


def _manifest(batches: Batches, batch_id: str) -> Manifest | None:
    return batches.manifest(batch_id) if MANIFEST in batches.steps(batch_id) else None


def _open(batches: Batches, batch_id: str, failing: set[str]) -> Batch:
    attempts = batches.attempts(batch_id) if batch_id in failing else Attempts()
    has_failed = attempts.failures + attempts.passed > 0
    return Batch(
        batch_id,
        "failing" if has_failed else "open",
        "merge" if CHECKED in batches.steps(batch_id) else "check",
        *_described(_manifest(batches, batch_id)),
        attempts.failures,
        attempts.passed,
        attempts.since,
        attempts.error or None,
    )


def _aside(batches: Batches, batch_id: str) -> Batch:
    note = batches.why_aside(batch_id)
    described = _described(_manifest(batches, batch_id))
    return Batch(batch_id, "set aside", "retry", *described, since=note.at, error=note.reason)


def _described(manifest: Manifest | None) -> tuple[tuple[str, ...], int, str | None]:
    """Datasets, number of files and start; empty while the batch is being created."""
    if manifest is None:
        return (), 0, None
    return tuple(manifest.datasets), len(manifest.files), manifest.created_at


def _unknown(batches: Batches, batch_id: str) -> str:
    if MERGED in batches.steps(batch_id):
        return f"The batch {batch_id} is merged. To read its files again: glueline replay {batch_id}"
    return f"No batch {batch_id} is open or set aside. See glueline batches list"
