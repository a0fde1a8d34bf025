"""`<dataset>_changes` holds a change once, and only the files that may hold it are searched."""

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from jobs.changes.columns import accepted_changes
from jobs.checking.deduplicate import known_changes
from jobs.lake.names import Lake
from tests.jobs.builders import EVENTS
from tests.jobs.checking.batches import append, changes, parsed, put

pytestmark = pytest.mark.usefixtures("small_data_spark")


def test_a_change_that_comes_in_two_files_and_again_in_another_batch_is_there_once(
    spark: SparkSession, lake: Lake
) -> None:
    append(spark, lake, "b1", [put(1), put(2), put(2)])
    append(spark, lake, "b2", [put(2), put(3), put(1)])

    assert changes(spark, lake) == [("a,1", "upsert", "b1"), ("a,2", "upsert", "b1"), ("a,3", "upsert", "b2")]


def test_known_changes_are_looked_for_in_the_partitions_and_versions_of_the_batch_alone(
    spark: SparkSession, lake: Lake
) -> None:
    for number in range(3):
        append(spark, lake, f"b{number}", [put(number, days=number)])
    recent = accepted_changes(parsed(spark, [put(0), put(9)]), EVENTS)

    known = known_changes(recent, lake, EVENTS)

    assert known is not None
    assert known.select("number").collect() == [Row(number=0)]
    assert known.select(F.input_file_name()).distinct().count() == 1
    plan = known._jdf.queryExecution().executedPlan().toString()
    assert "_version >= " in plan.replace("\n", " ")
    assert "day" in plan
