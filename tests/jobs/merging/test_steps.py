"""The steps of a merge, one after the other, on the tables of a dataset."""

from typing import TYPE_CHECKING

from jobs.lake.names import Lake
from jobs.merging.steps import merge_changes, merge_sql
from tests.jobs.builders import ENTITIES, EVENTS
from tests.jobs.change_rows import merge_batch
from tests.jobs.merging.events import change, rows, tombstones

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_a_retract_removes_the_row_or_tombstone_at_its_position_and_nothing_else(
    small_data_spark: "SparkSession", lake: Lake
) -> None:
    merge_batch(
        small_data_spark, lake, EVENTS, "b1",
        change("upsert", 1, 5, 7),
        change("upsert", 2, 5, 8),
        change("delete", 3, 9),
        change("upsert", 4, 5, 1),
    )  # fmt: skip
    merge_batch(
        small_data_spark, lake, EVENTS, "b2",
        change("retract", 1, 5),
        change("retract", 2, 4),
        change("retract", 2, 5, _tie="other"),
        change("retract", 3, 9),
        change("upsert", 3, 1, 2),
        change("retract", 4, 5),
        change("upsert", 4, 4, 6),
    )  # fmt: skip
    once = rows(small_data_spark, lake), tombstones(small_data_spark, lake)
    merge_changes(small_data_spark, lake, EVENTS, ["b2"])

    assert once == ([(2, 8, 5), (3, 2, 1), (4, 6, 4)], [])
    assert (rows(small_data_spark, lake), tombstones(small_data_spark, lake)) == once


def test_a_merge_writes_only_what_is_newer_than_the_row() -> None:
    sql = merge_sql(Lake("lake", "ops"), ENTITIES, ["id", "name"], ["t.`id` = s.`id`"])

    newer = "struct(s._version, s._tie) > struct(t._version, t._tie)"
    assert " ".join(sql.split()) == (
        "MERGE INTO glue_catalog.lake.entities t USING {source} s ON t.`id` = s.`id` "
        f"WHEN MATCHED AND s._op = 'delete' AND {newer} THEN DELETE "
        f"WHEN MATCHED AND s._op = 'upsert' AND {newer} THEN UPDATE SET t.`id` = s.`id`, t.`name` = s.`name` "
        "WHEN NOT MATCHED AND s._op = 'upsert' THEN INSERT (`id`, `name`) VALUES (s.`id`, s.`name`)"
    )
