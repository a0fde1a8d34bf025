"""The lake's tables: their names, their making, and appends that happen once.

An append commits with the id of its batch in the snapshot's summary. A batch that is checked again, because a
run died after the append, finds its id there and appends nothing. One job writes at a time; rows and id are
one commit, so there is no moment at which the one is there without the other.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from expectations.contract import Contract
from expectations.spark_schema import create_changes_ddl, create_table_ddl, table_properties
from expectations.timestamps import instant_of
from jobs.lake.session import configured

BATCH_ID = "glueline.batch-id"
QUARANTINE, BATCHES, QUALITY_RESULTS, TOMBSTONES = "quarantine", "batches", "quality_results", "tombstones"
NO_PROPERTIES: Mapping[str, str] = MappingProxyType({})
_CLOCK_SKEW = timedelta(hours=1)
OPS_TABLES = {
    QUARANTINE: """dataset string, reasons array<string>, payload string, source_file string,
        row_number bigint, batch_id string, quarantined_at timestamp""",
    BATCHES: """batch_id string, dataset string, source_file string, door string, rows_read bigint,
        accepted bigint, quarantined bigint, checked_at timestamp, superseded bigint""",
    QUALITY_RESULTS: """batch_id string, dataset string, success boolean, statistics string, result string,
        ran_at timestamp""",
    TOMBSTONES: """dataset string NOT NULL, key string NOT NULL, _version bigint, _tie string,
        deleted_at timestamp""",
}
_OPS_PARTITIONS = {QUARANTINE: "days(quarantined_at)", TOMBSTONES: "dataset"}


@dataclass(frozen=True, slots=True)
class Lake:
    """The full names of the tables."""

    database: str
    ops_database: str
    catalog: str = "glue_catalog"

    def table(self, dataset: str) -> str:
        return f"{self.catalog}.{self.database}.{dataset}"

    def changes(self, dataset: str) -> str:
        return f"{self.catalog}.{self.database}.{dataset}_changes"

    def ops(self, name: str) -> str:
        return f"{self.catalog}.{self.ops_database}.{name}"


def create_dataset_tables(spark: SparkSession, lake: Lake, contract: Contract) -> None:
    """Make the dataset's tables where they are missing."""
    for table, ddl in (
        (lake.table(contract.dataset), create_table_ddl),
        (lake.changes(contract.dataset), create_changes_ddl),
    ):
        _create(spark, table, ddl(contract, table))


def create_ops_tables(spark: SparkSession, lake: Lake) -> None:
    """Make the tables that every batch writes to, and the tombstones, where they are missing."""
    for name, columns in OPS_TABLES.items():
        create_ops_table(spark, lake, name, columns, _OPS_PARTITIONS.get(name))
    batches = lake.ops(BATCHES)
    if "superseded" not in spark.table(batches).columns:  # made by an earlier version
        spark.sql(f"ALTER TABLE {batches} ADD COLUMN superseded bigint")


def create_ops_table(
    spark: SparkSession, lake: Lake, name: str, columns: str, partitions: str | None = None
) -> None:
    """Make a table that the platform keeps about itself where it is missing."""
    partitioned = f"PARTITIONED BY ({partitions})" if partitions else ""
    table = lake.ops(name)
    ddl = f"CREATE TABLE IF NOT EXISTS {table} ({columns}) USING iceberg {partitioned} {table_properties()}"
    _create(spark, table, ddl)


def append_once(
    rows: DataFrame, table: str, batch_id: str, begun: datetime, properties: Mapping[str, str] = NO_PROPERTIES
) -> int:
    """Append a batch's rows unless that has happened; how many rows the table got of the batch.

    `begun` is when the batch began: no snapshot older than that can be of the batch. The snapshot also says
    `properties`.
    """
    committed = find_commit(rows.sparkSession, table, batch_id, begun)
    if committed is None:
        said = {**properties, BATCH_ID: batch_id}
        options = {f"snapshot-property.{name}": text for name, text in said.items()}
        rows.writeTo(table).options(**options).append()
        committed = find_commit(rows.sparkSession, table, batch_id, begun)
    return int((committed or {}).get("added-records", 0))


def find_commit(spark: SparkSession, table: str, batch_id: str, begun: datetime) -> Mapping[str, str] | None:
    """The summary of the table's snapshot that carries the batch's id; None if there is none."""
    for snapshot in _snapshots(spark, table):
        if instant_of(snapshot.timestampMillis() * 1000) < begun - _CLOCK_SKEW:
            return None
        summary: dict[str, str] = dict(snapshot.summary())
        if batch_id in summary.get(BATCH_ID, "").split(","):
            return summary
    return None


def committing(spark: SparkSession, batch_ids: Iterable[str]) -> AbstractContextManager[None]:
    """What SQL commits to tables inside carries the batches' ids, as an append's does."""
    return configured(spark, {f"spark.sql.iceberg.snapshot-property.{BATCH_ID}": ",".join(batch_ids)})


def _create(spark: SparkSession, table: str, ddl: str) -> None:
    """Of a table that is there, CREATE … IF NOT EXISTS asks the Glue catalog eight times."""
    if not spark.catalog.tableExists(table):
        spark.sql(ddl)


def _snapshots(spark: SparkSession, table: str) -> Iterator[Any]:
    """The table's snapshots from the current one back. By Iceberg's own API: a query would be a Spark job."""
    jvm: Any = spark._jvm
    iceberg = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, table)
    snapshot = iceberg.currentSnapshot()
    while snapshot is not None:
        yield snapshot
        parent = snapshot.parentId()
        snapshot = None if parent is None else iceberg.snapshot(parent)
