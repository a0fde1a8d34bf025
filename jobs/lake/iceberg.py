"""The lake's tables as Iceberg knows them: their names, sizes, snapshots and procedures."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from expectations.timestamps import instant_of
from jobs.lake.names import Lake


@dataclass(frozen=True, slots=True)
class TableSize:
    """The number of a table's live files, delete files included, and their bytes."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of a table by its id, and when it was committed."""

    id: int
    at: datetime


def table_names(spark: SparkSession, lake: Lake) -> Iterator[str]:
    """The full names of all tables in both databases."""
    for database in (lake.database, lake.ops_database):
        for row in spark.sql(f"SHOW TABLES IN {lake.catalog}.{database}").collect():
            yield f"{lake.catalog}.{database}.{row['tableName']}"


def load_table(spark: SparkSession, table: str) -> Any:
    """Iceberg's Java object of the table, which may be as old as the catalog's cache."""
    jvm: Any = spark._jvm
    return jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, table)


def current_table(spark: SparkSession, table: str) -> Any:
    """Iceberg's Java object of the table as it is now. Costs one more request to the catalog."""
    found = load_table(spark, table)
    found.refresh()
    return found


def spark_schema(spark: SparkSession, schema: Any) -> StructType:
    """Iceberg's `Schema` as Spark has it. To resolve the table by a query would take far longer."""
    jvm: Any = spark._jvm
    converted = jvm.org.apache.iceberg.spark.SparkSchemaUtil.convert(schema)
    return StructType.fromJson(json.loads(converted.json()))


def current_schema(spark: SparkSession, table: str) -> StructType:
    """The columns of the table, which may be as old as the catalog's cache."""
    return spark_schema(spark, load_table(spark, table).schema())


def partition_fields(spark: SparkSession, table: Any) -> list[tuple[str, str]]:
    """The source column and the transform of each partition field of Iceberg's Java object of a table.

    As JSON text: the end of a Java list alone takes seventy calls.
    """
    jvm: Any = spark._jvm
    spec = json.loads(jvm.org.apache.iceberg.PartitionSpecParser.toJson(table.spec()))
    return [
        (table.schema().findColumnName(field["source-id"]), field["transform"]) for field in spec["fields"]
    ]


def forget_tables(spark: SparkSession, tables: Iterable[str]) -> None:
    """Let the session load these tables anew: other sessions of this process may have written to them.

    Costs no request. A table that the session has not loaded, or that does not exist, may be among them.
    """
    jvm: Any = spark._jvm
    for table in tables:
        found = jvm.org.apache.iceberg.spark.Spark3Util.catalogAndIdentifier(spark._jsparkSession, table)
        found.catalog().invalidateTable(found.identifier())


def table_size(spark: SparkSession, table: str) -> TableSize:
    """The table's size by the summary of its newest snapshot: reads no file."""
    snapshot = current_table(spark, table).currentSnapshot()
    if snapshot is None:
        return TableSize(0, 0)
    summary: dict[str, str] = dict(snapshot.summary())
    files = int(summary.get("total-data-files", 0)) + int(summary.get("total-delete-files", 0))
    return TableSize(files, int(summary.get("total-files-size", 0)))


def planned_bytes(rows: DataFrame) -> int:
    """How many bytes Spark expects to read for the frame's conditions; 0 if no file can hold such rows.

    Iceberg plans the scan by partitions and bounds: no data file is read, and no Spark job runs. The frame is
    a table with conditions that reach the scan, and nothing else.
    """
    plan: Any = rows._jdf.queryExecution().optimizedPlan()
    scanned = plan.collectLeaves().head().stats()
    return int(str(scanned.sizeInBytes()))


def snapshots(spark: SparkSession, table: str) -> list[Snapshot]:
    """All snapshots of the table, the oldest first."""
    spark.sql(f"REFRESH TABLE {table}")
    micros = F.unix_micros("committed_at").alias("micros")
    rows = spark.table(f"{table}.snapshots").select("snapshot_id", micros).orderBy("micros").collect()
    return [Snapshot(row["snapshot_id"], instant_of(row["micros"])) for row in rows]


def oldest_snapshot_at(spark: SparkSession, table: str) -> datetime | None:
    """When the oldest snapshot that has not expired was committed; None if the table has no snapshot."""
    history = current_table(spark, table).history()
    return None if history.isEmpty() else instant_of(history[0].timestampMillis() * 1000)


def referenced_snapshots(spark: SparkSession, table: str) -> frozenset[int]:
    """The ids of snapshots that branches and tags refer to; Iceberg refuses to expire these."""
    return frozenset(row[0] for row in spark.table(f"{table}.refs").select("snapshot_id").collect())


def call_procedure(spark: SparkSession, table: str, procedure: str, arguments: str = "") -> dict[str, Any]:
    """Call one of Iceberg's procedures on the table; returns the first row of its result."""
    catalog, name = table.split(".", 1)
    rows = spark.sql(f"CALL {catalog}.system.{procedure}(table => '{name}'{arguments})").collect()
    return rows[0].asDict() if rows else {}
