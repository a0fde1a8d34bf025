"""The steps of a maintenance run, in the order in which they have to be.

1. RAW objects that batches have read, and these batches' own objects: `jobs.maintenance.raw_retention`.
2. Tombstones and the platform's records: `jobs.maintenance.retention`. After the RAW objects, since a
   tombstone is kept as long as an object may restore its row.
3. Each table's files, snapshots and, once a week, orphans: `jobs.maintenance.compaction`,
   `jobs.maintenance.snapshots`. After the rows, so that what was deleted is removed from the files too.
4. The results of the steps: `jobs.maintenance.log`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from time import perf_counter

from pyspark.sql import SparkSession

from jobs.intake.batches import MANIFEST, Batches
from jobs.lake.conflicts import skip_on_conflict
from jobs.lake.creation import create_ops_tables
from jobs.lake.iceberg import oldest_snapshot_at, table_names
from jobs.lake.names import TOMBSTONES, Lake
from jobs.maintenance.compaction import compact
from jobs.maintenance.log import StepResult, create_maintenance_table, record_steps, time_since_last
from jobs.maintenance.raw_retention import (
    remaining_objects,
    remove_certificates,
    remove_emptied_exports,
    remove_read,
)
from jobs.maintenance.retention import (
    LATE,
    RECORDS,
    Retention,
    datasets_with_tombstones,
    delete_records,
    delete_tombstones,
    records_until,
    tombstones_until,
)
from jobs.maintenance.snapshots import ORPHANS, expire, may_have_orphans, remove_orphans
from jobs.parity.certified import Certified, certified_datasets
from jobs.runtime.log import log, step


@dataclass(frozen=True, slots=True)
class MaintenanceContext:
    """What the steps share: the session, the tables and buckets, the retention, and the time of the run."""

    spark: SparkSession
    lake: Lake
    batches: Batches
    raw_bucket: str
    retention: Retention
    now: datetime


def maintain(context: MaintenanceContext, run_id: str) -> list[StepResult]:
    """Run all steps, and record and return the results of those that did something."""
    with step("maintain: tables"):
        create_ops_tables(context.spark, context.lake)
        create_maintenance_table(context.spark, context.lake)
    results = list(timed(steps(context)))
    if results:
        with step("maintain: record"):
            record_steps(context.spark, context.lake, run_id, results, context.now)
    log("maintained", steps=len(results))
    return results


def steps(context: MaintenanceContext) -> Iterator[StepResult]:
    """Run the steps one after the other, and yield each result when the step is done."""
    spark, lake, now = context.spark, context.lake, context.now
    needed_since = unfinished_since(context.batches)
    certified = certified_datasets(spark, lake)
    with step("maintain: objects"):
        yield from remove_objects(context, certified)
    with step("maintain: rows"):
        yield from remove_rows(context, certified)
    searched = time_since_last(spark, lake, ORPHANS, now)
    for table in table_names(spark, lake):
        with step(f"maintain: {table}, files"):
            yield from compact(spark, table)
        with step(f"maintain: {table}, snapshots"):
            kept = certified_snapshots(lake, table, certified)
            yield from expire(spark, table, now - context.retention.snapshots, needed_since, kept)
        with step(f"maintain: {table}, orphans"):
            if may_have_orphans(oldest_snapshot_at(spark, table), now, searched.get(table)):
                yield remove_orphans(spark, table, now)


def remove_objects(context: MaintenanceContext, certified: Mapping[str, Certified]) -> Iterator[StepResult]:
    """Remove objects of the RAW bucket and of the lake bucket that are past their retention."""
    s3, until = context.batches.s3, context.now - context.retention.raw
    objects, batches = remove_read(context.batches, until, certified)
    objects += remove_emptied_exports(s3, context.raw_bucket, until)
    certificates = remove_certificates(s3, context.batches.bucket, context.now - context.retention.records)
    for subject, number in ((context.raw_bucket, objects), ("batches/", batches), ("parity/", certificates)):
        if number:
            yield StepResult(subject, "objects", number)


def remove_rows(context: MaintenanceContext, certified: Mapping[str, Certified]) -> Iterator[StepResult]:
    """Remove tombstones and records that are past their retention."""
    spark, lake, now, retention = context.spark, context.lake, context.now, context.retention
    remaining = remaining_objects(context.batches.s3, context.raw_bucket, now - retention.raw - LATE)
    if remaining.overdue:
        log(
            "Objects are past their retention and were not removed: no batch has read them, or an unfinished "
            "batch reads them, or their datasets have no good certificate since. The tombstones of their "
            "batch reads them, or their datasets have no good certificate since. Tombstones of their "
            "has read (they are not in lake_ops.batches) again, or remove them.",
            bucket=context.raw_bucket,
            objects=remaining.overdue,
            first=remaining.first_overdue,
        )
    ends = {
        dataset: tombstones_until(now, retention.tombstones, remaining.oldest_of(dataset))
        for dataset in datasets_with_tombstones(spark, lake)
    }
    until = {name: records_until(name, now, retention.records, certified.values()) for name in RECORDS}
    deletes = {name: partial(delete_records, spark, lake, name, at) for name, at in until.items()}
    deletes[TOMBSTONES] = partial(delete_tombstones, spark, lake, ends)
    for name, delete in deletes.items():
        if number := skip_on_conflict(delete):
            yield StepResult(lake.ops(name), "rows", number)


def unfinished_since(batches: Batches) -> datetime | None:
    """When the oldest unfinished batch began. A batch without a manifest has committed nothing."""
    begun = (batch_id for batch_id in batches.begun() if MANIFEST in batches.steps(batch_id))
    return min((batches.manifest(batch_id).begun for batch_id in begun), default=None)


def certified_snapshots(lake: Lake, table: str, certified: Mapping[str, Certified]) -> frozenset[int]:
    """The snapshots of the table that its newest certificates have compared."""
    return frozenset(
        snapshot
        for dataset, one in certified.items()
        if lake.table(dataset) == table
        for snapshot in one.snapshots
    )


def timed(results: Iterator[StepResult]) -> Iterator[StepResult]:
    """Add to each result the seconds that its step took, and log it."""
    started = perf_counter()
    for one in results:
        with_seconds = replace(one, seconds=round(perf_counter() - started, 1))
        log("maintenance", **asdict(with_seconds))
        yield with_seconds
        started = perf_counter()
