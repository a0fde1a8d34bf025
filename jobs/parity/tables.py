"""The tables and metrics of parity: suspects, certificates, and how old the newest good certificate is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.spark_schema import table_schema
from expectations.timestamps import instant_of
from jobs.lake.commits import append_once
from jobs.lake.creation import create_ops_table
from jobs.lake.iceberg import current_table
from jobs.lake.names import Lake
from jobs.parity.certificates import Certificate, Comparison
from jobs.parity.compare import SUSPECT
from jobs.runtime.metrics import Metric, publish

PARITY_RESULTS, PARITY_SUSPECTS = "parity_results", "parity_suspects"
RESULT = """dataset string, verified_through timestamp, issued_at timestamp, run_id string,
    snapshot_id bigint, buckets int, differing_buckets int, suspects bigint, items bigint, rows bigint,
    drop_only bigint, outranked bigint, missing array<string>, extra array<string>, differing array<string>,
    quarantined array<string>, repaired bigint, ok boolean, erased array<string>"""
_TABLES = {
    PARITY_RESULTS: (RESULT, "days(verified_through)"),
    # By the comparison they belong to: deleting what a certificate settled then rewrites no file.
    PARITY_SUSPECTS: (f"dataset string, verified_through timestamp, {SUSPECT}", "dataset, verified_through"),
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of an Iceberg table."""

    id: int
    rows: int


def create_parity_tables(spark: SparkSession, lake: Lake) -> None:
    """Make the tables where they are missing, and the columns that tables of earlier versions lack."""
    for name, (columns, partitions) in _TABLES.items():
        create_ops_table(spark, lake, name, columns, partitions)
        have = set(spark.table(lake.ops(name)).columns)
        missing = [one for one in map(str.strip, columns.split(",")) if one.split()[0] not in have]
        if missing:
            spark.sql(f"ALTER TABLE {lake.ops(name)} ADD COLUMNS ({', '.join(missing)})")


def current_snapshot(spark: SparkSession, table: str) -> Snapshot | None:
    """The table's snapshot as it is now, whatever the catalog has cached; None if there is none."""
    if not spark.catalog.tableExists(table):
        return None
    snapshot = current_table(spark, table).currentSnapshot()
    if snapshot is None:
        return None
    return Snapshot(snapshot.snapshotId(), int(snapshot.summary().getOrDefault("total-records", "0")))


def table_at(spark: SparkSession, lake: Lake, contract: Contract, snapshot: Snapshot | None) -> DataFrame:
    """The dataset's rows at a snapshot; none if there is none."""
    if snapshot is None:
        return spark.createDataFrame([], table_schema(contract))
    return spark.read.option("versionAsOf", snapshot.id).table(lake.table(contract.dataset))


def ops_table_at(spark: SparkSession, lake: Lake, name: str, columns: str) -> DataFrame:
    """These columns of one of the platform's own tables as it is now; no rows if there is no such table."""
    table = lake.ops(name)
    snapshot = current_snapshot(spark, table)
    if snapshot is None:
        return spark.createDataFrame([], columns)
    names = [part.split()[0] for part in columns.split(",")]
    return spark.read.option("versionAsOf", snapshot.id).table(table).select(names)


def keep_suspects(lake: Lake, suspects: DataFrame, dataset: str, at: datetime) -> int:
    """Write a comparison's suspects (`SUSPECT`); how many there are. A run that repeats has another time."""
    rows = suspects.select(F.lit(dataset).alias("dataset"), F.lit(at).alias("verified_through"), "*")
    return append_once(rows, lake.ops(PARITY_SUSPECTS), f"parity-{dataset}-{at.isoformat()}", at)


def suspects_of(spark: SparkSession, lake: Lake, compared: Comparison) -> DataFrame:
    """The suspects of a comparison."""
    return (
        spark.table(lake.ops(PARITY_SUSPECTS))
        .where((F.col("dataset") == compared.dataset) & (F.col("verified_through") == F.lit(compared.at)))
        .drop("dataset", "verified_through")
    )


def forget_suspects(spark: SparkSession, lake: Lake, compared: Comparison) -> None:
    """Delete the suspects of a comparison that has its certificate."""
    at = f"TIMESTAMP '{compared.at.astimezone(UTC).replace(tzinfo=None)}Z'"
    spark.sql(
        f"DELETE FROM {lake.ops(PARITY_SUSPECTS)} "  # noqa: S608 -- names and times of ours
        f"WHERE dataset = '{compared.dataset}' AND verified_through = {at}"
    )


def record(spark: SparkSession, lake: Lake, certificate: Certificate) -> None:
    """The certificate into `parity_results`, once."""
    at, issued = (
        datetime.fromisoformat(text) for text in (certificate.verified_through, certificate.issued_at)
    )
    row = {**certificate.to_dict(), "verified_through": at, "issued_at": issued}
    rows = spark.createDataFrame([row], RESULT).coalesce(1)
    append_once(rows, lake.ops(PARITY_RESULTS), f"parity-{certificate.dataset}-{at.isoformat()}", at)


def send_metrics(
    cloudwatch: Any,
    spark: SparkSession,
    lake: Lake,
    certificates: Iterable[Certificate],
    datasets: Sequence[str],
) -> None:
    """`Drift` and `Quarantined` of the certificates, `ParityAgeSeconds` of datasets that had a good one."""
    metrics: list[Metric] = []
    for one in certificates:
        metrics.append(Metric("Drift", one.drift, one.dataset))
        metrics.append(Metric("Quarantined", len(one.quarantined), one.dataset))
    now = datetime.now(UTC)
    for dataset, through in _newest_good(spark, lake).items():
        if dataset in datasets:
            metrics.append(Metric("ParityAgeSeconds", (now - through).total_seconds(), dataset))
    publish(cloudwatch, metrics)


def _newest_good(spark: SparkSession, lake: Lake) -> dict[str, datetime]:
    micros = F.unix_micros(F.max("verified_through")).alias("micros")
    try:
        rows = spark.table(lake.ops(PARITY_RESULTS)).where("ok").groupBy("dataset").agg(micros).collect()
    except AnalysisException:  # no certificate was ever recorded
        return {}
    return {row["dataset"]: instant_of(row["micros"]) for row in rows}
