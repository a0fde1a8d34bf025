"""Which snapshots of a table go, and with them the files that only they hold; and files that no one holds.

Kept is what someone may still ask for:

* the newest snapshots, by age and by number, for queries that run and for going back;
* those of the newest certificate, and of the newest good one: what was proved can be looked at;
* those since the oldest unfinished batch began: they carry the ids of batches, by which a batch that is done
  again finds what it has committed (`jobs.lake.commits`);
* those of branches and tags.

Expired are exactly the others, by their ids: no rule of the table's own adds to them. A batch that begins
while this runs commits snapshots that are new.

Orphans are files that no snapshot holds: a job was ended before its commit. They lie in the table's own
folder (each table has one) and are older than any job can run. To look for them is to list that folder, so it
is done once a week.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from pyspark.sql import SparkSession

from jobs.lake.conflicts import skip_on_conflict
from jobs.lake.iceberg import Snapshot, call_procedure, referenced_snapshots, snapshots
from jobs.maintenance.log import Done

NEWEST = 10  # snapshots of each table, whatever their age
ORPHAN_AGE = timedelta(days=3)
ORPHANS, ORPHANS_EVERY = "orphan files", timedelta(days=7)
CLOCK_SKEW = timedelta(hours=1)


def expirable(
    found: Sequence[Snapshot], until: datetime, needed_since: datetime | None, kept: Collection[int]
) -> list[int]:
    """The ids of snapshots that no one needs, the oldest first.

    `found` is in order of time, `until` the end of their age, `needed_since` when the oldest unfinished batch
    began, `kept` those that are needed whatever their age.
    """
    horizon = until if needed_since is None else min(until, needed_since - CLOCK_SKEW)
    old = found[: max(0, len(found) - NEWEST)]
    return [snapshot.id for snapshot in old if snapshot.at < horizon and snapshot.id not in kept]


def expire(
    spark: SparkSession, table: str, until: datetime, needed_since: datetime | None, kept: Collection[int]
) -> Iterator[Done]:
    """Expire what is expirable, and delete the files that this sets free."""
    found = snapshots(spark, table)
    ids = expirable(found, until, needed_since, kept)
    ids = expirable(found, until, needed_since, {*kept, *referenced_snapshots(spark, table)}) if ids else []
    if not ids:
        return
    array = ", ".join(map(str, ids))
    # Nothing is older than that time, so that nothing goes by its age.
    arguments = (
        f", snapshot_ids => array({array}), older_than => timestamp'1970-01-01', retain_last => 1, "
        "stream_results => true"
    )
    if skip_on_conflict(lambda: call_procedure(spark, table, "expire_snapshots", arguments)) is not None:
        yield Done(table, "snapshots", len(ids))


def may_have_orphans(oldest: datetime | None, now: datetime, looked_for: timedelta | None) -> bool:
    """Whether to look for orphans: once a week, and not in a table that is too new to have any.

    A table is new if its oldest snapshot is not a day old; an old table keeps older ones (`retention.LEAST`).
    """
    is_new = oldest is None or now - oldest < timedelta(days=1)
    return not is_new and (looked_for is None or looked_for >= ORPHANS_EVERY)


def remove_orphans(spark: SparkSession, table: str, now: datetime) -> Done:
    """Delete files of the table's folder that no snapshot holds and that are older than any job can run."""
    until = (now - ORPHAN_AGE).isoformat()
    # Listed by Iceberg's own S3 client, as AWS has it: no Hadoop file system takes part.
    arguments = f", older_than => timestamp'{until}', prefix_listing => true"
    catalog, name = table.split(".", 1)
    rows = spark.sql(f"CALL {catalog}.system.remove_orphan_files(table => '{name}'{arguments})").collect()
    return Done(table, ORPHANS, len(rows))
