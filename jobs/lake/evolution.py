"""Brings a dataset's live tables to its contract, in place, or says why that can't be done.

What may be done is for `expectations.evolution` to say. All of it is asked before any of it is done. Each
change is a commit of its own; if a run stops in between, the next finds less to do.
"""

from collections.abc import Iterable
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.declared import DECLARED, Declared
from expectations.evolution import Addition, Declaration, LiveTable, Plan, TableChange, partition, plan
from expectations.spark_literals import literal
from expectations.spark_schema import changes_schema, columns_of, spark_type, table_schema
from jobs.changes.key_text import encode_key
from jobs.lake.names import Lake, create_dataset_tables
from jobs.runtime.log import say


class EvolutionRefused(Exception):
    """Raised when the live tables can't become what a contract says; names all reasons."""


def bring_to_contract(spark: SparkSession, lake: Lake, contract: Contract) -> None:
    """Make the dataset's tables where they are missing, and change them where the contract has changed.

    EvolutionRefused if that can't be done in place; then nothing was done.
    """
    planned = plans(spark, lake, contract)
    for table, found in planned.items():
        for change in found.changes:
            if isinstance(change, Declaration) and change.is_first:
                say("table takes what its rows were accepted under from the contract", table=table)
            spark.sql(statement(table, change))
    add_bookkeeping(spark, lake, contract, planned)
    create_dataset_tables(spark, lake, contract)


def lacks_columns(spark: SparkSession, lake: Lake, contract: Contract) -> bool:
    """Whether the contract has a column that the dataset's changes, the last to be changed, don't have."""
    have = spark.table(lake.changes(contract.dataset)).columns
    return not set(changes_schema(contract).fieldNames()) <= set(have)


def plans(spark: SparkSession, lake: Lake, contract: Contract) -> dict[str, Plan]:
    """What has to be done to each of the dataset's tables that are there.

    EvolutionRefused if it can't be done in place.
    """
    tables = [lake.table(contract.dataset), lake.changes(contract.dataset)]
    there = [table for table in tables if spark.catalog.tableExists(table)]

    def has_null(column: str) -> bool:
        return tables[0] in there and not spark.table(tables[0]).where(F.col(column).isNull()).isEmpty()

    planned = {table: plan(live(spark, table), contract, has_null) for table in there}
    if refusals := list(dict.fromkeys(one for found in planned.values() for one in found.refusals)):
        raise EvolutionRefused(
            f"the contract {contract.source or contract.dataset} can't be applied to the live tables, so "
            f"nothing of {contract.dataset} was read; its files wait: {'; '.join(refusals)}"
        )
    return planned


def live(spark: SparkSession, table: str) -> LiveTable:
    """The table as it is."""
    columns = columns_of(spark.table(table).schema)
    ours = tuple(column for column in columns if not column.name.startswith("_"))
    jvm: Any = spark._jvm
    iceberg = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, table)
    partitions = tuple(
        partition(iceberg.schema().findColumnName(field.sourceId()), field.transform().toString())
        for field in iceberg.spec().fields()
    )
    return LiveTable(ours, partitions, Declared.from_properties(dict(iceberg.properties())))


def statement(table: str, change: TableChange) -> str:
    """The change as SQL."""
    if isinstance(change, Declaration):
        said = literal(change.declared.to_json())
        return f"ALTER TABLE {table} SET TBLPROPERTIES ({literal(DECLARED)} = {said})"
    path = ".".join(f"`{part}`" for part in change.path)
    kind = spark_type(change.column).simpleString()
    if isinstance(change, Addition):
        text = change.column.description
        return f"ALTER TABLE {table} ADD COLUMN {path} {kind}" + (f" COMMENT {literal(text)}" if text else "")
    return f"ALTER TABLE {table} ALTER COLUMN {path} TYPE {kind}"


def add_bookkeeping(spark: SparkSession, lake: Lake, contract: Contract, there: Iterable[str]) -> None:
    """Add the columns of ours that tables made by an earlier version lack; `_key` is filled in."""
    wanted = {
        lake.table(contract.dataset): table_schema(contract),
        lake.changes(contract.dataset): changes_schema(contract),
    }
    for table in there:
        have = set(spark.table(table).schema.fieldNames())
        for field in wanted[table]:
            if field.name not in have:
                spark.sql(f"ALTER TABLE {table} ADD COLUMN `{field.name}` {field.dataType.simpleString()}")
        if "_key" in wanted[table].fieldNames() and "_key" not in have:
            spark.table(table).withColumn("_key", encode_key(contract)).writeTo(table).overwrite(F.lit(True))
