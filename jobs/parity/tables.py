"""The tables of parity, and reads of other tables at one snapshot."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.spark_schema import table_schema
from jobs.lake.commits import append_once
from jobs.lake.creation import create_ops_table
from jobs.lake.iceberg import current_table
from jobs.lake.names import Lake
from jobs.parity.certificates import Certificate, Comparison
from jobs.parity.compare import MISMATCH

PARITY_RESULTS = "parity_results"
PARITY_MISMATCHES = "parity_suspects"  # the table that exists has the earlier word for a mismatch
RESULT = """dataset string, verified_through timestamp, issued_at timestamp, run_id string,
    snapshot_id bigint, buckets int, differing_buckets int, suspects bigint, items bigint, rows bigint,
    drop_only bigint, outranked bigint, missing array<string>, extra array<string>, differing array<string>,
    quarantined array<string>, repaired bigint, ok boolean, erased array<string>, unclaimed bigint"""
_TABLES = {
    PARITY_RESULTS: (RESULT, "days(verified_through)"),
    # Partitioned by comparison, so that deleting those of one removes whole files and rewrites none.
    PARITY_MISMATCHES: (
        f"dataset string, verified_through timestamp, {MISMATCH}",
        "dataset, verified_through",
    ),
}


@dataclass(frozen=True, slots=True)
class PinnedSnapshot:
    """The snapshot at which a table is read, and the number of its rows."""

    id: int
    rows: int


def create_parity_tables(spark: SparkSession, lake: Lake) -> None:
    """Create the tables that are missing, and add the columns that tables of earlier versions lack."""
    for name, (columns, partitions) in _TABLES.items():
        create_ops_table(spark, lake, name, columns, partitions)
        present = set(spark.table(lake.ops(name)).columns)
        missing = [one for one in map(str.strip, columns.split(",")) if one.split()[0] not in present]
        if missing:
            spark.sql(f"ALTER TABLE {lake.ops(name)} ADD COLUMNS ({', '.join(missing)})")


def current_snapshot(spark: SparkSession, table: str) -> PinnedSnapshot | None:
    """The table's current snapshot, whatever the catalog has cached; None if it has none."""
    if not spark.catalog.tableExists(table):
        return None
    snapshot = current_table(spark, table).currentSnapshot()
    if snapshot is None:
        return None
    rows = int(snapshot.summary().getOrDefault("total-records", "0"))
    return PinnedSnapshot(snapshot.snapshotId(), rows)


def table_at(
    spark: SparkSession, lake: Lake, contract: Contract, snapshot: PinnedSnapshot | None
) -> DataFrame:
    """The dataset's rows at a snapshot; no rows if there is none."""
    if snapshot is None:
        return spark.createDataFrame([], table_schema(contract))
    return spark.read.option("versionAsOf", snapshot.id).table(lake.table(contract.dataset))


def current_ops_table(spark: SparkSession, lake: Lake, name: str, columns: str) -> DataFrame:
    """These columns (DDL) of a table in `lake_ops` at its current snapshot; no rows if there is no table."""
    table, empty = lake.ops(name), spark.createDataFrame([], columns)
    snapshot = current_snapshot(spark, table)
    if snapshot is None:
        return empty
    return spark.read.option("versionAsOf", snapshot.id).table(table).select(empty.columns)


def append_mismatches(lake: Lake, mismatches: DataFrame, dataset: str, at: datetime) -> int:
    """Store the mismatches (`MISMATCH`) of the comparison that began at `at`; returns their number.

    A run that is repeated makes a comparison of another time.
    """
    rows = mismatches.select(F.lit(dataset).alias("dataset"), F.lit(at).alias("verified_through"), "*")
    return append_once(rows, lake.ops(PARITY_MISMATCHES), _commit_id(dataset, at), at)


def mismatches_of(spark: SparkSession, lake: Lake, compared: Comparison) -> DataFrame:
    """The mismatches of a comparison, columns `MISMATCH`."""
    is_of_dataset = F.col("dataset") == compared.dataset
    is_of_time = F.col("verified_through") == F.lit(compared.verified_through)
    stored = spark.table(lake.ops(PARITY_MISMATCHES)).where(is_of_dataset & is_of_time)
    return stored.drop("dataset", "verified_through")


def delete_mismatches(spark: SparkSession, lake: Lake, compared: Comparison) -> None:
    """Delete the mismatches of a comparison that has its certificate."""
    at = f"TIMESTAMP '{compared.verified_through.astimezone(UTC).replace(tzinfo=None)}Z'"
    spark.sql(
        f"DELETE FROM {lake.ops(PARITY_MISMATCHES)} "  # noqa: S608 -- a dataset's name and a time
        f"WHERE dataset = '{compared.dataset}' AND verified_through = {at}"
    )


def record_certificate(spark: SparkSession, lake: Lake, certificate: Certificate) -> None:
    """Append the certificate to `parity_results`, once."""
    at = certificate.verified_through
    row = {**certificate.to_dict(), "verified_through": at, "issued_at": certificate.issued_at}
    rows = spark.createDataFrame([row], RESULT).coalesce(1)
    append_once(rows, lake.ops(PARITY_RESULTS), _commit_id(certificate.dataset, at), at)


def _commit_id(dataset: str, at: datetime) -> str:
    """The id that the snapshot of an append carries, by which a repeated append is recognised."""
    return f"parity-{dataset}-{at.isoformat()}"
