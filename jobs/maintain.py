"""Glue job `maintain`: keeps the tables quick to read, and lets go of what is past its retention.

Reads the catalog, the tables' metadata, the certificates (`parity_results`), and the batches in the lake
bucket (`jobs.intake.batches`). Changes no row of a dataset. Writes, in this order:

1. RAW objects that batches have read, and these batches' own objects: `jobs.maintenance.raw_retention`.
2. Tombstones and the platform's records: `jobs.maintenance.retention`. After the RAW objects, as a tombstone
   stays as long as an object may bring its row back.
3. Each table's files, snapshots and, once a week, orphans: `jobs.maintenance.compaction`,
   `jobs.maintenance.snapshots`. After the rows, so that what was deleted leaves the files too.
4. What it did: `jobs.maintenance.log`.

Safe to repeat, and to stop anywhere. Each step asks what there is to do now, and there is nothing to do about
what was done; what a step leaves unfinished is what the next run finds. A table's step is a commit or none;
objects go before what names them. Nothing reaches from one step to the next but in this order, where a step
that is missing makes the following ones keep more, never less.

Safe beside other jobs: `jobs.lake.conflicts` argues who gives way. What an unfinished batch needs is asked
for before anything is looked at that could go; batches that begin later need only what is new.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from time import perf_counter

import boto3
from pyspark.sql import SparkSession

from jobs.intake.batches import MANIFEST, Batches
from jobs.lake.conflicts import skip_on_conflict
from jobs.lake.creation import create_ops_tables
from jobs.lake.iceberg import oldest_snapshot_at, table_names
from jobs.lake.names import TOMBSTONES, Lake
from jobs.lake.session import BASE, configure
from jobs.maintenance.compaction import compact
from jobs.maintenance.log import Done, create_maintenance_table, keep, last
from jobs.maintenance.raw_retention import held, remove_certificates, remove_emptied_exports, remove_read
from jobs.maintenance.retention import (
    LATE,
    RECORDS,
    Certified,
    Retention,
    certificates,
    delete_records,
    delete_tombstones,
    records_until,
    tombstoned,
    tombstones_until,
)
from jobs.maintenance.snapshots import ORPHANS, expire, may_have_orphans, remove_orphans
from jobs.runtime.log import log, step
from jobs.runtime.options import Options


@dataclass(frozen=True, slots=True)
class Care:
    """What the steps share: where all is, what the rules are, and what time it is."""

    spark: SparkSession
    lake: Lake
    batches: Batches
    raw_bucket: str
    retention: Retention
    now: datetime


def main(argv: Sequence[str]) -> None:
    """Do what is due."""
    options, retention = Options.from_argv(argv), Retention.from_argv(argv)
    batches = Batches(boto3.client("s3"), options.lake_bucket)
    lake = Lake(options.database, options.ops_database)
    spark = SparkSession.builder.getOrCreate()
    maintain(Care(spark, lake, batches, options.raw_bucket, retention, datetime.now(UTC)), options.run_id)


def maintain(care: Care, run_id: str) -> list[Done]:
    """All steps; what was done."""
    configure(care.spark, BASE)
    with step("maintain: tables"):
        create_ops_tables(care.spark, care.lake)
        create_maintenance_table(care.spark, care.lake)
    done = list(timed(steps(care)))
    if done:
        with step("maintain: record"):
            keep(care.spark, care.lake, run_id, done, care.now)
    log("maintained", steps=len(done))
    return done


def steps(care: Care) -> Iterator[Done]:
    """Each step as it is done, in the order that the module argues for."""
    needed_since = unfinished_since(care.batches)
    certified = certificates(care.spark, care.lake)
    with step("maintain: objects"):
        yield from remove_objects(care, certified)
    with step("maintain: rows"):
        yield from remove_rows(care, certified)
    looked_for = last(care.spark, care.lake, ORPHANS, care.now)
    for table in table_names(care.spark, care.lake):
        with step(f"maintain: {table}, files"):
            yield from compact(care.spark, table)
        with step(f"maintain: {table}, snapshots"):
            kept = certified_snapshots(care.lake, table, certified)
            yield from expire(care.spark, table, care.now - care.retention.snapshots, needed_since, kept)
        with step(f"maintain: {table}, orphans"):
            if may_have_orphans(oldest_snapshot_at(care.spark, table), care.now, looked_for.get(table)):
                yield remove_orphans(care.spark, table, care.now)


def remove_objects(care: Care, certified: Mapping[str, Certified]) -> Iterator[Done]:
    """Objects of the RAW bucket and of the lake bucket that are past their retention."""
    s3, until = care.batches.s3, care.now - care.retention.raw
    objects, batches = remove_read(care.batches, until, certified)
    objects += remove_emptied_exports(s3, care.raw_bucket, until)
    results = remove_certificates(s3, care.batches.bucket, care.now - care.retention.records)
    for subject, number in ((care.raw_bucket, objects), ("batches/", batches), ("parity/", results)):
        if number:
            yield Done(subject, "objects", number)


def remove_rows(care: Care, certified: Mapping[str, Certified]) -> Iterator[Done]:
    """Tombstones and records that are past their retention."""
    spark, lake, kept = care.spark, care.lake, care.retention
    left = held(care.batches.s3, care.raw_bucket, care.now - kept.raw - LATE)
    if left.number:
        log(
            "Objects are past their retention and still there. They were never read, or an unfinished batch "
            "reads them, or no good certificate came since. They keep tombstones of their datasets. "
            "`glueline parity` certifies; what no batch has read (lake_ops.batches) has to be put there "
            "again, or removed.",
            bucket=care.raw_bucket,
            objects=left.number,
            first=left.first,
        )
    ends = {
        dataset: tombstones_until(care.now, kept.tombstones, left.oldest_of(dataset))
        for dataset in tombstoned(spark, lake)
    }
    until = {name: records_until(name, care.now, kept.records, certified.values()) for name in RECORDS}
    deletes = {name: partial(delete_records, spark, lake, name, at) for name, at in until.items()}
    deletes[TOMBSTONES] = partial(delete_tombstones, spark, lake, ends)
    for name, delete in deletes.items():
        if number := skip_on_conflict(delete):
            yield Done(lake.ops(name), "rows", number)


def unfinished_since(batches: Batches) -> datetime | None:
    """When the oldest batch began that is not merged; one without a manifest has committed nothing."""
    begun = (batch_id for batch_id in batches.begun() if MANIFEST in batches.steps(batch_id))
    return min((batches.manifest(batch_id).begun for batch_id in begun), default=None)


def certified_snapshots(lake: Lake, table: str, certified: Mapping[str, Certified]) -> frozenset[int]:
    """The table's snapshots that certificates are about."""
    return frozenset(
        snapshot
        for dataset, one in certified.items()
        if lake.table(dataset) == table
        for snapshot in one.snapshots
    )


def timed(done: Iterator[Done]) -> Iterator[Done]:
    """Each with the seconds that it took, printed."""
    started = perf_counter()
    for one in done:
        with_seconds = replace(one, seconds=round(perf_counter() - started, 1))
        log("maintenance", **asdict(with_seconds))
        yield with_seconds
        started = perf_counter()


if __name__ == "__main__":
    main(sys.argv)
