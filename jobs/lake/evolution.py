"""Changes a dataset's live tables in place so that they match the contract, or says why that is not possible.

`expectations.evolution` decides what may be changed. All changes are planned before the first is made. Each
is a commit of its own; if a run stops in between, the next run finds fewer changes to make.
"""

from collections.abc import Iterable
from itertools import starmap

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.declared import DECLARED, Declared
from expectations.evolution import Addition, Declaration, LiveTable, Plan, TableChange, partition, plan
from expectations.problems import GluelineError
from expectations.spark_literals import literal
from expectations.spark_schema import changes_schema, columns_of, spark_type, table_schema
from jobs.changes.key_text import encode_key
from jobs.lake.creation import create_dataset_tables
from jobs.lake.iceberg import current_schema, load_table, partition_fields, spark_schema
from jobs.lake.names import Lake
from jobs.runtime.log import log


class EvolutionRefused(GluelineError):
    """Raised when the live tables cannot be changed to match a contract; names all reasons."""


def bring_to_contract(spark: SparkSession, lake: Lake, contract: Contract) -> None:
    """Create the dataset's tables if they do not exist, and change them where the contract has changed.

    Raises EvolutionRefused, before any change, if the tables cannot be changed in place.
    """
    planned = plans(spark, lake, contract)
    for table, found in planned.items():
        for change in found.changes:
            if isinstance(change, Declaration) and change.is_first:
                log("table lacks the contract of its rows: stored from the current contract", table=table)
            spark.sql(statement(table, change))
    add_bookkeeping(spark, lake, contract, planned)
    if len(planned) < len(lake.of_dataset(contract.dataset)):
        create_dataset_tables(spark, lake, contract)


def lacks_columns(spark: SparkSession, lake: Lake, contract: Contract) -> bool:
    """Whether the dataset's changes, which are changed last, lack a column of the contract."""
    have = current_schema(spark, lake.changes(contract.dataset)).fieldNames()
    return not set(changes_schema(contract).fieldNames()) <= set(have)


def plans(spark: SparkSession, lake: Lake, contract: Contract) -> dict[str, Plan]:
    """The changes to each of the dataset's tables that exist.

    Raises EvolutionRefused if a table cannot be changed in place.
    """
    tables = lake.of_dataset(contract.dataset)
    existing = [table for table in tables if spark.catalog.tableExists(table)]

    def has_null(column: str) -> bool:
        return tables[0] in existing and not spark.table(tables[0]).where(F.col(column).isNull()).isEmpty()

    planned = {table: plan(live(spark, table), contract, has_null) for table in existing}
    if refusals := list(dict.fromkeys(one for found in planned.values() for one in found.refusals)):
        raise EvolutionRefused(
            f"the contract {contract.source or contract.dataset} cannot be applied to the live tables, so "
            f"no file of {contract.dataset} was read; its files wait: {'; '.join(refusals)}"
        )
    return planned


def live(spark: SparkSession, table: str) -> LiveTable:
    """The table as it is: the contract's columns, the partitions, and what its rows were accepted under."""
    loaded = load_table(spark, table)
    columns = columns_of(spark_schema(spark, loaded.schema()))
    of_contract = tuple(column for column in columns if not column.name.startswith("_"))
    partitions = tuple(starmap(partition, partition_fields(spark, loaded)))
    stored = loaded.properties().get(DECLARED)
    properties = {} if stored is None else {DECLARED: stored}
    return LiveTable(of_contract, partitions, Declared.from_properties(properties))


def statement(table: str, change: TableChange) -> str:
    """The change as SQL."""
    if isinstance(change, Declaration):
        value = literal(change.declared.to_json())
        return f"ALTER TABLE {table} SET TBLPROPERTIES ({literal(DECLARED)} = {value})"
    path = ".".join(f"`{part}`" for part in change.path)
    kind = spark_type(change.column).simpleString()
    if isinstance(change, Addition):
        text = change.column.description
        return f"ALTER TABLE {table} ADD COLUMN {path} {kind}" + (f" COMMENT {literal(text)}" if text else "")
    return f"ALTER TABLE {table} ALTER COLUMN {path} TYPE {kind}"


def add_bookkeeping(spark: SparkSession, lake: Lake, contract: Contract, tables: Iterable[str]) -> None:
    """Add the bookkeeping columns that tables of an earlier version lack, and fill in `_key`."""
    wanted = {
        lake.table(contract.dataset): table_schema(contract),
        lake.changes(contract.dataset): changes_schema(contract),
    }
    for table in tables:
        have = set(current_schema(spark, table).fieldNames())
        for field in wanted[table]:
            if field.name not in have:
                spark.sql(f"ALTER TABLE {table} ADD COLUMN `{field.name}` {field.dataType.simpleString()}")
        if "_key" in wanted[table].fieldNames() and "_key" not in have:
            spark.table(table).withColumn("_key", encode_key(contract)).writeTo(table).overwrite(F.lit(True))
