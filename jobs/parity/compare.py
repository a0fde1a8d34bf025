"""Compares a DynamoDB table with its Iceberg table: pure functions of frames.

A *state* is what one side says of a key, reduced to what can be compared: its `version` and a hash of its
content, typed by the contract on both sides. States of a *bucket* of keys are added up to a count, a sum and
an exclusive or of hashes, which do not depend on order; only they come to the driver. Where the sums of both
sides agree, so do the bucket's keys. Where they don't, its states are joined key by key, and what differs
there is a *suspect*: something is wrong, or a change was on its way. `jobs.parity.drift` tells which, later.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

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

SUSPECT = "key string, is_item boolean, is_live boolean, version bigint, content bigint"
_KEYS_PER_BUCKET = 500
_FEWEST_BUCKETS, _MOST_BUCKETS = 256, 4096


@dataclass(frozen=True, slots=True)
class BucketSum:
    """One side of one bucket. `apart` counts what the sums leave out: items marked deleted, rows of drops."""

    count: int = 0
    hashes: int = 0
    xor: int = 0
    apart: int = 0

    def agrees_with(self, rows: "BucketSum") -> bool:
        """Whether these items are those rows.

        Where deleted items and rows of drops meet, a delete may have missed such a row: then look closer.
        """
        same = (self.count, self.hashes, self.xor) == (rows.count, rows.hashes, rows.xor)
        return same and not (self.apart and rows.apart)


def bucket_count(keys: int) -> int:
    """How many buckets for so many keys: a power of two within bounds."""
    wanted = 1 << (max(keys, 1) // _KEYS_PER_BUCKET).bit_length()
    return min(max(wanted, _FEWEST_BUCKETS), _MOST_BUCKETS)


def item_states(received: DataFrame, contract: Contract, history: ColumnHistory = NO_HISTORY) -> DataFrame:
    """Items (`jobs.parity.dynamodb_scan`) as states: key, is_live, version, content, is_refused, record.

    `version` is null where the item's writer stamped none; `is_refused` where no row can be made of the item.
    """
    key = F.col("source_file")
    return parse_stream(received, contract).select(
        key.alias("key"),
        (F.col("_op") == UPSERT).alias("is_live"),
        F.nullif(F.col("_version"), F.lit(UNSTAMPED)).alias("version"),
        content_hash(contract, key, history).alias("content"),
        (F.size("reasons") > 0).alias("is_refused"),
        F.col("payload").alias("record"),
    )


def row_states(table: DataFrame, contract: Contract, history: ColumnHistory = NO_HISTORY) -> DataFrame:
    """The table's rows as states: key, is_drop, version, tie, content.

    A table that was not brought to its contract yet has fewer columns and narrower types.
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
    """A value of the live type, null where there is none, as a value of the column's type."""
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
    """A hash of the key and all columns, in which null is not nothing: Spark's own passes nulls by."""
    parts = [
        part
        for column in contract.columns
        for value in (_canonical(column, history),)
        for part in (value.isNull(), value)
    ]
    return F.xxhash64(key, *parts)


def _canonical(column: Column, history: ColumnHistory) -> Expression:
    """The column's values in a form that is the same for values that are compared as one."""
    value = F.col(column.name)
    if column.name in history.added:
        value = F.coalesce(value, default_value(column))
    value = _as_once(value, column, (column.name,), history.once_float)
    return F.to_json(value, EXACT_TIMES) if column.kind in ("struct", "list") else value


def _as_once(value: Expression, column: Column, path: Path, once_float: Collection[Path]) -> Expression:
    """With the doubles that were floats as the nearest floats, where there are any."""
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
    return F.when(F.abs(nearest) < F.lit(float("inf")), nearest).otherwise(value)  # no float was larger


def with_bucket(states: DataFrame, buckets: int) -> DataFrame:
    """With the bucket of the key."""
    return states.withColumn("bucket", F.pmod(F.xxhash64("key"), F.lit(buckets)).cast("int"))


