"""Expires snapshots of a table with the files that only they refer to, and removes orphan files.

These snapshots are kept:

* the newest ones, by age and by number, for running queries and for rollback;
* those of the newest certificate and of the newest good one, so that what was certified can be read;
* those since the oldest unfinished batch began: they carry the ids of batches, by which a batch that is
  repeated finds what it has committed (`jobs.lake.commits`);
* those of branches and tags.

All others are expired, by their ids: no property of the table adds to them. A batch that begins during the
run commits new snapshots, which the run does not know.

Orphans are files that no snapshot refers to: a job was stopped before its commit. They are in the table's own
folder (each table has one), and are removed once they are older than any job can run. The search lists that
folder, so it is made once a week.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from pyspark.sql import SparkSession

from jobs.lake.conflicts import skip_on_conflict
from jobs.lake.iceberg import Snapshot, call_procedure, referenced_snapshots, snapshots
from jobs.maintenance.log import StepResult

NEWEST = 10  # snapshots of each table, whatever their age
ORPHAN_AGE = timedelta(days=3)
ORPHANS, ORPHANS_EVERY = "orphan files", timedelta(days=7)
CLOCK_SKEW = timedelta(hours=1)


def expirable(
    found: Sequence[Snapshot], until: datetime, needed_since: datetime | None, kept: Collection[int]
) -> list[int]:
    """The ids of the snapshots to expire, the oldest first.

    `found` is in order of time. A snapshot expires if it is older than `until` and than `needed_since`, when
    the oldest unfinished batch began. The ids in `kept` never expire.
    """
    horizon = until if needed_since is None else min(until, needed_since - CLOCK_SKEW)
    old = found[: max(0, len(found) - NEWEST)]
    return [snapshot.id for snapshot in old if snapshot.at < horizon and snapshot.id not in kept]


def expire(
    spark: SparkSession, table: str, until: datetime, needed_since: datetime | None, kept: Collection[int]
) -> Iterator[StepResult]:
    """Expire the snapshots that may go, and delete the files that no other snapshot refers to."""
    found = snapshots(spark, table)
    ids = expirable(found, until, needed_since, kept)
    ids = expirable(found, until, needed_since, {*kept, *referenced_snapshots(spark, table)}) if ids else []
    if not ids:
        return
    array = ", ".join(map(str, ids))
    # No snapshot is older than that, so none expires by its age.
    arguments = (
        f", snapshot_ids => array({array}), older_than => timestamp'1970-01-01', retain_last => 1, "
        "stream_results => true"
    )
    if skip_on_conflict(lambda: call_procedure(spark, table, "expire_snapshots", arguments)) is not None:
        yield StepResult(table, "snapshots", len(ids))


def may_have_orphans(oldest: datetime | None, now: datetime, searched: timedelta | None) -> bool:
    """Whether to search for orphans: once a week, and not in a table that is too new to have any.

    A table is new if its oldest snapshot is less than a day old; an older table keeps snapshots of at least
    `jobs.maintenance.retention.LEAST`. `searched` is how long ago the last search was.
    """
    is_new = oldest is None or now - oldest < timedelta(days=1)
    return not is_new and (searched is None or searched >= ORPHANS_EVERY)


def remove_orphans(spark: SparkSession, table: str, now: datetime) -> StepResult:
    """Delete files in the table's folder that no snapshot refers to, and that no job can be writing."""
    until = (now - ORPHAN_AGE).isoformat()
    # With prefix_listing, Iceberg's own S3 client lists the folder: no Hadoop file system is needed.
    arguments = f", older_than => timestamp'{until}', prefix_listing => true"
    catalog, name = table.split(".", 1)
    rows = spark.sql(f"CALL {catalog}.system.remove_orphan_files(table => '{name}'{arguments})").collect()
    return StepResult(table, ORPHANS, len(rows))
