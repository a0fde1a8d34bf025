"""How long objects and rows are kept, and the removal of rows of the platform's own tables after that time.

A tombstone keeps an older change from restoring a deleted row. It may only be removed when nothing is left
that could bring such a change: no object of the RAW bucket from before the delete, and nothing that arrives
late. These arrive late: an export, which reaches back for the 35 days of point-in-time recovery; a message,
which SQS keeps for 14 days in its queue and for 14 more as a dead letter; and a failed stream batch that is
redriven. So a tombstone is kept for its retention, `LEAST_TOMBSTONES` at least, plus `LATE`; and longer where
RAW objects are kept longer (`jobs.maintenance.raw_retention`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession

from expectations.problems import GluelineError
from jobs.lake.names import BATCHES, QUALITY_RESULTS, QUARANTINE, TOMBSTONES, Lake
from jobs.maintenance.log import MAINTENANCE
from jobs.parity.certified import Certified
from jobs.parity.tables import PARITY_MISMATCHES, PARITY_RESULTS

LATE = timedelta(days=7)
LEAST_TOMBSTONES = timedelta(days=30)  # with LATE, longer than anything that arrives late takes
LEAST = timedelta(days=2)  # a comparison of parity needs the objects and records of that time
# The tables in which the platform records what it did, and the column by which their rows age.
RECORDS: Mapping[str, str] = {
    QUARANTINE: "quarantined_at",
    BATCHES: "checked_at",
    QUALITY_RESULTS: "ran_at",
    PARITY_RESULTS: "verified_through",
    PARITY_MISMATCHES: "verified_through",
    MAINTENANCE: "ran_at",
}
_OPTIONS = ("RAW_DAYS", "TOMBSTONE_DAYS", "RECORD_DAYS", "SNAPSHOT_DAYS")


class RetentionError(GluelineError):
    """Raised when retention times would delete what is still needed."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The shortest times for which objects and rows are kept."""

    raw: timedelta  # objects of the RAW bucket, and the batches that read them
    tombstones: timedelta
    records: timedelta  # quarantine, counts, results, certificates
    snapshots: timedelta  # of every table

    def __post_init__(self) -> None:
        for name in ("raw", "tombstones", "records", "snapshots"):
            if getattr(self, name) < LEAST:
                raise RetentionError(
                    f"retention: expected {name} to be kept for {LEAST.days} days or more, got "
                    f"{getattr(self, name).days}"
                )
        if self.tombstones < self.raw:
            raise RetentionError(
                "retention: expected tombstones to be kept for as long as RAW objects or longer, since these "
                f"could bring deleted rows back; got {self.tombstones.days} days (--TOMBSTONE_DAYS) and "
                f"{self.raw.days} days (--RAW_DAYS): raise TombstoneRetentionDays or lower RawRetentionDays"
            )

    @classmethod
    def from_argv(cls, argv: Sequence[str]) -> "Retention":
        """Read the job's arguments, in days. None has a default: they decide which data is deleted.

        Raises GlueArgumentError if one is missing, RetentionError if they contradict each other.
        """
        given = getResolvedOptions(list(argv), list(_OPTIONS))
        return cls(*(timedelta(days=int(given[name])) for name in _OPTIONS))


def records_until(table: str, now: datetime, kept: timedelta, certified: Iterable[Certified]) -> datetime:
    """The time before which rows of a table in `RECORDS` are removed; it spares the newest certificates."""
    spared = [at for one in certified for at in one.times] if table == PARITY_RESULTS else []
    return min([now - kept, *spared])


def tombstones_until(now: datetime, kept: timedelta, oldest_raw: datetime | None) -> datetime:
    """The time before which a dataset's tombstones are removed.

    `oldest_raw` is when the oldest object of the dataset in the RAW bucket landed.
    """
    return min(now - max(kept, LEAST_TOMBSTONES), oldest_raw or now) - LATE


def delete_records(spark: SparkSession, lake: Lake, name: str, until: datetime) -> int:
    """Delete the rows of a table in `RECORDS` that are older than `until`; returns their number."""
    if not spark.catalog.tableExists(lake.ops(name)):
        return 0
    return _delete(spark, lake.ops(name), f"{RECORDS[name]} < {_timestamp(until)}")


def datasets_with_tombstones(spark: SparkSession, lake: Lake) -> list[str]:
    """The datasets that have tombstones, from the table's metadata."""
    partitions = spark.table(f"{lake.ops(TOMBSTONES)}.partitions")
    return sorted(row[0] for row in partitions.select("partition.dataset").distinct().collect())


def delete_tombstones(spark: SparkSession, lake: Lake, until: Mapping[str, datetime]) -> int:
    """Delete each dataset's tombstones that are older than its time; returns their number."""
    # The names of datasets come from contracts, which do not allow quotes in them.
    conditions = [
        f"(dataset = '{dataset}' AND deleted_at < {_timestamp(at)})" for dataset, at in until.items()
    ]
    return _delete(spark, lake.ops(TOMBSTONES), " OR ".join(conditions)) if conditions else 0


def _delete(spark: SparkSession, table: str, condition: str) -> int:
    """Delete rows, after counting them: a count skips files by their metadata, and no rows need no commit."""
    number = spark.table(table).where(condition).count()
    if number:
        spark.sql(f"DELETE FROM {table} WHERE {condition}")  # noqa: S608 -- names of tables and times
    return number


def _timestamp(at: datetime) -> str:
    return f"timestamp'{at.isoformat()}'"
