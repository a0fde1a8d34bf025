"""`<dataset>_changes` holds a change once, however often it comes, and looks for it where it would be."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs.changes.columns import accepted_changes
from jobs.checking.append import BatchDoesNotAddUp, append_changes
from jobs.checking.checked_dataset import CheckedDataset
from jobs.checking.deduplicate import known_changes
from jobs.doors.stream import parse_stream
from jobs.intake.manifest import Manifest
from jobs.intake.results import FileCount
from jobs.lake.names import Lake, create_dataset_tables
from tests.jobs.builders import EVENTS, SENT, received, record

if TYPE_CHECKING:
    from collections.abc import Sequence

VERDICT: Any = None  # what GX says plays no part here


def put(number: int, *, days: int = 0) -> dict[str, Any]:
    """A stream record that puts an item."""
    at = (SENT - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    item = {
        "_key": {"S": f"a,{number}"},
        "shop": {"S": "a"},
        "number": {"N": str(number)},
        "happened_at": {"S": at},
        "updated_at": {"S": at},
    }
    return record("INSERT", f"a,{number}", new=item, number=number)


def checked(rows: DataFrame) -> CheckedDataset:
    count = rows.count()
    counts = (FileCount("events", "s3://raw/file", "stream", count, count, 0),)
    return CheckedDataset(EVENTS, rows.cache(), counts, VERDICT)


def append(spark: SparkSession, lake: Lake, batch_id: str, records: "Sequence[dict[str, Any]]") -> None:
    create_dataset_tables(spark, lake, EVENTS)
    rows = parse_stream(received(spark, records), EVENTS)
    append_changes(lake, Manifest(batch_id, SENT.isoformat()), checked(rows), SENT)


def numbers(spark: SparkSession, lake: Lake) -> list[tuple[str, str, str]]:
    rows = spark.table(lake.changes("events")).select("_key", "_op", "_batch_id").orderBy("_key")
    return [tuple(row) for row in rows.collect()]


def test_a_change_that_comes_in_two_files_and_again_in_another_batch_is_there_once(
    spark: SparkSession, lake: Lake
) -> None:
    append(spark, lake, "b1", [put(1), put(2), put(2)])
    append(spark, lake, "b2", [put(2), put(3), put(1)])

    assert numbers(spark, lake) == [("a,1", "upsert", "b1"), ("a,2", "upsert", "b1"), ("a,3", "upsert", "b2")]


def test_a_batch_of_known_changes_alone_leaves_its_mark_and_no_row(spark: SparkSession, lake: Lake) -> None:
    append(spark, lake, "b1", [put(1)])
    append(spark, lake, "b2", [put(1)])
    append(spark, lake, "b2", [put(1)])

    assert numbers(spark, lake) == [("a,1", "upsert", "b1")]


def test_a_batch_that_comes_again_with_other_rows_does_not_add_up(spark: SparkSession, lake: Lake) -> None:
    append(spark, lake, "b1", [put(1), put(2)])

    with pytest.raises(BatchDoesNotAddUp, match=r"expected 3 rows .* got 2"):
        append(spark, lake, "b1", [put(1), put(2), put(3)])


def test_known_changes_are_looked_for_in_the_partitions_and_versions_of_the_batch_alone(
    spark: SparkSession, lake: Lake
) -> None:
    for number in range(4):
        append(spark, lake, f"b{number}", [put(number, days=number)])
    recent = accepted_changes(parse_stream(received(spark, [put(0), put(9)]), EVENTS), EVENTS)

    known = known_changes(recent, lake, EVENTS)

    assert known.select("number").collect() == [Row(number=0)]
    assert known.select(F.input_file_name()).distinct().count() == 1
    plan = known._jdf.queryExecution().executedPlan().toString()
    assert "_version >= " in plan.replace("\n", " ")
    assert "day" in plan
