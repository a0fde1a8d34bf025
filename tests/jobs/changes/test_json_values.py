"""JSON values keep their type and their digits, and an object with a name twice is refused."""

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from expectations.contract import Column
from jobs.changes.json_values import json_type, parse_members, read_json, shown_json

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DIGITS = "12345678901234567890.123456789012345678"

# type of the column, JSON, the value or, if it is of another type, how a reason shows it
CASES: list[tuple[str, str, str]] = [
    ("string", '"5"', "5"),
    ("string", "5", "the number 5; write it in quotes"),
    ("string", "true", "'true'"),
    ("boolean", "true", "true"),
    ("boolean", '"true"', "the text 'true'; write true or false without quotes"),
    ("long", "5", "5"),
    ("long", '"5"', "5"),
    ("decimal(38,18)", DIGITS, DIGITS),
]


def test_a_value_is_of_the_columns_json_type_or_is_shown_with_advice(
    small_data_spark: "SparkSession",
) -> None:
    expressions = []
    for kind, text, _ in CASES:
        column, value = Column("c", kind), F.try_parse_json(F.lit(text))
        given, plain = json_type(column, value), value.cast("string")
        read = read_json(column, plain, given)
        shown = shown_json(column, plain, given)
        expressions.append(F.when(read.wrong, shown).otherwise(read.value.cast("string")))

    found = small_data_spark.range(1).select(*expressions).first()

    assert list(found or ()) == [expected for *_, expected in CASES]


def test_an_object_with_a_name_twice_has_no_members(small_data_spark: "SparkSession") -> None:
    texts = ['{"a": 1}', '{"a": 1, "a": 2}', '{"a": {"b": 1, "b": 2}}', "[1]", "{"]

    found = small_data_spark.range(1).select(*(F.map_keys(parse_members(F.lit(text))) for text in texts))

    assert list(found.first() or ()) == [["a"], None, None, None, None]
