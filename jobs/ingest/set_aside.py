"""What happens to a batch, or to one dataset of it, when the work on it raises.

The files of the dataset go to a batch of their own, its *part*, so that the rest continues in the same run. A
batch that fails is tried again by later runs. When its attempts are used up (`jobs.intake.attempts`) it is
set aside: each of its files is in `quarantine` with the reason, and no run works on it until
`glueline batches retry`.

Safe to stop anywhere: a part is opened before the batch that it was taken from becomes smaller. If a run
stops in between, both batches have the files, which changes nothing. A part names that batch as its origin,
because changes may have been appended under that id; `merge` merges them with the part's own.
"""

import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from jobs.checking.batch_records import append_counts_of_quarantine, append_set_aside, is_recorded
from jobs.ingest.failures import BatchFailure
from jobs.intake.attempts import Attempts
from jobs.intake.batches import CHECKED, Batches
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch, MergedBatch
from jobs.lake.creation import create_ops_tables
from jobs.lake.names import Lake
from jobs.runtime.failures import in_one_line
from jobs.runtime.log import log


def begin_attempts(batches: Batches, batch_ids: Iterable[str]) -> Iterator[str]:
    """Yield these batches, which earlier runs left unchecked, one by one; the caller checks each.

    The attempt is written down before the work begins, because a batch that ends the process leaves no other
    trace. The note is removed when the batch is checked.
    """
    failing = set(batches.failing())
    for batch_id in batch_ids:
        before = batches.attempts(batch_id) if batch_id in failing else Attempts()
        batches.note_attempts(batch_id, before.again(datetime.now(UTC)))
        yield batch_id
        if CHECKED in batches.steps(batch_id):
            batches.forget_attempts(batch_id)


def split_off(
    batches: Batches, manifest: Manifest, errors: Mapping[str, BaseException]
) -> tuple[Manifest, list[str]]:
    """Give each dataset that failed a batch of its own: the rest of the batch, and the ids of the parts."""
    before, at = batches.attempts(manifest.batch_id), datetime.now(UTC)
    parts = {dataset: manifest.part(f"{manifest.batch_id}-{dataset}", {dataset}) for dataset in errors}
    for dataset, part in parts.items():
        batches.note_attempts(part.batch_id, before.after(errors[dataset], at))
        batches.open(part)
    rest = replace(manifest, files=tuple(file for file in manifest.files if file.dataset not in errors))
    batches.open(rest)
    return rest, [part.batch_id for part in parts.values()]


def split_up(
    spark: SparkSession, lake: Lake, batches: Batches, manifest: Manifest, error: BaseException
) -> list[str]:
    """Give each dataset a batch of its own although the tables that they share have rows of the batch.

    Those rows stay, and so do the refused messages. Their counts are added if there are none yet.
    """
    _, parts = split_off(batches, manifest, dict.fromkeys(manifest.datasets, error))
    append_counts_of_quarantine(spark, lake, manifest, datetime.now(UTC))
    _finish(batches, MergedBatch(manifest.batch_id, apart=tuple(parts)))
    return parts


def part_checked(batches: Batches, checked: CheckedBatch, dataset: str) -> str:
    """Open a part with the dataset's files of a batch that is checked, as checked too. Returns its id."""
    part = batches.manifest(checked.batch_id).part(f"{checked.batch_id}-{dataset}", {dataset})
    batches.open(part)
    batches.mark_checked(checked.part(part.batch_id, dataset))
    return part.batch_id


def note_failure(
    spark: SparkSession, lake: Lake, batches: Batches, batch_id: str, error: BaseException
) -> BatchFailure:
    """Count a failure of the batch, and set the batch aside if that was its last attempt."""
    traceback.print_exception(error)  # the log has all of it
    attempts = batches.attempts(batch_id).after(error, datetime.now(UTC))
    batches.note_attempts(batch_id, attempts)
    return settle(spark, lake, batches, batch_id)


def settle(spark: SparkSession, lake: Lake, batches: Batches, batch_id: str) -> BatchFailure:
    """Leave a batch that has failed open for the next run, or set it aside if no attempt is left."""
    attempts = batches.attempts(batch_id)
    datasets = tuple(batches.manifest(batch_id).datasets)
    failure = BatchFailure(attempts.error, batch_id, datasets, attempts)
    if attempts.are_used_up(datetime.now(UTC)):
        try:
            kept = set_aside(spark, lake, batches, batch_id, attempts.error)
            failure = replace(failure, batch_id=kept, is_aside=True)
        except Exception as problem:  # noqa: BLE001 -- it stays open, and the next run sets it aside
            traceback.print_exception(problem)
            failure = replace(failure, error=f"{attempts.error}; not set aside: {in_one_line(problem)}")
    log(
        "batch set aside" if failure.is_aside else "batch failed",
        batch_id=failure.batch_id,
        datasets=datasets,
        error=failure.error,
        failures=attempts.failures,
    )
    return failure


def set_aside(spark: SparkSession, lake: Lake, batches: Batches, batch_id: str, reason: str) -> str:
    """Set a batch aside, with a row in `quarantine` and `batches` for each of its files. Returns its id.

    The tables accept rows of a batch id once. A batch of which they have rows therefore gets a new id.
    """
    manifest, at = batches.manifest(batch_id), datetime.now(UTC)
    create_ops_tables(spark, lake)
    if batch_id not in batches.aside() and (
        CHECKED in batches.steps(batch_id) or is_recorded(spark, lake, manifest)
    ):
        manifest = _under_a_free_id(spark, lake, batches, manifest, at)
    message = f"set aside: {reason}; fix the cause, then glueline batches retry {manifest.batch_id}"
    batches.set_aside(manifest.batch_id, reason, at)
    append_set_aside(spark, lake, manifest, message, at)
    batches.close(manifest.batch_id)
    batches.forget_attempts(manifest.batch_id)
    return manifest.batch_id


def _under_a_free_id(
    spark: SparkSession, lake: Lake, batches: Batches, manifest: Manifest, at: datetime
) -> Manifest:
    """Move the files to a new batch, and finish the old one."""
    free = batches.free_id(f"{manifest.batch_id}-aside")
    moved = replace(manifest.part(free, manifest.datasets), created_at=at.isoformat())
    batches.note_attempts(free, batches.attempts(manifest.batch_id))
    batches.open(moved)
    append_counts_of_quarantine(spark, lake, manifest, at)  # a check may have stopped before it counted them
    _finish(batches, MergedBatch(manifest.batch_id, goes_on_as=free))
    return moved


def _finish(batches: Batches, merged: MergedBatch) -> None:
    """End a batch whose files other batches have."""
    batches.mark_merged(merged)
    batches.close(merged.batch_id)
    batches.forget_attempts(merged.batch_id)
