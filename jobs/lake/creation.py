"""Creates the tables of a dataset and those in which Glueline records its own work."""

from pyspark.sql import SparkSession

from expectations.contract import Contract
from expectations.spark_schema import create_changes_ddl, create_table_ddl, table_properties
from jobs.lake.names import BATCHES, QUALITY_RESULTS, QUARANTINE, TOMBSTONES, Lake

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


def create_dataset_tables(spark: SparkSession, lake: Lake, contract: Contract) -> None:
    """Create the dataset's two tables if they do not exist."""
    for table, ddl in (
        (lake.table(contract.dataset), create_table_ddl),
        (lake.changes(contract.dataset), create_changes_ddl),
    ):
        _create(spark, table, ddl(contract, table))


def create_ops_tables(spark: SparkSession, lake: Lake) -> None:
    """Create the tables that every batch writes to, and the tombstones, if they do not exist."""
    for name, columns in OPS_TABLES.items():
        create_ops_table(spark, lake, name, columns, _OPS_PARTITIONS.get(name))
    batches = lake.ops(BATCHES)
    if "superseded" not in spark.table(batches).columns:  # created by an earlier version
        spark.sql(f"ALTER TABLE {batches} ADD COLUMN superseded bigint")


def create_ops_table(
    spark: SparkSession, lake: Lake, name: str, columns: str, partitions: str | None = None
) -> None:
    """Create one of Glueline's own tables if it does not exist; `columns` and `partitions` are DDL."""
    partitioned = f"PARTITIONED BY ({partitions})" if partitions else ""
    table = lake.ops(name)
    ddl = f"CREATE TABLE IF NOT EXISTS {table} ({columns}) USING iceberg {partitioned} {table_properties()}"
    _create(spark, table, ddl)


def _create(spark: SparkSession, table: str, ddl: str) -> None:
    """For a table that exists, CREATE … IF NOT EXISTS sends eight requests to the Glue catalog."""
    if not spark.catalog.tableExists(table):
        spark.sql(ddl)
