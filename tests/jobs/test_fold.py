"""Changes fold to the newest of each key; what is outranked clears the place it named."""

from typing import TYPE_CHECKING, Any

from chispa import assert_df_equality

from jobs.fold import greatest_deletes, newest_per_place, outranked_become_deletes
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

CHANGES = "_key string, place string, _op string, _version long, _tie string, _updated_at timestamp"
FOLDED = "_key string, place string, _op string, _version long, _tie string"


def changes(spark: "SparkSession", *rows: "Sequence[Any]") -> "DataFrame":
    return spark.createDataFrame([(*row, SENT) for row in rows], CHANGES)


def fold(spark: "SparkSession", rows: "DataFrame", graves: "Sequence[Any]" = ()) -> "DataFrame":
    tombstones = spark.createDataFrame(list(graves), "key string, _version long, _tie string")
    newest = newest_per_place(rows, ["_key"], ["place"])
    return outranked_become_deletes(newest, tombstones, ["_key"], ["place"]).select(
        "_key", "place", "_op", "_version", "_tie"
    )


def assert_folds_to(spark: "SparkSession", found: "DataFrame", *expected: "Sequence[Any]") -> None:
    assert_df_equality(
        found, spark.createDataFrame(list(expected), FOLDED), ignore_row_order=True, ignore_nullable=True
    )


def test_the_newest_change_of_a_key_wins_and_a_tie_is_broken(spark: "SparkSession") -> None:
    rows = changes(
        spark,
        ("a", "p", "upsert", 1, "9"),
        ("a", "p", "delete", 2, "1"),
        ("a", "p", "upsert", 2, "2"),
        ("b", "p", "upsert", 1, "-f"),
        ("b", "p", "delete", 1, "0"),
    )

    assert_folds_to(spark, fold(spark, rows), ("a", "p", "upsert", 2, "2"), ("b", "p", "delete", 1, "0"))


def test_a_change_that_came_twice_stays_once_in_each_place_a_null_one_too(spark: "SparkSession") -> None:
    twice = [("a", None, "upsert", 1, "x"), ("a", "p", "upsert", 1, "x"), ("b", "p", "delete", 2, "x")]
    rows = changes(spark, *twice, *twice, ("b", "p", "upsert", 1, "y"), ("c", None, "upsert", 1, "z"))

    newest = newest_per_place(rows, ["_key"], ["place"]).select("_key", "place", "_op", "_version", "_tie")

    assert_folds_to(spark, newest, *twice, ("c", None, "upsert", 1, "z"))


def test_places_that_a_newer_change_left_are_cleared(spark: "SparkSession") -> None:
    rows = changes(
        spark, ("a", "p", "upsert", 1, ""), ("a", "q", "upsert", 3, ""), ("a", "r", "delete", 2, "")
    )

    assert_folds_to(
        spark,
        fold(spark, rows),
        ("a", "p", "delete", 3, ""),
        ("a", "q", "upsert", 3, ""),
        ("a", "r", "delete", 3, ""),
    )


def test_a_tombstone_outranks_older_upserts_and_no_newer_one(spark: "SparkSession") -> None:
    rows = changes(
        spark, ("a", "p", "upsert", 1, ""), ("b", "p", "upsert", 7, ""), ("c", "p", "upsert", 1, "")
    )

    assert_folds_to(
        spark,
        fold(spark, rows, [("a", 5, "x"), ("b", 5, "x")]),
        ("a", "p", "delete", 5, "x"),
        ("b", "p", "upsert", 7, ""),
        ("c", "p", "upsert", 1, ""),
    )


def test_a_tombstone_is_the_greatest_delete_though_a_newer_upsert_follows(spark: "SparkSession") -> None:
    rows = changes(
        spark,
        ("a", "p", "delete", 1, "2"),
        ("a", "q", "delete", 1, "1"),
        ("a", "p", "upsert", 9, ""),
        ("b", "p", "upsert", 1, ""),
    )

    found = greatest_deletes(rows)

    expected = spark.createDataFrame(
        [("a", 1, "2", SENT)], "key string, _version long, _tie string, deleted_at timestamp"
    )
    assert_df_equality(found, expected, ignore_nullable=True)
