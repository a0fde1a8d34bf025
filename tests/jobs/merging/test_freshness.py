"""Freshness is measured from the clock of the door; exports and repairs are left out."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from expectations.timestamps import micros_of
from jobs.merging.freshness import Arrivals, arrivals, freshness
from jobs.runtime.metrics import Metric

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MICROS = micros_of(NOON)


def arrived(spark: "SparkSession", *changes: tuple[str, int]) -> Arrivals:
    """The arrivals of changes: door and seconds after noon."""
    rows = [(door, NOON + timedelta(seconds=seconds)) for door, seconds in changes]
    found = spark.createDataFrame(rows, "_source string, _updated_at timestamp").agg(*arrivals()).first()
    assert found is not None
    return Arrivals(*found)


def test_the_first_and_the_middle_change_of_stream_and_drops_count(spark: "SparkSession") -> None:
    found = arrived(
        spark, ("stream", 10), ("stream", 30), ("drop", 20), ("export", -86_400), ("repair", -600)
    )

    assert found == Arrivals(MICROS + 10_000_000, MICROS + 20_000_000)


def test_exports_and_repairs_alone_have_no_freshness(spark: "SparkSession") -> None:
    assert freshness("products", arrived(spark, ("export", 1), ("repair", 2)), NOON) == []


@pytest.mark.parametrize(
    ("committed", "longest", "median"),
    [
        (NOON + timedelta(seconds=90), 90.0, 60.0),
        (NOON - timedelta(seconds=1), 0.0, 0.0),  # clocks differ
    ],
)
def test_freshness_ends_with_the_commit(committed: datetime, longest: float, median: float) -> None:
    assert freshness("products", Arrivals(MICROS, MICROS + 30_000_000), committed) == [
        Metric("FreshnessSeconds", longest, "products"),
        Metric("FreshnessMedianSeconds", median, "products"),
    ]
