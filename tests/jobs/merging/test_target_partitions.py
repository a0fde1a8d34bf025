"""A key has one row, wherever its changes say it lies; a repair takes back what stands at one position."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import jobs.merging.target_partitions
from expectations.contract import Contract
from expectations.spark_schema import changes_schema
from jobs.lake.commits import BATCH_ID
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import TOMBSTONES, Lake
from jobs.merging.steps import merge_changes
from jobs.merging.target_partitions import SMALL, PartitionValues, partition_values_of_keys, within_bounds
from tests.jobs.builders import EVENTS, SENT
from tests.jobs.histories import SPOTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DAYS = [datetime(2026, 1, day, 10, tzinfo=UTC) for day in range(1, 32)]


def merge(
    spark: "SparkSession", lake: Lake, batch_id: str, *changes: dict[str, Any], contract: Contract = EVENTS
) -> None:
    create_dataset_tables(spark, lake, contract)
    names = changes_schema(contract).fieldNames()
    kept = {"_batch_id": batch_id, "_ingested_at": SENT, "_updated_at": SENT}
    rows = [[(dict.fromkeys(names) | kept | one)[name] for name in names] for one in changes]
    frame = spark.createDataFrame(rows, changes_schema(contract))
    frame.writeTo(lake.changes(contract.dataset)).option(f"snapshot-property.{BATCH_ID}", batch_id).append()
    merge_changes(spark, lake, contract, [batch_id])


def change(
    op: str, number: int, version: int | None, day: int | None = None, **columns: Any
) -> dict[str, Any]:
    """A change of event a,<number>; its amount is its version."""
    return {
        "_key": f"a,{number}",
        "_op": op,
        "_version": version,
        "_tie": "-",
        "_source": "drop",
        "shop": "a",
        "number": number,
        "happened_at": None if day is None else DAYS[day],
        "amount": None if version is None else Decimal(version),
        **columns,
    }


def rows(spark: "SparkSession", lake: Lake) -> list[tuple[int, int, int]]:
    """Number, day and version of each row."""
    found = spark.table(lake.table("events")).orderBy("number", "happened_at").collect()
    return [(row["number"], row["happened_at"].astimezone(UTC).day - 1, row["_version"]) for row in found]


def graves(spark: "SparkSession", lake: Lake) -> list[tuple[str, int]]:
    found = spark.table(lake.ops(TOMBSTONES)).orderBy("key").collect()
    return [(row["key"], row["_version"]) for row in found]


def test_a_row_moves_though_its_change_does_not_say_from_where(spark: "SparkSession", lake: Lake) -> None:
    merge(spark, lake, "b1", change("upsert", 1, 1, 3), change("upsert", 2, 1, 3), change("upsert", 3, 1, 9))
    merge(spark, lake, "b2", change("upsert", 1, 2, 7), change("upsert", 3, 2, 9))

    assert rows(spark, lake) == [(1, 7, 2), (2, 3, 1), (3, 9, 2)]


def test_a_late_change_of_another_place_finds_the_newer_row(spark: "SparkSession", lake: Lake) -> None:
    merge(spark, lake, "b1", change("upsert", 1, 5, 7))
    merge(spark, lake, "b2", change("upsert", 1, 4, 3), change("upsert", 2, 1, 3))

    assert rows(spark, lake) == [(1, 7, 5), (2, 3, 1)]


def test_a_delete_that_names_no_place_deletes_older_rows_alone(spark: "SparkSession", lake: Lake) -> None:
    merge(spark, lake, "b1", change("upsert", 1, 5, 7), change("upsert", 2, 5, 8))
    merge(spark, lake, "b2", change("delete", 1, 6), change("delete", 2, 4))

    assert rows(spark, lake) == [(2, 8, 5)]
    assert graves(spark, lake) == [("a,1", 6), ("a,2", 4)]


@pytest.mark.parametrize("small", [0, SMALL])
def test_no_place_is_a_place_too(
    spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    """Of a table partitioned by a text that may be null: rows come from there, go there, and stay there."""

    def spot(number: int, version: int, place: str | None, op: str = "upsert") -> dict[str, Any]:
        position = {"_op": op, "_version": version, "_tie": "-", "_source": "drop"}
        return {"_key": str(number), "id": number, "place": place, "name": "a", **position}

    monkeypatch.setattr(jobs.merging.target_partitions, "SMALL", small)
    merge(
        spark, lake, "b1", *(spot(number, 1, None) for number in (1, 2, 3)), spot(4, 1, "p"), contract=SPOTS
    )
    merge(spark, lake, "b2", spot(1, 2, "p"), spot(4, 2, None), spot(5, 2, "q"), contract=SPOTS)
    merge(spark, lake, "b3", spot(2, 3, "r"), spot(4, 3, None, "delete"), contract=SPOTS)

    found = spark.table(lake.table("spots")).orderBy("id").collect()
    assert [(row["id"], row["place"], row["_version"]) for row in found] == [
        (1, "p", 2), (2, "r", 3), (3, None, 1), (5, "q", 2)
    ]  # fmt: skip


def test_a_retract_takes_back_what_stands_at_its_position_and_nothing_else(
    spark: "SparkSession", lake: Lake
) -> None:
    merge(
        spark, lake, "b1",
        change("upsert", 1, 5, 7),
        change("upsert", 2, 5, 8),
        change("delete", 3, 9),
        change("upsert", 4, 5, 1),
    )  # fmt: skip
    merge(
        spark, lake, "b2",
        change("retract", 1, 5),
        change("retract", 2, 4),
        change("retract", 2, 5, _tie="other"),
        change("retract", 3, 9),
        change("upsert", 3, 1, 2),
        change("retract", 4, 5),
        change("upsert", 4, 4, 6),
    )  # fmt: skip
    once = rows(spark, lake), graves(spark, lake)
    merge_changes(spark, lake, EVENTS, ["b2"])

    assert once == ([(2, 8, 5), (3, 2, 1), (4, 6, 4)], [])
    assert (rows(spark, lake), graves(spark, lake)) == once


def test_rows_of_keys_are_looked_for_within_their_bounds() -> None:
    assert within_bounds(EVENTS, [["a", "b'", 1, 7], ["c", "c", 9, 9]]) == (
        "((t.`shop` BETWEEN 'a' AND 'b\\'' AND t.`number` BETWEEN 1 AND 7)"
        " OR (t.`shop` BETWEEN 'c' AND 'c' AND t.`number` BETWEEN 9 AND 9))"
    )
    assert within_bounds(EVENTS, [[None, None, None, None]]) == "((true))"


@pytest.mark.parametrize(("small", "looks"), [(0, [{1}, {0}]), (SMALL, [])])
def test_rows_are_looked_for_where_large_files_can_hold_them_and_no_change_says(
    spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch, small: int, looks: list[set[int]]
) -> None:
    """Number n lies on day n // 10, and no bounds of a day meet those of another."""
    found: list[set[int]] = []

    def look(rows: "DataFrame", changes: "DataFrame", lake: Lake, contract: Contract) -> PartitionValues:
        places = partition_values_of_keys(rows, changes, lake, contract)
        found.append({day.day - 1 for days in places.values() for day in days})
        return places

    monkeypatch.setattr(jobs.merging.target_partitions, "partition_values_of_keys", look)
    monkeypatch.setattr(jobs.merging.target_partitions, "SMALL", small)
    merge(spark, lake, "b1", *(change("upsert", number, 1, number // 10) for number in range(30)))
    merge(spark, lake, "b2", *(change("upsert", number, 2, number // 10) for number in range(5, 25)))
    assert found == []

    merge(spark, lake, "b3", change("upsert", 25, 3, 2), change("upsert", 15, 3, 0))
    merge(spark, lake, "b4", change("delete", 7, 4))

    assert found == looks
    assert {row[:2] for row in rows(spark, lake)} == {
        (number, 0 if number == 15 else number // 10) for number in range(30) if number != 7
    }