def item_sums(items: DataFrame) -> dict[int, BucketSum]:
    """The sum of each bucket's live items."""
    return _sums(items, F.col("is_live"))


def row_sums(rows: DataFrame) -> dict[int, BucketSum]:
    """The sum of each bucket's rows that are not from drops."""
    return _sums(rows, ~F.col("is_drop"))


def _sums(states: DataFrame, counts: Expression) -> dict[int, BucketSum]:
    one = F.when(counts, F.xxhash64("content", "version"))
    sums = states.groupBy("bucket").agg(
        F.count(one).alias("count"),
        # As decimal(38,0), or it would overflow. It sees two of the same, which an exclusive or does not.
        F.coalesce(F.sum(one.cast("decimal(28,0)")), F.lit(0)).alias("hashes"),
        F.coalesce(F.bit_xor(one), F.lit(0)).alias("xor"),
        F.count_if(~counts).alias("apart"),
    )
    return {
        row["bucket"]: BucketSum(row["count"], int(row["hashes"]), row["xor"], row["apart"])
        for row in sums.collect()
    }


def differing_buckets(items: dict[int, BucketSum], rows: dict[int, BucketSum]) -> list[int]:
    """The buckets whose sides don't agree."""
    nothing = BucketSum()
    return sorted(
        bucket
        for bucket in items.keys() | rows.keys()
        if not items.get(bucket, nothing).agrees_with(rows.get(bucket, nothing))
    )


def one_row_per_key(rows: DataFrame) -> DataFrame:
    """The newest row of each key, how many `copies` there are (one, or the table is damaged), and where."""
    newest = F.max_by(F.struct("version", "tie", "content", "is_drop"), F.struct("version", "tie"))
    positions = F.collect_list(F.struct("version", "tie"))
    found = rows.groupBy("key").agg(
        F.count("*").alias("copies"), newest.alias("newest"), positions.alias("positions")
    )
    return found.select("key", "copies", "positions", "newest.*")


def compare_keys(items: DataFrame, rows: DataFrame, buckets: Sequence[int]) -> DataFrame:
    """What the sides say of each key of these buckets: the columns of `SUSPECT` (the item), and `finding`.

    agree | drop_only (a drop's row without an item) | outranked (by a drop's row) | suspect
    """
    here = F.col("bucket").isin(*buckets)
    of_items = items.where(here).select("key", F.lit(True).alias("is_item"), "is_live", "version", "content")
    of_rows = one_row_per_key(rows.where(here))
    item = of_items.select("key", F.struct("is_item", "is_live", "version", "content").alias("item"))
    row = of_rows.select("key", F.struct("copies", "version", "content", "is_drop").alias("row"))
    joined = item.join(row, "key", "full")
    is_live = _or_false(F.col("item.is_live"))
    agree = F.when(is_live, is_same(F.col("row"), F.col("item"))).otherwise(F.col("row").isNull())
    newer = F.col("item").isNull() | (F.col("row.version") > F.col("item.version"))
    by_drop = _or_false(F.col("row.is_drop") & (F.col("row.copies") == 1) & newer)
    finding = (
        F.when(_or_false(agree), "agree")
        .when(by_drop & is_live, "outranked")
        .when(by_drop, "drop_only")
        .otherwise("suspect")
    )
    return joined.select(
        "key",
        _or_false(F.col("item.is_item")).alias("is_item"),
        is_live.alias("is_live"),
        "item.version",
        "item.content",
        finding.alias("finding"),
    )


def is_same(row: Expression, state: Expression) -> Expression:
    """Whether the one row of a key is what a state of an item says. Where it says no version, any will do."""
    version = state["version"].isNull() | (row["version"] == state["version"])
    return _or_false((row["copies"] == 1) & (row["content"] == state["content"]) & version)


def _or_false(condition: Expression) -> Expression:
    return F.coalesce(condition, F.lit(False))


def count_findings(compared: DataFrame) -> dict[str, int]:
    """How many keys there are of each finding."""
    rows: list[Any] = compared.groupBy("finding").count().collect()
    return {row["finding"]: row["count"] for row in rows}
