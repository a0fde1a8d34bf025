"""The summary of changes: counts, bounds of keys, and the partitions that changes name."""

from datetime import date
from typing import TYPE_CHECKING

from expectations.timestamps import micros_of
from jobs.lake.names import Lake
from jobs.merging.freshness import Arrivals
from jobs.merging.summary import ChangeSummary, summarise
from tests.jobs.builders import EVENTS, SENT
from tests.jobs.change_rows import change_rows
from tests.jobs.merging.events import change

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_changes_are_counted_and_bounded_by_the_partition_that_they_name(
    small_data_spark: "SparkSession", lake: Lake
) -> None:
    changes = change_rows(
        small_data_spark, EVENTS,
        change("upsert", 1, 9, 3), change("upsert", 4, 8, 3),
        change("delete", 7, 5), change("retract", 2, 6, 8),
    )  # fmt: skip

    found = summarise(changes, lake, EVENTS)

    assert found is not None
    shop = "t.`shop` BETWEEN 'a' AND 'a' AND t.`number` BETWEEN"
    bounds = found.in_bounds[1:-1].split(" OR ")
    assert set(bounds) == {f"({shop} 1 AND 4)", f"({shop} 7 AND 7)", f"({shop} 2 AND 2)"}
    assert found == ChangeSummary(
        changes=4,
        deletes=1,
        retracts=1,
        oldest=5,
        arrived=Arrivals(micros_of(SENT), micros_of(SENT)),
        in_bounds=found.in_bounds,
        in_range=f"(({shop} 1 AND 7))",
        partitions={EVENTS.partitions[0]: frozenset({date(2026, 1, 4), date(2026, 1, 9)})},
    )


def test_no_changes_have_no_summary(small_data_spark: "SparkSession", lake: Lake) -> None:
    assert summarise(change_rows(small_data_spark, EVENTS), lake, EVENTS) is None
