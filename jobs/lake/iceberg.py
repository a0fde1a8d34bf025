"""The live tables of the lake as Iceberg sees them: which there are, how large, by which snapshots."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.timestamps import instant_of
from jobs.lake.names import Lake


@dataclass(frozen=True, slots=True)
class Size:
    """The live files of a table, delete files among them, and their bytes."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of a table, by its id."""

    id: int
    at: datetime


def tables(spark: SparkSession, lake: Lake) -> Iterator[str]:
    """The full names of all tables in both databases."""
    for database in (lake.database, lake.ops_database):
        for row in spark.sql(f"SHOW TABLES IN {lake.catalog}.{database}").collect():
            yield f"{lake.catalog}.{database}.{row['tableName']}"


def iceberg(spark: SparkSession, table: str) -> Any:
    """Iceberg's own table, as it is now, whatever the catalog has cached."""
    jvm: Any = spark._jvm
    found = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, table)
    found.refresh()
    return found


def size(spark: SparkSession, table: str) -> Size:
    """What the newest snapshot's summary says: no file is read."""
    snapshot = iceberg(spark, table).currentSnapshot()
    if snapshot is None:
        return Size(0, 0)
    said: dict[str, str] = dict(snapshot.summary())
    files = int(said.get("total-data-files", 0)) + int(said.get("total-delete-files", 0))
    return Size(files, int(said.get("total-files-size", 0)))


def planned_bytes(rows: DataFrame) -> int:
    """How much Spark expects to read of a table for the frame's conditions; 0 if no file may hold such rows.

    By partitions and bounds, as Iceberg plans the scan: no data file is read, and no Spark job run. The frame
    is the table with conditions that reach the scan, and nothing else.
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


def oldest(spark: SparkSession, table: str) -> datetime | None:
    """When the oldest snapshot was committed that the table has not expired; None if it has none."""
    history = iceberg(spark, table).history()
    return None if history.isEmpty() else instant_of(history[0].timestampMillis() * 1000)


def referred(spark: SparkSession, table: str) -> frozenset[int]:
    """The snapshots that branches and tags stand at; Iceberg refuses to expire these."""
    return frozenset(row[0] for row in spark.table(f"{table}.refs").select("snapshot_id").collect())


def call(spark: SparkSession, table: str, procedure: str, arguments: str = "") -> dict[str, Any]:
    """Call one of Iceberg's procedures on the table; the first row of what it says."""
    catalog, name = table.split(".", 1)
    rows = spark.sql(f"CALL {catalog}.system.{procedure}(table => '{name}'{arguments})").collect()
    return rows[0].asDict() if rows else {}
