"""Compares the states of items and rows key by key: pure functions of frames.

A key whose item and row differ is a *mismatch*: either the table is wrong, or a change is in flight.
`jobs.parity.drift` tells later which of the two it is.
"""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# A mismatch is stored as what DynamoDB held of the key; `is_item` is false if it held nothing.
MISMATCH = "key string, is_item boolean, is_live boolean, version bigint, content bigint"


def one_row_per_key(rows: DataFrame) -> DataFrame:
    """The newest row state of each key.

    Columns: key, copies (the number of rows; more than one means that the table is damaged), positions
    (version, tie of each row), version, tie, content, is_drop.
    """
    newest = F.max_by(F.struct("version", "tie", "content", "is_drop"), F.struct("version", "tie"))
    positions = F.collect_list(F.struct("version", "tie"))
    found = rows.groupBy("key").agg(
        F.count("*").alias("copies"), newest.alias("newest"), positions.alias("positions")
    )
    return found.select("key", "copies", "positions", "newest.*")


def compare_keys(items: DataFrame, rows: DataFrame, buckets: Sequence[int]) -> DataFrame:
    """Compare each key of these buckets: the columns of `MISMATCH`, and `finding`.

    A finding is agree, drop_only (a row of a drop without an item), outranked (an item that is older than a
    drop's row of its key) or mismatch.
    """
    is_chosen = F.col("bucket").isin(*buckets)
    of_items = items.where(is_chosen).select(
        "key", F.lit(True).alias("is_item"), "is_live", "version", "content"
    )
    of_rows = one_row_per_key(rows.where(is_chosen))
    item = of_items.select("key", F.struct("is_item", "is_live", "version", "content").alias("item"))
    row = of_rows.select("key", F.struct("copies", "version", "content", "is_drop").alias("row"))
    joined = item.join(row, "key", "full")
    is_live = is_true(F.col("item.is_live"))
    agree = F.when(is_live, is_same(F.col("row"), F.col("item"))).otherwise(F.col("row").isNull())
    newer = F.col("item").isNull() | (F.col("row.version") > F.col("item.version"))
    by_drop = is_true(F.col("row.is_drop") & (F.col("row.copies") == 1) & newer)
    finding = (
        F.when(is_true(agree), "agree")
        .when(by_drop & is_live, "outranked")
        .when(by_drop, "drop_only")
        .otherwise("mismatch")
    )
    return joined.select(
        "key",
        is_true(F.col("item.is_item")).alias("is_item"),
        is_live.alias("is_live"),
        "item.version",
        "item.content",
        finding.alias("finding"),
    )


def is_same(row: Expression, state: Expression) -> Expression:
    """Whether the only row of a key equals the state of an item; an item without a version equals any."""
    version = state["version"].isNull() | (row["version"] == state["version"])
    return is_true((row["copies"] == 1) & (row["content"] == state["content"]) & version)


def is_true(condition: Expression) -> Expression:
    """The condition, with false in place of null."""
    return F.coalesce(condition, F.lit(False))


def count_findings(compared: DataFrame) -> dict[str, int]:
    """The number of keys by finding."""
    rows: list[Any] = compared.groupBy("finding").count().collect()
    return {row["finding"]: row["count"] for row in rows}
