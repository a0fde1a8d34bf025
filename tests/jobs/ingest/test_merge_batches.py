"""Batches are merged into the table of their dataset once each, and a failure stays in its dataset."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract import Column, Contract
from expectations.spark_schema import changes_schema
from jobs.ingest.merge_batches import Merged, merge_batches
from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch, FileCount
from jobs.lake.commits import BATCH_ID
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import Lake
from jobs.merging import steps
from tests.crashing import crash_at
from tests.jobs.builders import ENTITIES, EVENTS, SENT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
CONTRACTS = {"entities": ENTITIES, "events": EVENTS}
DAYS = [datetime(2026, 1, day, 10, tzinfo=UTC) for day in range(1, 32)]


def change(op: str, number: int, version: int, **columns: Any) -> dict[str, Any]:
    """A change of the entity with that id, or of the event with that number."""
    return {
        "_op": op,
        "_version": version,
        "_tie": "0",
        "id": number,
        "shop": "a",
        "number": number,
        **columns,
    }


def stage(
    spark: "SparkSession", lake: Lake, batches: Batches, contract: Contract, batch_id: str, *changes: Any
) -> None:
    """Leave a batch as `check` leaves it."""
    create_dataset_tables(spark, lake, contract)
    kept = {"_source": "stream", "_batch_id": batch_id, "_ingested_at": SENT, "_updated_at": SENT}
    schema = changes_schema(contract)
    rows = [dict.fromkeys(schema.fieldNames()) | kept | one for one in changes]
    frame = spark.createDataFrame([[row[name] for name in schema.fieldNames()] for row in rows], schema)
    frame.writeTo(lake.changes(contract.dataset)).option(f"snapshot-property.{BATCH_ID}", batch_id).append()
    batches.open(Manifest(batch_id, SENT.isoformat()))
    batches.mark_checked(CheckedBatch(batch_id, (accepted(contract.dataset, len(changes)),)))


def accepted(dataset: str, rows: int) -> FileCount:
    return FileCount(dataset, "s3://raw/f", "stream", rows, rows, 0)


def entities(spark: "SparkSession", lake: Lake) -> list[tuple[Any, ...]]:
    rows = spark.table(lake.table("entities")).select("id", "name", "_version").orderBy("id").collect()
    return [tuple(row) for row in rows]


def events(spark: "SparkSession", lake: Lake) -> list[tuple[Any, ...]]:
    rows = spark.table(lake.table("events")).orderBy("number", "happened_at").collect()
    return [(row["number"], row["happened_at"].astimezone(UTC).day, row["amount"]) for row in rows]


def snapshots(spark: "SparkSession", table: str) -> int:
    return spark.table(f"{table}.snapshots").count()


def test_inserts_updates_and_deletes_fold_into_the_table(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    first = [change("upsert", number, 1, name="old") for number in range(4)]
    stage(spark, lake, batches, ENTITIES, "b1", *first)
    merge_batches(spark, lake, batches, CONTRACTS)
    second = [
        change("upsert", 1, 2, name="new"),
        change("delete", 2, 2),
        change("upsert", 3, 0, name="too old"),
        change("upsert", 4, 1, name="more"),
        change("delete", 5, 1),
    ]
    stage(spark, lake, batches, ENTITIES, "b2", *second)
    merge_batches(spark, lake, batches, CONTRACTS)

    assert entities(spark, lake) == [(0, "old", 1), (1, "new", 2), (3, "old", 1), (4, "more", 1)]
    assert batches.begun() == []


def test_a_late_update_does_not_bring_a_deleted_row_back(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    stage(spark, lake, batches, ENTITIES, "b1", change("delete", 1, 5))
    merge_batches(spark, lake, batches, CONTRACTS)
    stage(spark, lake, batches, ENTITIES, "b2", change("upsert", 1, 4, name="ghost"))
    merge_batches(spark, lake, batches, CONTRACTS)
    late = entities(spark, lake)
    stage(spark, lake, batches, ENTITIES, "b3", change("upsert", 1, 6, name="again"))
    merge_batches(spark, lake, batches, CONTRACTS)

    assert (late, entities(spark, lake)) == ([], [(1, "again", 6)])


def test_tombstones_outrank_late_updates_in_every_bucket(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    numbers = range(40)
    stage(spark, lake, batches, ENTITIES, "b1", *(change("upsert", number, 1) for number in numbers))
    merge_batches(spark, lake, batches, CONTRACTS)
    stage(spark, lake, batches, ENTITIES, "b2", *(change("delete", number, 3) for number in numbers[::2]))
    merge_batches(spark, lake, batches, CONTRACTS)
    late = [change("upsert", number, 2, name="late") for number in numbers]
    stage(spark, lake, batches, ENTITIES, "b3", *late)
    merge_batches(spark, lake, batches, CONTRACTS)

    assert entities(spark, lake) == [(number, "late", 2) for number in numbers[1::2]]


@pytest.mark.parametrize("name", ["merge_rows", "conditions_on_rows"])
def test_a_merge_that_crashes_anywhere_is_finished_by_the_next_run(
    spark: "SparkSession", lake: Lake, batches: Batches, name: str
) -> None:
    stage(spark, lake, batches, ENTITIES, "b1", change("upsert", 1, 1), change("upsert", 2, 1, name="b"))
    merge_batches(spark, lake, batches, CONTRACTS)
    stage(spark, lake, batches, ENTITIES, "b2", change("delete", 1, 2), change("upsert", 2, 2, name="c"))
    with crash_at(steps, name):
        merge_batches(spark, lake, batches, CONTRACTS)
    waiting = batches.to_merge()

    merge_batches(spark, lake, batches, CONTRACTS)

    assert (waiting, batches.to_merge()) == (["b2"], [])
    assert entities(spark, lake) == [(2, "c", 2)]


def test_a_batch_that_was_merged_but_not_closed_is_closed_without_another_snapshot(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    stage(spark, lake, batches, ENTITIES, "b1", change("upsert", 1, 1, name="a"))
    with crash_at(Batches, "close"):
        merge_batches(spark, lake, batches, CONTRACTS)
    before = snapshots(spark, lake.table("entities"))

    merge_batches(spark, lake, batches, CONTRACTS)

    assert (before, snapshots(spark, lake.table("entities"))) == (1, 1)
    assert (entities(spark, lake), batches.begun()) == ([(1, "a", 1)], [])


def test_a_contract_with_one_more_column_may_come_between_check_and_merge(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    stage(spark, lake, batches, ENTITIES, "b1", change("upsert", 1, 1, name="a"))
    wider = replace(ENTITIES, columns=(*ENTITIES.columns, Column("colour", "string")))

    merged = merge_batches(spark, lake, batches, {"entities": wider})

    assert (merged.failures, entities(spark, lake)) == ([], [(1, "a", 1)])
    assert [row["colour"] for row in spark.table(lake.table("entities")).collect()] == [None]


def test_a_dataset_that_fails_in_merge_goes_on_in_batches_of_its_own(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    stage(spark, lake, batches, ENTITIES, "b1", change("upsert", 1, 1, name="a"))
    stage(spark, lake, batches, EVENTS, "b1", change("upsert", 1, 1, happened_at=DAYS[0], amount=Decimal(1)))
    batches.mark_checked(CheckedBatch("b1", tuple(accepted(name, 1) for name in CONTRACTS)))

    failed = merge_batches(spark, lake, batches, {"events": EVENTS})

    [failure] = failed.failures
    assert (failure.batch_id, batches.begun()) == ("b1-entities", ["b1-entities"])
    assert "expected a contract of dataset entities, got none" in failure.error
    assert events(spark, lake) == [(1, 1, Decimal("1.00"))]
    assert merge_batches(spark, lake, batches, CONTRACTS).failures == []
    assert (entities(spark, lake), batches.begun(), batches.failing()) == ([(1, "a", 1)], [], [])


def test_a_key_that_was_deleted_and_came_back_on_another_day_has_one_row(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    monday, tuesday = DAYS[4], DAYS[5]
    stage(spark, lake, batches, EVENTS, "b1", change("upsert", 1, 1, happened_at=monday, amount=Decimal(1)))
    merge_batches(spark, lake, batches, CONTRACTS)
    again = [
        change("delete", 1, 2, happened_at=monday),
        change("upsert", 1, 3, happened_at=tuesday, amount=Decimal(3)),
    ]
    stage(spark, lake, batches, EVENTS, "b2", *again)
    merge_batches(spark, lake, batches, CONTRACTS)

    assert events(spark, lake) == [(1, 6, Decimal("3.00"))]


def test_a_delete_that_does_not_say_the_day_finds_its_row_on_any(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    rows = [
        change("upsert", number, 1, happened_at=DAYS[number], amount=Decimal(number)) for number in range(3)
    ]
    stage(spark, lake, batches, EVENTS, "b1", *rows)
    merge_batches(spark, lake, batches, CONTRACTS)
    more = [change("delete", 1, 2), change("delete", 2, 0), change("upsert", 0, 2, happened_at=DAYS[0])]
    stage(spark, lake, batches, EVENTS, "b2", *more)
    merge_batches(spark, lake, batches, CONTRACTS)

    assert events(spark, lake) == [(0, 1, None), (2, 3, Decimal("2.00"))]


def test_a_merge_reports_the_freshness_of_its_changes_and_of_none_when_there_is_nothing_to_do(
    spark: "SparkSession", lake: Lake, batches: Batches
) -> None:
    stage(spark, lake, batches, ENTITIES, "b1", change("upsert", 1, 1), change("delete", 2, 1))

    values = {
        (one.name, one.dataset): one.value for one in merge_batches(spark, lake, batches, CONTRACTS).metrics
    }

    since_sent = (datetime.now(UTC) - SENT).total_seconds()
    assert set(values) == {("FreshnessSeconds", "entities"), ("FreshnessMedianSeconds", "entities")}
    assert all(value == pytest.approx(since_sent, abs=60) for value in values.values())
    assert merge_batches(spark, lake, batches, CONTRACTS) == Merged([], [])
