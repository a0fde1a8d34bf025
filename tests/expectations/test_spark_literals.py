"""A literal stands for its value, whatever Spark and Python do to the statement around it."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.spark_literals import literal
from tests.properties import examples
from tests.sessions import ZONES, in_zone

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PARTS = [
    "{source}",
    "{",
    "}",
    "{0}",
    "'",
    '"',
    "\\",
    "\\u0041",
    "\n",
    "\0",
    "${env:PATH}",
    "${",
    "$",
    ";",
    "--",
]
texts = st.lists(st.sampled_from(PARTS) | st.text(st.characters(exclude_categories=["Cs"]))).map("".join)
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
numbers = st.integers(-(2**63), 2**63 - 1) | st.decimals(-(10**18), 10**18, places=18)


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (None, "NULL"),
        (True, "true"),
        (-7, "-7"),
        (Decimal("1E-18"), "0.000000000000000001"),
        (Decimal("1E+2"), "100"),
        (b"\x00\xff", "X'00ff'"),
        (date(2026, 1, 2), "date'2026-01-02'"),
        (
            datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))),
            "timestamp'2026-01-02 01:00:00+00:00'",
        ),
        ("it's", r"'it\'s'"),
        (r"\d", r"'\\d'"),
        ("${x} {y};\n", r"'\u0024\u007bx\u007d \u007by\u007d\u003b\u000a'"),
    ],
)
def test_a_value_as_sql(value: Any, sql: str) -> None:
    assert literal(value) == sql


def test_a_datetime_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a time with a zone"):
        literal(datetime(2026, 1, 1))


@settings(max_examples=examples(30))
@given(
    st.lists(texts, min_size=1, max_size=20), st.lists(numbers, max_size=5), st.sampled_from(ZONES), instants
)
def test_spark_reads_a_literal_as_its_value(
    small_data_spark: "SparkSession", strings: list[str], others: list[Any], zone: str, at: datetime
) -> None:
    micros = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    with in_zone(small_data_spark, zone):
        row = small_data_spark.sql(
            f"SELECT array({', '.join(map(literal, strings))}) AS strings, "
            f"struct({', '.join([*map(literal, others), '0'])}) AS others, "
            f"unix_micros({literal(at)}) AS micros FROM {{source}}",
            source=small_data_spark.range(1),
        ).first()
    assert row is not None
    assert row["strings"] == strings
    assert [Decimal(value) for value in row["others"]] == [Decimal(value) for value in [*others, 0]]
    assert row["micros"] == micros
