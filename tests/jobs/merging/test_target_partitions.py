"""A key has one row, in whatever partition, and a merge reads few others to find it."""

from typing import TYPE_CHECKING, Any

import pytest

import jobs.merging.target_partitions
from expectations.contract import Contract
from jobs.lake.names import Lake
from jobs.merging.target_partitions import SMALL, PartitionValues, partition_values_of_keys, within_bounds
from tests.jobs.builders import EVENTS
from tests.jobs.change_rows import merge_batch
from tests.jobs.histories import SPOTS
from tests.jobs.merging.events import change, rows, tombstones

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def test_a_change_finds_the_row_of_its_key_in_another_partition(
    small_data_spark: "SparkSession", lake: Lake
) -> None:
    merge_batch(
        small_data_spark, lake, EVENTS, "b1",
        change("upsert", 1, 5, 3),
        change("upsert", 2, 5, 3),
        change("upsert", 3, 5, 7),
        change("upsert", 4, 5, 7),
        change("upsert", 5, 5, 8),
    )  # fmt: skip
    merge_batch(
        small_data_spark, lake, EVENTS, "b2",
        change("upsert", 1, 6, 7),  # moves the row
        change("upsert", 3, 4, 3),  # is older than the row
        change("delete", 4, 6),  # names no partition
        change("delete", 5, 4),  # neither, and is older
        change("upsert", 6, 1, 3),  # has no row
    )  # fmt: skip

    assert rows(small_data_spark, lake) == [(1, 7, 6), (2, 3, 5), (3, 7, 5), (5, 8, 5), (6, 3, 1)]
    assert tombstones(small_data_spark, lake) == [("a,4", 6), ("a,5", 4)]


@pytest.mark.parametrize("small", [0, SMALL])
def test_null_is_a_partition_too(
    small_data_spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    """In a table partitioned by a text that may be null, rows leave that partition, enter or stay in it."""

    def spot(number: int, version: int, place: str | None, op: str = "upsert") -> dict[str, Any]:
        columns = {"id": number, "place": place, "name": "a"}
        return {"_key": str(number), "_op": op, "_version": version, **columns}

    monkeypatch.setattr(jobs.merging.target_partitions, "SMALL", small)
    first = [*(spot(number, 1, None) for number in (1, 2, 3)), spot(4, 1, "p")]
    merge_batch(small_data_spark, lake, SPOTS, "b1", *first)
    merge_batch(small_data_spark, lake, SPOTS, "b2", spot(1, 2, "p"), spot(4, 2, None), spot(5, 2, "q"))
    merge_batch(small_data_spark, lake, SPOTS, "b3", spot(2, 3, "r"), spot(4, 3, None, "delete"))

    found = small_data_spark.table(lake.table("spots")).orderBy("id").collect()
    assert [(row["id"], row["place"], row["_version"]) for row in found] == [
        (1, "p", 2), (2, "r", 3), (3, None, 1), (5, "q", 2)
    ]  # fmt: skip


def test_rows_are_searched_within_the_bounds_of_their_keys() -> None:
    assert within_bounds(EVENTS, [["a", "b'", 1, 7], ["c", "c", 9, 9]]) == (
        "((t.`shop` BETWEEN 'a' AND 'b\\'' AND t.`number` BETWEEN 1 AND 7)"
        " OR (t.`shop` BETWEEN 'c' AND 'c' AND t.`number` BETWEEN 9 AND 9))"
    )
    assert within_bounds(EVENTS, [[None, None, None, None]]) == "((true))"


@pytest.mark.parametrize(("small", "expected"), [(0, [{1}, {0}]), (SMALL, [])])
def test_rows_are_searched_only_where_large_files_of_other_partitions_can_hold_them(
    small_data_spark: "SparkSession",
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    small: int,
    expected: list[set[int]],
) -> None:
    """Number n is on day n // 10, and the bounds of no two days overlap."""
    searches: list[set[int]] = []

    def search(rows: "DataFrame", changes: "DataFrame", lake: Lake, contract: Contract) -> PartitionValues:
        found = partition_values_of_keys(rows, changes, lake, contract)
        searches.append({day.day - 1 for days in found.values() for day in days})
        return found

    def merge(batch_id: str, *changes: dict[str, Any]) -> None:
        merge_batch(small_data_spark, lake, EVENTS, batch_id, *changes)

    monkeypatch.setattr(jobs.merging.target_partitions, "partition_values_of_keys", search)
    monkeypatch.setattr(jobs.merging.target_partitions, "SMALL", small)
    merge("b1", *(change("upsert", number, 1, number // 10) for number in range(30)))
    merge("b2", *(change("upsert", number, 2, number // 10) for number in range(5, 25)))
    assert searches == []

    merge("b3", change("upsert", 25, 3, 2), change("upsert", 15, 3, 0))
    merge("b4", change("delete", 7, 4))

    assert searches == expected
    assert {row[:2] for row in rows(small_data_spark, lake)} == {
        (number, 0 if number == 15 else number // 10) for number in range(30) if number != 7
    }
