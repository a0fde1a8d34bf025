"""What happens to a batch, or to one dataset of it, when the work on it raises.

The dataset's files go to a batch of their own, so that the rest goes on in the same run. A batch that fails
is tried again by later runs; when its attempts are used up (`jobs.intake.attempts`) it is set aside: each of
its files is in `quarantine` with the reason, and no run takes it up until `glueline batches retry` says so.

Safe to stop anywhere: a part is opened before the batch that it was taken from becomes smaller. If a run
stops in between, files are in two batches, which changes nothing. A part names that batch as its origin,
because changes may have been appended under that id; `merge` takes them with the part's own.
"""

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession

from expectations.contract import Contract
from jobs.checking.append import append_counts_of_quarantine, append_set_aside, is_recorded
from jobs.intake.attempts import Attempts
from jobs.intake.batches import CHECKED, MERGED, Batches
from jobs.intake.manifest import Manifest
from jobs.lake.creation import create_ops_tables
from jobs.lake.names import Lake
from jobs.runtime.failures import in_one_line
from jobs.runtime.log import log

_SHOWN = 5  # failures in the error of a run


@dataclass(frozen=True, slots=True)
class Failure:
    """The failure of one batch, which is of one dataset mostly; of no batch if the intake failed."""

    error: str
    batch_id: str | None = None
    datasets: tuple[str, ...] = ()
    attempts: Attempts = field(default_factory=Attempts)
    is_aside: bool = False

    def __str__(self) -> str:
        if self.batch_id is None:
            return f"intake: {self.error}"
        state = "set aside" if self.is_aside else str(self.attempts)
        place = f"batch {self.batch_id}, {state}" if state else f"batch {self.batch_id}"
        return f"{', '.join(self.datasets) or 'messages'} ({place}): {self.error}"


class RunFailed(Exception):
    """Raised at the end of a run in which something failed; the message names each failure and what to do."""


def run_failed(job: str, failures: Sequence[Failure]) -> RunFailed:
    """The error of a run: what it failed for, one dataset after the other, and the way out."""
    names = sorted({name for failure in failures for name in failure.datasets})
    what = f"{', '.join(names)} failed" if names else "failed"
    shown = "; ".join(map(str, failures[:_SHOWN]))
    more = f"; and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
    aside = [failure.batch_id for failure in failures if failure.is_aside]
    advice = "Later runs try again. See glueline batches list"
    if aside:
        advice = f"Mend the cause, then glueline batches retry {aside[0]} (glueline batches list has all)"
    return RunFailed(f"{job}: {what}, everything else is done. {shown}{more}. {advice}")


class NoContract(Exception):
    """Raised when a batch has files of a dataset whose contract is gone."""


def contract_of(contracts: Mapping[str, Contract], dataset: str) -> Contract:
    """The dataset's contract."""
    if dataset not in contracts:
        raise NoContract(
            f"expected a contract of dataset {dataset}, got none: it was removed after files had landed; "
            "deploy it again"
        )
    return contracts[dataset]


def take_up(batches: Batches, batch_ids: Iterable[str]) -> Iterator[str]:
    """The batches that earlier runs left to be checked, one by one.

    Before the work on one begins that is written down, since a batch that ends the process does so without a
    word. It is forgotten when the batch is checked.
    """
    failing = set(batches.failing())
    for batch_id in batch_ids:
        before = batches.attempts(batch_id) if batch_id in failing else Attempts()
        batches.note_attempts(batch_id, before.again(datetime.now(UTC)))
        yield batch_id
        if CHECKED in batches.steps(batch_id):
            batches.forget_attempts(batch_id)


def set_apart(
    batches: Batches, manifest: Manifest, errors: Mapping[str, BaseException]
) -> tuple[Manifest, list[str]]:
    """The batch without the datasets that failed, and the ids of the batches that these have now."""
    before, at = batches.attempts(manifest.batch_id), datetime.now(UTC)
    parts = {dataset: manifest.part(f"{manifest.batch_id}-{dataset}", {dataset}) for dataset in errors}
    for dataset, part in parts.items():
        batches.note_attempts(part.batch_id, before.after(errors[dataset], at))
        batches.open(part)
    rest = replace(manifest, files=tuple(file for file in manifest.files if file.dataset not in errors))
    batches.open(rest)
    return rest, [part.batch_id for part in parts.values()]


def dissolve(
    spark: SparkSession, lake: Lake, batches: Batches, manifest: Manifest, error: BaseException
) -> list[str]:
    """Give each dataset of the batch a batch of its own where the tables that they share have rows of it.

    Those rows stay, and so do its refused messages; its counts are made to match where there are none yet.
    """
    _, parts = set_apart(batches, manifest, dict.fromkeys(manifest.datasets, error))
    append_counts_of_quarantine(spark, lake, manifest, datetime.now(UTC))
    batches.done(manifest.batch_id, MERGED, {"apart": parts})
    batches.close(manifest.batch_id)
    batches.forget_attempts(manifest.batch_id)
    return parts


def note_failure(
    spark: SparkSession, lake: Lake, batches: Batches, batch_id: str, error: BaseException
) -> Failure:
    """Count a failure of the batch, and set the batch aside if that was its last attempt."""
    traceback.print_exception(error)  # the log has all of it
    attempts = batches.attempts(batch_id).after(error, datetime.now(UTC))
    batches.note_attempts(batch_id, attempts)
    return settle(spark, lake, batches, batch_id)


def settle(spark: SparkSession, lake: Lake, batches: Batches, batch_id: str) -> Failure:
    """What becomes of a batch that has failed: it stays open, or is set aside."""
    attempts = batches.attempts(batch_id)
    datasets = tuple(batches.manifest(batch_id).datasets)
    failure = Failure(attempts.error, batch_id, datasets, attempts)
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
    """Set a batch aside, with a line in `quarantine` and `batches` for each of its files; its id by then.

    A batch whose files are in these tables already goes on under another id, since they take an id once.
    """
    manifest, at = batches.manifest(batch_id), datetime.now(UTC)
    create_ops_tables(spark, lake)
    if batch_id not in batches.aside() and (
        CHECKED in batches.steps(batch_id) or is_recorded(spark, lake, manifest)
    ):
        free = batches.free_id(f"{batch_id}-aside")
        kept = replace(manifest.part(free, manifest.datasets), created_at=at.isoformat())
        batches.note_attempts(free, batches.attempts(batch_id))
        batches.open(kept)
        append_counts_of_quarantine(
            spark, lake, manifest, at
        )  # rows of a check that did not come to counting
        batches.done(batch_id, MERGED, {"goes_on_as": free})
        batches.close(batch_id)
        batches.forget_attempts(batch_id)
        manifest = kept
    said = f"set aside: {reason}; mend the cause, then glueline batches retry {manifest.batch_id}"
    batches.set_aside(manifest.batch_id, reason, at)
    append_set_aside(spark, lake, manifest, said, at)
    batches.close(manifest.batch_id)
    batches.forget_attempts(manifest.batch_id)
    return manifest.batch_id


def part_checked(batches: Batches, batch_id: str, dataset: str, files: Iterable[Mapping[str, Any]]) -> str:
    """Open the dataset's part of a batch that is checked, as checked too; the part's id."""
    part = batches.manifest(batch_id).part(f"{batch_id}-{dataset}", {dataset})
    batches.open(part)
    of_dataset = [count for count in files if count["dataset"] == dataset]
    batches.done(part.batch_id, CHECKED, {"files": of_dataset})
    return part.batch_id
