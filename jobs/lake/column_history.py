"""How the columns of a live table changed: the types and columns that its older rows were written with.

A table is widened in place (`jobs.lake.evolution`), and its rows stay as they were written. Two changes make
a row look different from the item that it came from, although nothing is wrong:

* A float became a double. An older row holds the float nearest to the item's number; the item is now read as
  the nearest double. Older and newer rows cannot be told apart, so both sides are compared as floats.
* A column with a default was added. An older row has null; the item is now read as the default. So null and
  the default are compared as equal.

Iceberg keeps all schemas that a table had.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from expectations.contract import Column, Contract
from expectations.spark_schema import columns_of
from jobs.lake.iceberg import current_table, spark_schema

type Path = tuple[str, ...]  # into structs and lists ("element")


@dataclass(frozen=True, slots=True)
class ColumnHistory:
    """The contract's columns that differ in an earlier schema of the table, or in its current one."""

    once_float: frozenset[Path] = frozenset()  # columns that are doubles now
    added: frozenset[str] = frozenset()  # columns with a default


NO_HISTORY = ColumnHistory()


def column_history(spark: SparkSession, table: str, contract: Contract) -> ColumnHistory:
    """The history of the contract's columns in the table; no history if the table does not exist."""
    return history_of(_schemas(spark, table), contract) if spark.catalog.tableExists(table) else NO_HISTORY


def history_of(schemas: Iterable[StructType], contract: Contract) -> ColumnHistory:
    """The history of the contract's columns in a table that had these schemas."""
    past = [dict(_types(columns_of(schema))) for schema in schemas]
    return ColumnHistory(
        frozenset(
            path
            for path, kind in _types(contract.columns)
            if kind == "double" and any(types.get(path) == "float" for types in past)
        ),
        frozenset(
            column.name
            for column in contract.columns
            if column.default is not None and any((column.name,) not in types for types in past)
        ),
    )


def _types(columns: Iterable[Column], path: Path = ()) -> Iterator[tuple[Path, str]]:
    for column in columns:
        here = (*path, column.name)
        yield here, column.type
        yield from _types(column.fields, here)


def _schemas(spark: SparkSession, table: str) -> Iterator[StructType]:
    for schema in current_table(spark, table).schemas().values():
        yield spark_schema(spark, schema)
