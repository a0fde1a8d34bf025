"""Spark and the Lambdas write and read the same key text."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from expectations import keys
from expectations.contract import Column, Contract
from expectations.spark_schema import row_schema
from jobs.changes.key_text import decode_key, encode_key

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
COLUMNS = (
    Column("name", "string"),
    Column("number", "long"),
    Column("price", "decimal(20,10)"),
    Column("day", "date"),
    Column("at", "timestamp"),
    Column("flag", "boolean"),
)
CONTRACT = Contract("keys", "1", "", COLUMNS, key=tuple(column.name for column in COLUMNS))
AT = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
ROWS: list[tuple[Any, ...]] = [
    ("a b,c/ü~*-_.%+'\"é😀", -5, Decimal("0E-10"), date(2024, 2, 29), AT, True),
    ("1", 2**62, Decimal("-1234567890.0000000001"), date(1, 1, 1), AT.replace(microsecond=1200), False),
    ("~", 0, Decimal("0.0000001000"), date(9999, 12, 31), AT.replace(year=4, microsecond=999999), True),
]


def test_spark_and_the_lambdas_write_one_text_for_one_key(spark: "SparkSession") -> None:
    frame = spark.createDataFrame(ROWS, row_schema(CONTRACT))

    texts = [row[0] for row in frame.select(encode_key(CONTRACT)).collect()]

    assert texts == [keys.encode_key(CONTRACT, dict(zip(CONTRACT.key, row, strict=True))) for row in ROWS]


def test_a_key_text_is_read_back_exactly(spark: "SparkSession") -> None:
    frame = spark.createDataFrame(ROWS, row_schema(CONTRACT)).withColumn("text", encode_key(CONTRACT))
    decoded = [read.value for read in decode_key(CONTRACT, frame["text"]).values()]

    found = frame.select(*decoded).collect()

    assert [tuple(row) for row in found] == [tuple(row) for row in frame.drop("text").collect()]
