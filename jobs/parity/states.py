"""Reduces items and rows to states that can be compared.

A *state* is what one side holds for a key: its `version`, and a hash of its content. Both sides are typed by
the contract before they are hashed, so equal values have equal hashes whatever wrote them.
"""

from collections.abc import Collection

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StructType

from expectations.contract import Column, Contract
from expectations.spark_schema import spark_type
from jobs.changes.columns import UPSERT, default_value
from jobs.changes.key_text import encode_key
from jobs.changes.positions import EXACT_TIMES
from jobs.doors.stream import parse_stream
from jobs.intake.doors import doors_of_rows
from jobs.lake.column_history import NO_HISTORY, ColumnHistory, Path
from jobs.parity.dynamodb_scan import UNSTAMPED


def item_states(received: DataFrame, contract: Contract, history: ColumnHistory = NO_HISTORY) -> DataFrame:
    """Items (`jobs.parity.dynamodb_scan`) as states: key, is_live, version, content, is_rejected, record.

    An item of an existing table may come without its key text.
    `version` is null if the writer of the item set none; `is_rejected` is true if the item breaks its
    contract.
    """
    key = F.coalesce("source_file", encode_key(contract))
    return parse_stream(received, contract).select(
        key.alias("key"),
        (F.col("_op") == UPSERT).alias("is_live"),
        F.nullif(F.col("_version"), F.lit(UNSTAMPED)).alias("version"),
        content_hash(contract, key, history).alias("content"),
        (F.size("reasons") > 0).alias("is_rejected"),
        F.col("payload").alias("record"),
    )


def row_states(table: DataFrame, contract: Contract, history: ColumnHistory = NO_HISTORY) -> DataFrame:
    """The table's rows as states: key, is_drop, version, tie, content.

    The table may have fewer columns and narrower types than its contract, as long as no batch has evolved it.
    """
    live = {field.name: field.dataType for field in table.schema}
    typed = {
        column.name: _widened(F.col(column.name), column, live.get(column.name))
        for column in contract.columns
    }
    rows = table.withColumns(typed).withColumn("key", encode_key(contract))
    return rows.select(
        "key",
        F.col("_source").isin(doors_of_rows()).alias("is_drop"),
        F.col("_version").alias("version"),
        F.col("_tie").alias("tie"),
        content_hash(contract, F.col("key"), history).alias("content"),
    )


def _widened(value: Expression, column: Column, live: DataType | None) -> Expression:
    """A value of the table's type as a value of the contract's type; null if the table has no such column."""
    wanted = spark_type(column)
    if live is None:
        return F.lit(None).cast(wanted)
    if live.simpleString() == wanted.simpleString():
        return value
    if isinstance(live, StructType):
        types = {field.name: field.dataType for field in live}
        fields = [
            _widened(value[field.name], field, types.get(field.name)).alias(field.name)
            for field in column.fields
        ]
        return F.when(value.isNotNull(), F.struct(*fields))
    if isinstance(live, ArrayType):
        return F.transform(value, lambda item: _widened(item, column.fields[0], live.elementType))
    return value.cast(wanted)


def content_hash(contract: Contract, key: Expression, history: ColumnHistory = NO_HISTORY) -> Expression:
    """A hash of the key and all columns, and of which are null: Spark's own hash skips nulls."""
    parts = [
        part
        for column in contract.columns
        for value in (_canonical(column, history),)
        for part in (value.isNull(), value)
    ]
    return F.xxhash64(key, *parts)


def _canonical(column: Column, history: ColumnHistory) -> Expression:
    """The column's values in a form in which values that count as equal are the same."""
    value = F.col(column.name)
    if column.name in history.added:
        value = F.coalesce(value, default_value(column))
    value = _as_once(value, column, (column.name,), history.once_float)
    return F.to_json(value, EXACT_TIMES) if column.kind in ("struct", "list") else value


def _as_once(value: Expression, column: Column, path: Path, once_float: Collection[Path]) -> Expression:
    """The value, with the nearest float in place of each double whose column was once a float."""
    if not any(one[: len(path)] == path for one in once_float):
        return value
    if column.kind == "struct":
        fields = [
            _as_once(value[field.name], field, (*path, field.name), once_float).alias(field.name)
            for field in column.fields
        ]
        return F.when(value.isNotNull(), F.struct(*fields))
    if column.kind == "list":
        element = column.fields[0]
        return F.transform(value, lambda item: _as_once(item, element, (*path, "element"), once_float))
    nearest = value.cast("float").cast("double")
    return F.when(F.abs(nearest) < F.lit(float("inf")), nearest).otherwise(value)  # larger than any float
