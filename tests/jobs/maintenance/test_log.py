"""The table of maintenance steps."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from jobs.lake.names import Lake
from jobs.maintenance.log import (
    MAINTENANCE,
    StepResult,
    create_maintenance_table,
    record_steps,
    time_since_last,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def test_steps_are_recorded_once_for_each_run_and_the_last_of_a_subject_is_known(
    spark: "SparkSession", lake: Lake
) -> None:
    create_maintenance_table(spark, lake)
    first = [StepResult("a", "orphan files", 2, seconds=1.5), StepResult("b", "orphan files", 0)]
    for _ in range(2):
        record_steps(spark, lake, "run_1", first, NOW - WEEK)
    record_steps(spark, lake, "run_2", [StepResult("a", "orphan files", 0)], NOW - timedelta(hours=1))
    record_steps(spark, lake, "run_3", [StepResult("b", "snapshots", 3)], NOW)

    assert spark.table(lake.ops(MAINTENANCE)).count() == 4
    assert time_since_last(spark, lake, "orphan files", NOW) == {"a": timedelta(hours=1), "b": WEEK}
    assert time_since_last(spark, lake, "no such step", NOW) == {}
