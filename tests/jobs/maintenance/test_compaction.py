"""When files are rewritten, and that the table reads the same afterwards."""

from typing import TYPE_CHECKING

import pytest

from expectations.spark_schema import create_table_ddl
from jobs.maintenance import compaction
from jobs.maintenance.compaction import (
    MANIFEST_TARGET,
    PartitionFiles,
    compact,
    needs_compaction,
    needs_fewer_deletes,
    needs_fewer_manifests,
    partition_files,
)
from tests.jobs.builders import ENTITIES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.lake.names import Lake

FINE = PartitionFiles(files=9, small=4, worn=0, deletes=9)
COMPACTION = [
    ([], False),
    ([FINE], False),
    ([FINE, FINE, FINE], False),  # partitions are not added up: a file never holds rows of two
    ([PartitionFiles(files=5, small=5, worn=0, deletes=0)], True),
    ([FINE, PartitionFiles(files=1, small=0, worn=1, deletes=1)], True),
    ([PartitionFiles(files=1, small=1, worn=0, deletes=2, wide=2)], False),
    ([PartitionFiles(files=1, small=1, worn=0, deletes=3, wide=3)], True),
    (
        [PartitionFiles(files=0, small=0, worn=0, deletes=3, wide=3)],
        False,
    ),  # there is nothing left to rewrite
]


@pytest.mark.parametrize(("found", "due"), COMPACTION)
def test_data_files_are_rewritten_if_a_partition_needs_it(found: list[PartitionFiles], due: bool) -> None:
    assert needs_compaction(found) is due


DELETES = [
    (4, 4, False),
    (5, 5, True),
    (5, 20, True),
    (5, 21, False),  # most still delete something and would be rewritten with the rest
    (0, 100, False),
]


@pytest.mark.parametrize(("dangling", "deletes", "due"), DELETES)
def test_delete_files_are_rewritten_if_enough_of_them_delete_nothing(
    dangling: int, deletes: int, due: bool
) -> None:
    found = [
        PartitionFiles(1, 1, 0, deletes - dangling),
        PartitionFiles(1, 1, 0, dangling, dangling=dangling),
    ]

    assert needs_fewer_deletes(found) is due


MANIFESTS = [
    ([7_000] * 19, False),
    ([7_000] * 20, True),
    ([MANIFEST_TARGET] * 30, False),  # many, and each as large as it should be
    ([MANIFEST_TARGET // 4] * 30, True),
]


@pytest.mark.parametrize(("lengths", "due"), MANIFESTS)
def test_manifests_are_rewritten_if_half_as_many_would_do(lengths: list[int], due: bool) -> None:
    assert needs_fewer_manifests(lengths) is due


@pytest.fixture
def table(small_data_spark: "SparkSession", lake: "Lake") -> str:
    """100 entities in four buckets: one data file each."""
    name = lake.table(ENTITIES.dataset)
    small_data_spark.sql(create_table_ddl(ENTITIES, name))
    columns = ["'first' AS name", "1L AS _version", "'' AS _tie", "'drop' AS _source", "now() AS _updated_at"]
    small_data_spark.range(100).selectExpr("id", *columns).writeTo(name).append()
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
    spark: "SparkSession", table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How many dangling delete files are left by the rewrite of data files was seen to vary, from four on.
    monkeypatch.setattr(compaction, "DANGLING", 1)
    for number in range(6):
        change(spark, table, 70 + 6 * number, f"merge {number}")
    before = rows(spark, table)
    worn = partition_files(spark, table)
    assert len(worn) == 4
    assert all(one.small >= 6 and one.deletes for one in worn)

    done = list(compact(spark, table))

    assert rows(spark, table) == before
    assert [(one.files, one.deletes) for one in partition_files(spark, table)] == [(1, 0)] * 4
    assert [one.step for one in done] == ["data files", "delete files"]
    assert done[0].files_before == sum(one.files + one.deletes for one in worn)
    assert done[-1].files_after == 4
    assert list(compact(spark, table)) == []  # nothing is left to do


def test_a_few_small_files_and_a_few_deleted_rows_are_left_alone(spark: "SparkSession", table: str) -> None:
    spark.sql(f"DELETE FROM {table} WHERE id = 7")
    change(spark, table, 100, "new")
    found = partition_files(spark, table)
    assert sum(one.deletes for one in found) == 1

    assert list(compact(spark, table)) == []
    assert partition_files(spark, table) == found


def test_a_file_of_which_a_tenth_is_deleted_is_rewritten_without_the_deleted_rows(
    spark: "SparkSession", table: str
) -> None:
    spark.sql(f"DELETE FROM {table} WHERE id < 30")
    before = rows(spark, table)
    assert sum(one.worn for one in partition_files(spark, table)) == 4

    assert [one.step for one in compact(spark, table)] == ["data files"]

    assert rows(spark, table) == before
    assert not any(one.worn for one in partition_files(spark, table))


def test_tables_without_partitions_or_rows_are_judged_too(spark: "SparkSession", lake: "Lake") -> None:
    assert list(compact(spark, lake.ops("batches"))) == []
    spark.sql(f"INSERT INTO {lake.ops('batches')} (batch_id) VALUES ('b')")

    assert [(one.files, one.small) for one in partition_files(spark, lake.ops("batches"))] == [(1, 1)]
