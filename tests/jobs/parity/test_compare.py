"""What a comparison finds for each key."""

from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as F

from jobs.parity.compare import MISMATCH, compare_keys, count_findings, one_row_per_key

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ITEM = "key string, is_live boolean, version long, content long"
ROW = "key string, is_drop boolean, version long, tie string, content long"
ITEMS = [
    ("same", True, 5, 1),
    ("unstamped", True, None, 1),  # its writer set no version
    ("deleted", False, 5, 1),
    ("lost", True, 5, 1),
    ("altered", True, 5, 1),
    ("aged", True, 5, 1),
    ("twice", True, 5, 1),
    ("not deleted", False, 5, 1),
    ("newer drop", True, 5, 1),
    ("older drop", True, 5, 1),
    ("drop after delete", False, 5, 1),
]
ROWS = [
    ("same", False, 5, "a", 1),
    ("unstamped", False, 7, "a", 1),
    ("altered", False, 5, "a", 2),
    ("aged", False, 4, "a", 1),
    ("twice", False, 5, "a", 1),
    ("twice", False, 5, "b", 1),
    ("not deleted", False, 4, "a", 1),
    ("never written", False, 4, "a", 1),
    ("newer drop", True, 6, "a", 2),
    ("older drop", True, 4, "a", 2),
    ("drop after delete", True, 6, "a", 2),
    ("only a drop", True, 1, "a", 2),
]
FINDINGS = {
    "same": "agree",
    "unstamped": "agree",
    "deleted": "agree",
    "lost": "mismatch",
    "altered": "mismatch",
    "aged": "mismatch",
    "twice": "mismatch",
    "not deleted": "mismatch",
    "never written": "mismatch",
    "newer drop": "outranked",
    "older drop": "mismatch",
    "drop after delete": "drop_only",
    "only a drop": "drop_only",
}


@pytest.fixture
def compared(small_data_spark: "SparkSession") -> "DataFrame":
    items = small_data_spark.createDataFrame(ITEMS, ITEM).withColumn("bucket", F.lit(1))
    rows = small_data_spark.createDataFrame(ROWS, ROW).withColumn("bucket", F.lit(1))
    return compare_keys(items, rows, [1, 2])


def test_each_key_has_one_finding(compared: "DataFrame") -> None:
    assert {row["key"]: row["finding"] for row in compared.collect()} == FINDINGS
    assert count_findings(compared)["mismatch"] == 7


def test_a_mismatch_holds_what_dynamodb_held(small_data_spark: "SparkSession", compared: "DataFrame") -> None:
    mismatches = {row["key"]: tuple(row)[1:] for row in compared.drop("finding").collect()}

    assert compared.drop("finding").columns == small_data_spark.createDataFrame([], MISMATCH).columns
    assert mismatches["lost"] == (True, True, 5, 1)
    assert mismatches["not deleted"] == (True, False, 5, 1)
    assert mismatches["never written"] == (False, False, None, None)


def test_the_newest_row_of_a_key_represents_it_with_the_positions_of_all(
    small_data_spark: "SparkSession",
) -> None:
    rows = [("1", False, 4, "b", 1), ("1", False, 5, "a", 2), ("1", True, 5, "b", 3)]

    (row,) = one_row_per_key(small_data_spark.createDataFrame(rows, ROW)).collect()

    assert (row["copies"], row["version"], row["tie"], row["content"], row["is_drop"]) == (3, 5, "b", 3, True)
    assert sorted(map(tuple, row["positions"])) == [(4, "b"), (5, "a"), (5, "b")]
