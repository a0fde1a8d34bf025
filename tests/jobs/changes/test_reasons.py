"""Reasons are short, in order, and never null."""

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from jobs.changes.reasons import (
    collect_reasons,
    key_reasons,
    names_given_twice,
    or_false,
    reason,
    shown,
    unknown_reason,
)
from tests.jobs.builders import EVENTS

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression
    from pyspark.sql import SparkSession


def evaluated(spark: "SparkSession", **expressions: "Expression") -> dict[str, Any]:
    """The values of expressions on one row."""
    row = spark.range(1).select(*(value.alias(name) for name, value in expressions.items())).first()
    assert row is not None
    return row.asDict()


def names(*texts: str) -> "Expression":
    return F.array(*map(F.lit, texts))


def test_reasons_are_the_texts_of_the_conditions_that_hold(small_data_spark: "SparkSession") -> None:
    holds, fails, unknown = F.lit(True), F.lit(False), F.lit(None).cast("boolean")

    found = evaluated(
        small_data_spark,
        several=collect_reasons([reason(fails, "a"), reason(holds, "b", F.lit("c")), reason(holds, "d")]),
        none=collect_reasons([reason(fails, "a"), reason(unknown, "b")]),
        parts=reason(holds, "got ", F.lit(None).cast("string")),
        shown=shown(F.lit("x" * 100)),
        or_false=or_false(unknown),
    )

    assert found == {
        "several": ["bc", "d"],
        "none": [],
        "parts": "got ",
        "shown": "'" + "x" * 80 + "'",
        "or_false": False,
    }


def test_unknown_columns_are_named_up_to_ten(small_data_spark: "SparkSession") -> None:
    given = names(*(f"c{number}" for number in range(12)))
    row = small_data_spark.range(1).select(F.lit("upsert").alias("_op"), given.alias("names"))

    found = row.select(unknown_reason(F.col("names"))).first()

    listed = ", ".join(f"c{number}" for number in range(10))
    assert found == (f"unknown: expected the contract's columns, got also {listed} and 2 more",)


def test_further_spellings_of_one_column_are_named(small_data_spark: "SparkSession") -> None:
    spellings = [("street", "road", "way"), ("zip",)]

    found = evaluated(
        small_data_spark,
        twice=names_given_twice(names("way", "zip", "street"), spellings),
        once=names_given_twice(names("road", "zip"), spellings),
    )

    assert found == {"twice": ["way"], "once": []}


def test_a_key_has_a_value_in_each_column_and_fits_an_item(small_data_spark: "SparkSession") -> None:
    schema = "shop string, number int, _wrong_shop boolean, _wrong_number boolean"
    rows: list[tuple[str | None, int | None, bool, bool]] = [
        ("a", 1, False, False),
        ("", None, False, False),
        (None, None, False, True),
        ("ü" * 1000, 1, False, False),
    ]

    frame = small_data_spark.createDataFrame(rows, schema).coalesce(1)
    found = frame.select(collect_reasons(key_reasons(EVENTS))).collect()

    missing, empty = "expected a value, got none", "expected a text, got an empty one"
    assert [row[0] for row in found] == [
        [],
        [f"key: column number: {missing}", f"key: column shop: {empty}"],
        [f"key: column shop: {missing}"],
        ["key: expected a key text of at most 2048 bytes, got 6002"],
    ]
