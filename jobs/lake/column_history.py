"""What the columns of a live table were before: the types and columns that its rows were written with.

A table is widened in place (`jobs.lake.evolution`), and its rows stay as they were written. Two changes make
a row and the item that it came from look different, though nothing is wrong:

* A float became a double. The row holds the float nearest to the item's number, and the item now reads as the
  nearest double. Rows of before and after can't be told apart, so both sides are compared as floats.
* A column with a default was added. Rows of before have no value, and the item now reads as the default. So
  null and the default are compared as one.

Iceberg keeps the schemas that a table had.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from expectations.contract import Column, Contract
from expectations.spark_schema import columns_of
from jobs.lake.iceberg import iceberg

type Path = tuple[str, ...]  # into structs and lists ("element")


@dataclass(frozen=True, slots=True)
class ColumnHistory:
    """What of a contract's columns was otherwise in an earlier schema of the table, or is so still."""

    once_float: frozenset[Path] = frozenset()  # columns of doubles
    added: frozenset[str] = frozenset()  # columns with a default


NO_HISTORY = ColumnHistory()


def column_history(spark: SparkSession, table: str, contract: Contract) -> ColumnHistory:
    """The history of the contract's columns in that table; of a table that is not there, none."""
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
    jvm: Any = spark._jvm
    for schema in iceberg(spark, table).schemas().values():
        converted = jvm.org.apache.iceberg.spark.SparkSchemaUtil.convert(schema)
        yield StructType.fromJson(json.loads(converted.json()))
