"""When files are too many or too worn, and that the table reads the same after they were written again."""

from typing import TYPE_CHECKING

import pytest

from expectations.spark_schema import create_table_ddl
from jobs.maintenance.compaction import (
    MANIFEST_TARGET,
    Place,
    compact,
    needs_compaction,
    needs_fewer_deletes,
    needs_fewer_manifests,
    places,
)
from tests.jobs.builders import ENTITIES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.lake.names import Lake

FINE = Place(files=9, small=4, worn=0, deletes=9)
COMPACTION = [
    ([], False),
    ([FINE], False),
    ([FINE, FINE, FINE], False),  # partitions are not added up: a file never holds two
    ([Place(files=5, small=5, worn=0, deletes=0)], True),
    ([FINE, Place(files=1, small=0, worn=1, deletes=1)], True),
    ([Place(files=1, small=1, worn=0, deletes=2, wide=2)], False),
    ([Place(files=1, small=1, worn=0, deletes=3, wide=3)], True),
    ([Place(files=0, small=0, worn=0, deletes=3, wide=3)], False),  # there is nothing left to write again
]


@pytest.mark.parametrize(("found", "due"), COMPACTION)
def test_data_files_are_written_again_if_a_partition_needs_it(found: list[Place], due: bool) -> None:
    assert needs_compaction(found) is due


DELETES = [
    (4, 4, False),
    (5, 5, True),
    (5, 20, True),
    (5, 21, False),  # most still delete something: it would be written again with the rest
    (0, 100, False),
]


@pytest.mark.parametrize(("dangling", "deletes", "due"), DELETES)
def test_delete_files_are_sorted_out_if_enough_of_them_delete_nothing(
    dangling: int, deletes: int, due: bool
) -> None:
    found = [
        Place(1, 1, 0, deletes - dangling),
        Place(1, 1, 0, dangling, dangling=dangling),
    ]

    assert needs_fewer_deletes(found) is due


MANIFESTS = [
    ([7_000] * 19, False),
    ([7_000] * 20, True),
    ([MANIFEST_TARGET] * 30, False),  # many, and each as large as it should be
    ([MANIFEST_TARGET // 4] * 30, True),
]


@pytest.mark.parametrize(("lengths", "due"), MANIFESTS)
def test_manifests_are_written_again_if_half_as_many_would_do(lengths: list[int], due: bool) -> None:
    assert needs_fewer_manifests(lengths) is due


@pytest.fixture
def table(spark: "SparkSession", lake: "Lake") -> str:
    """100 entities in four buckets: one data file each."""
    name = lake.table(ENTITIES.dataset)
    spark.sql(create_table_ddl(ENTITIES, name))
    columns = ["'first' AS name", "1L AS _version", "'' AS _tie", "'drop' AS _source", "now() AS _updated_at"]
    spark.range(100).selectExpr("id", *columns).writeTo(name).append()
    return name


def change(spark: "SparkSession", table: str, first: int, name: str) -> None:
    """Merge eight rows, as `merge` does: some new, most not."""
    spark.sql(f"""
        MERGE INTO {table} t USING (SELECT explode(sequence({first}, {first + 7})) AS id) s ON t.id = s.id
        WHEN MATCHED THEN UPDATE SET name = '{name}', _version = _version + 1
        WHEN NOT MATCHED THEN INSERT (id, name, _version) VALUES (s.id, '{name}', 1)
    """)


def rows(spark: "SparkSession", table: str) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in spark.sql(f"SELECT id, name, _version FROM {table}").collect())


def test_many_small_merges_become_one_file_in_each_partition_and_read_the_same(
    spark: "SparkSession", table: str
) -> None:
    for number in range(6):
        change(spark, table, 70 + 6 * number, f"merge {number}")
    before = rows(spark, table)
    worn = places(spark, table)
    assert len(worn) == 4
    assert all(place.small >= 6 and place.deletes for place in worn)

    done = list(compact(spark, table))

    assert rows(spark, table) == before
    assert [(place.files, place.deletes) for place in places(spark, table)] == [(1, 0)] * 4
    assert [one.step for one in done] == ["data files", "delete files"]
    assert done[0].files_before == sum(place.files + place.deletes for place in worn)
    assert done[-1].files_after == 4
    assert list(compact(spark, table)) == []  # and nothing of that is left to do


def test_a_few_small_files_and_a_few_deleted_rows_are_left_alone(spark: "SparkSession", table: str) -> None:
    spark.sql(f"DELETE FROM {table} WHERE id = 7")
    change(spark, table, 100, "new")
    found = places(spark, table)
    assert sum(place.deletes for place in found) == 1

    assert list(compact(spark, table)) == []
    assert places(spark, table) == found


def test_a_file_of_which_much_is_deleted_is_written_again_without(spark: "SparkSession", table: str) -> None:
    spark.sql(f"DELETE FROM {table} WHERE id < 30")
    before = rows(spark, table)
    assert sum(place.worn for place in places(spark, table)) == 4

    assert [one.step for one in compact(spark, table)] == ["data files"]

    assert rows(spark, table) == before
    assert not any(place.worn for place in places(spark, table))


def test_a_table_without_partitions_and_one_without_rows_are_looked_at_too(
    spark: "SparkSession", lake: "Lake"
) -> None:
    assert list(compact(spark, lake.ops("batches"))) == []
    spark.sql(f"INSERT INTO {lake.ops('batches')} (batch_id) VALUES ('b')")

    assert [(place.files, place.small) for place in places(spark, lake.ops("batches"))] == [(1, 1)]
