"""Changes fold to the newest of each key; a change that a tombstone outranks becomes a delete."""

from typing import TYPE_CHECKING, Any

import pytest
from chispa import assert_df_equality

from jobs.merging.fold import greatest_deletes, newest_per_key, outranked_become_deletes
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
CHANGES = "_key string, _op string, _version long, _tie string, _updated_at timestamp"
FOLDED = "_key string, _op string, _version long, _tie string"


def changes(spark: "SparkSession", *rows: "Sequence[Any]") -> "DataFrame":
    return spark.createDataFrame([(*row, SENT) for row in rows], CHANGES)


def fold(spark: "SparkSession", rows: "DataFrame", deleted: "Sequence[Any]" = ()) -> "DataFrame":
    tombstones = spark.createDataFrame(list(deleted), "key string, _version long, _tie string")
    newest = newest_per_key(rows, ["_key"])
    return outranked_become_deletes(newest, tombstones).select("_key", "_op", "_version", "_tie")


def assert_folds_to(spark: "SparkSession", found: "DataFrame", *expected: "Sequence[Any]") -> None:
    assert_df_equality(
        found, spark.createDataFrame(list(expected), FOLDED), ignore_row_order=True, ignore_nullable=True
    )


def test_the_newest_change_of_a_key_wins_and_a_tie_is_broken(spark: "SparkSession") -> None:
    rows = changes(
        spark,
        ("a", "upsert", 1, "9"),
        ("a", "delete", 2, "1"),
        ("a", "upsert", 2, "2"),
        ("b", "upsert", 1, "-f"),
        ("b", "delete", 1, "0"),
    )

    assert_folds_to(spark, fold(spark, rows), ("a", "upsert", 2, "2"), ("b", "delete", 1, "0"))


def test_a_repeated_change_is_kept_once(spark: "SparkSession") -> None:
    twice = [("a", "upsert", 1, "x"), ("b", "delete", 2, "x")]
    rows = changes(spark, *twice, *twice, ("b", "upsert", 1, "y"), ("c", "upsert", 1, "z"))

    assert_folds_to(spark, fold(spark, rows), *twice, ("c", "upsert", 1, "z"))


def test_a_tombstone_outranks_older_upserts_and_no_newer_one(spark: "SparkSession") -> None:
    rows = changes(
        spark, ("a", "upsert", 1, ""), ("b", "upsert", 7, ""), ("c", "upsert", 1, ""), ("d", "upsert", 5, "w")
    )

    assert_folds_to(
        spark,
        fold(spark, rows, [("a", 5, "x"), ("b", 5, "x"), ("d", 5, "x")]),
        ("a", "delete", 5, "x"),
        ("b", "upsert", 7, ""),
        ("c", "upsert", 1, ""),
        ("d", "delete", 5, "x"),
    )


def test_a_tombstone_is_the_greatest_delete_though_a_newer_upsert_follows(spark: "SparkSession") -> None:
    rows = changes(
        spark,
        ("a", "delete", 1, "2"),
        ("a", "delete", 1, "1"),
        ("a", "upsert", 9, ""),
        ("b", "upsert", 1, ""),
    )

    found = greatest_deletes(rows)

    expected = spark.createDataFrame(
        [("a", 1, "2", SENT)], "key string, _version long, _tie string, deleted_at timestamp"
    )
    assert_df_equality(found, expected, ignore_nullable=True)
