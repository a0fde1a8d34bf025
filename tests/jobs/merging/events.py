"""Changes of `EVENTS`, and the rows and tombstones that a merge made of them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jobs.lake.names import TOMBSTONES, Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAYS = [datetime(2026, 1, day, 10, tzinfo=UTC) for day in range(1, 32)]


def change(
    op: str, number: int, version: int | None, day: int | None = None, **columns: Any
) -> dict[str, Any]:
    """A change of event a,<number> on a day of January, counted from 0; its amount is its version."""
    return {
        "_key": f"a,{number}",
        "_op": op,
        "_version": version,
        "shop": "a",
        "number": number,
        "happened_at": None if day is None else DAYS[day],
        "amount": None if version is None else Decimal(version),
        **columns,
    }


def rows(spark: "SparkSession", lake: Lake) -> list[tuple[int, int, int]]:
    """Number, day and version of each row of the table."""
    found = spark.table(lake.table("events")).orderBy("number", "happened_at").collect()
    return [(row["number"], row["happened_at"].astimezone(UTC).day - 1, row["_version"]) for row in found]


def tombstones(spark: "SparkSession", lake: Lake) -> list[tuple[str, int]]:
    """Key and version of each tombstone."""
    found = spark.table(lake.ops(TOMBSTONES)).orderBy("key").collect()
    return [(row["key"], row["_version"]) for row in found]
