"""The reason against a field of CSV says what to declare, if something would help."""

from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.file_dialect import CsvDialect
from jobs.doors.drop import parse_drop
from jobs.reading.received import IS_UNTYPED
from tests.jobs.builders import received

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PRICES = Contract(
    "prices",
    "1",
    "",
    (Column("id", "long", required=True), Column("price", "decimal(10,2)"), Column("day", "date")),
    key=("id",),
)
PRICE, DAY = "type: column price: expected decimal(10,2), got ", "type: column day: expected date, got "
COMMA = "; declare decimalChar or groupChar: ','"


def reasons(spark: "SparkSession", contract: Contract, *rows: tuple[str, str]) -> list[str]:
    sent = [{"id": "1", "price": price, "day": day} for price, day in rows]
    of_file = {"source_file": F.lit("s3://raw/a.csv"), IS_UNTYPED: F.lit(True)}
    frame = received(spark, sent).withColumns(of_file)
    return [
        one for row in parse_drop(frame, contract).orderBy("row_number").collect() for one in row["reasons"]
    ]


def test_a_reason_says_what_to_declare(small_data_spark: "SparkSession") -> None:
    found = reasons(
        small_data_spark,
        PRICES,
        ("1,5", "31.12.2026"),
        ("-1.234,50", "12/31/26"),
        ("1,000", "2026/12/31"),
        ("N/A", "-"),
        ("one", "2026-02-30"),
    )

    assert found == [
        f"{PRICE}'1,5'{COMMA}",
        f"{DAY}'31.12.2026'; declare its format, such as dd.MM.yyyy",
        f"{PRICE}'-1.234,50'{COMMA}",
        f"{DAY}'12/31/26'; declare its format, such as dd.MM.yyyy",
        f"{PRICE}'1,000'{COMMA}",
        f"{DAY}'2026/12/31'; declare its format, such as dd.MM.yyyy",
        f"{PRICE}'N/A'; declare missingValues: N/A",
        f"{DAY}'-'; declare missingValues: -",
        f"{PRICE}'one'",
        f"{DAY}'2026-02-30'",
    ]


def test_nothing_is_advised_that_is_declared(small_data_spark: "SparkSession") -> None:
    day = replace(PRICES.column("day"), format="dd.MM.yyyy")
    declared = replace(PRICES, columns=(*PRICES.columns[:2], day), csv=CsvDialect(decimal=","))

    assert reasons(small_data_spark, declared, ("1,5,5", "31/12/2026")) == [
        f"{PRICE}'1,5,5'",
        f"{DAY}'31/12/2026'",
    ]
