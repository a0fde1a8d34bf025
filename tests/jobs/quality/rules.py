"""Rows of `EVENTS`, and rules of every kind about them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from expectations.contract import Rule

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MONDAY, TUESDAY = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)
ROWS = [
    ("a", 1, MONDAY, "5", TUESDAY),
    ("b", 2, TUESDAY, "-1", MONDAY),
    ("b", 3, MONDAY, None, TUESDAY),
]
RULES = (
    Rule("amount.range", "expect_column_values_to_be_between", {"column": "amount", "min_value": 0}),
    Rule("amount.required", "expect_column_values_to_not_be_null", {"column": "amount"}),
    Rule(
        "order",
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "updated_at", "column_B": "happened_at"},
        description="It changes after it happened.",
    ),
    Rule(
        "only.b",
        "expect_column_values_to_be_in_set",
        {"column": "number", "value_set": [2], "row_condition": "shop = 'b'", "condition_parser": "spark"},
    ),
    Rule(
        "warned",
        "expect_column_values_to_be_in_set",
        {"column": "shop", "value_set": ["a"]},
        severity="warning",
    ),
    Rule(
        "mostly", "expect_column_values_to_be_in_set", {"column": "shop", "value_set": ["a"], "mostly": 0.1}
    ),
    Rule("unique", "expect_column_values_to_be_unique", {"column": "shop"}),
    Rule("rows", "expect_table_row_count_to_be_between", {"min_value": 10}),
)


def frame(spark: "SparkSession") -> Any:
    schema = "shop string, number int, happened_at timestamp, amount string, updated_at timestamp"
    return spark.createDataFrame(ROWS, schema).withColumn("amount", F.col("amount").cast("decimal(10,2)"))
