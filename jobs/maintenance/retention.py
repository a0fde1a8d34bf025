"""For how long what is kept: the rules, and the rows of the platform's own tables that are past them.

A tombstone keeps a deleted row from coming back with an older change. It may only go when nothing is left
that could bring one: no object of the RAW bucket from before the delete, and nothing that still comes late.
What comes late: an export, which reaches back for the 35 days of point-in-time recovery; a message, which SQS
keeps for 14 days in its queue and for 14 more as a dead letter; a stream batch that was given up and
redriven. So a tombstone stays for its retention, `LEAST_TOMBSTONES` at least, and `LATE` more; and longer
where RAW objects do (`jobs.maintenance.raw_retention`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from awsglue.utils import GlueArgumentError, getResolvedOptions
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.timestamps import instant_of
from jobs.lake.names import BATCHES, QUALITY_RESULTS, QUARANTINE, TOMBSTONES, Lake
from jobs.maintenance.log import MAINTENANCE
from jobs.parity.tables import PARITY_RESULTS, PARITY_SUSPECTS

LATE = timedelta(days=7)
LEAST_TOMBSTONES = timedelta(days=30)  # with LATE more than what comes late takes
LEAST = timedelta(days=2)  # a comparison of parity looks back for as long
# What the platform writes about itself, and the time that its rows age by.
RECORDS: Mapping[str, str] = {
    QUARANTINE: "quarantined_at",
    BATCHES: "checked_at",
    QUALITY_RESULTS: "ran_at",
    PARITY_RESULTS: "verified_through",
    PARITY_SUSPECTS: "verified_through",
    MAINTENANCE: "ran_at",
}
_OPTIONS = ("RAW_DAYS", "TOMBSTONE_DAYS", "RECORD_DAYS", "SNAPSHOT_DAYS")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long objects and rows are kept, at least."""

    raw: timedelta  # objects of the RAW bucket, and the batches that read them
    tombstones: timedelta
    records: timedelta  # quarantine, counts, results, certificates
    snapshots: timedelta  # of every table

    def __post_init__(self) -> None:
        for name in ("raw", "tombstones", "records", "snapshots"):
            if getattr(self, name) < LEAST:
                raise GlueArgumentError(
                    f"retention: expected {name} to be kept for {LEAST.days} days or more, got "
                    f"{getattr(self, name).days}"
                )
        if self.tombstones < self.raw:
            raise GlueArgumentError(
                "retention: expected tombstones to be kept for as long as RAW objects or longer, since these "
                f"could bring deleted rows back; got {self.tombstones.days} days (--TOMBSTONE_DAYS) and "
                f"{self.raw.days} days (--RAW_DAYS): raise TombstoneRetentionDays or lower RawRetentionDays"
            )

    @classmethod
    def from_argv(cls, argv: Sequence[str]) -> "Retention":
        """The job's arguments, none of which has a default here: what deletes data is told when."""
        given = getResolvedOptions(list(argv), list(_OPTIONS))
        return cls(*(timedelta(days=int(given[name])) for name in _OPTIONS))


@dataclass(frozen=True, slots=True)
class Certified:
    """What the certificates of a dataset vouch for."""

    through: datetime | None  # of the newest good one
    times: tuple[datetime, ...]  # of the newest one and the newest good one
    snapshots: frozenset[int]  # which these are about


def certificates(spark: SparkSession, lake: Lake) -> dict[str, Certified]:
    """What is certified, by dataset; a dataset that was never compared is not in it."""
    table = lake.ops(PARITY_RESULTS)
    if not spark.catalog.tableExists(table):
        return {}
    at = F.col("verified_through")
    rows = (
        spark.table(table)
        .select("dataset", "ok", F.struct(F.unix_micros(at).alias("at"), "snapshot_id").alias("one"))
        .groupBy("dataset")
        .agg(F.max("one").alias("newest"), F.max(F.when(F.col("ok"), F.col("one"))).alias("good"))
        .collect()
    )
    found = {}
    for row in rows:
        ones = [one for one in (row["newest"], row["good"]) if one is not None]
        found[row["dataset"]] = Certified(
            None if row["good"] is None else instant_of(row["good"]["at"]),
            tuple(instant_of(one["at"]) for one in ones),
            frozenset(one["snapshot_id"] for one in ones if one["snapshot_id"] is not None),
        )
    return found


def records_until(table: str, now: datetime, kept: timedelta, certified: Iterable[Certified]) -> datetime:
    """The time before which the rows of one of `RECORDS` go. The newest certificates are not among them."""
    spared = [at for one in certified for at in one.times] if table == PARITY_RESULTS else []
    return min([now - kept, *spared])


def tombstones_until(now: datetime, kept: timedelta, oldest_raw: datetime | None) -> datetime:
    """The time before which a dataset's tombstones go, if that is when its oldest RAW object landed."""
    return min(now - max(kept, LEAST_TOMBSTONES), oldest_raw or now) - LATE


def delete_records(spark: SparkSession, lake: Lake, name: str, until: datetime) -> int:
    """Delete rows of one of `RECORDS` from before that time; how many."""
    if not spark.catalog.tableExists(lake.ops(name)):
        return 0
    return _delete(spark, lake.ops(name), f"{RECORDS[name]} < {_timestamp(until)}")


def tombstoned(spark: SparkSession, lake: Lake) -> list[str]:
    """The datasets that have tombstones: from the table's metadata."""
    partitions = spark.table(f"{lake.ops(TOMBSTONES)}.partitions")
    return sorted(row[0] for row in partitions.select("partition.dataset").distinct().collect())


def delete_tombstones(spark: SparkSession, lake: Lake, until: Mapping[str, datetime]) -> int:
    """Delete each dataset's tombstones from before its time; how many."""
    # Names come from contracts, which allow no quotes in them.
    conditions = [
        f"(dataset = '{dataset}' AND deleted_at < {_timestamp(at)})" for dataset, at in until.items()
    ]
    return _delete(spark, lake.ops(TOMBSTONES), " OR ".join(conditions)) if conditions else 0


def _delete(spark: SparkSession, table: str, condition: str) -> int:
    """Count first: files that can't hold such rows are not read, and no rows are no commit."""
    number = spark.table(table).where(condition).count()
    if number:
        spark.sql(f"DELETE FROM {table} WHERE {condition}")  # noqa: S608 -- names and times of ours
    return number


def _timestamp(at: datetime) -> str:
    return f"timestamp'{at.isoformat()}'"
