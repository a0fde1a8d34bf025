"""Changes of any key are merged once, whatever texts or times are in it and wherever its row lies."""

from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from expectations.contract import Contract
from expectations.spark_schema import changes_schema
from expectations.timestamps import to_micros
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import Lake
from jobs.merging.steps import merge_changes
from tests.jobs.builders import ENTITIES
from tests.jobs.histories import MOMENTS, NOTES, TEXTS, TIMES
from tests.sessions import ZONES, in_zone

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")


def test_merging_changes_again_changes_nothing(spark: "SparkSession", lake: Lake) -> None:
    first = [{"id": 1, "name": "a", "_version": 1}, {"id": 2, "_op": "delete", "_version": 1}]
    append(spark, lake, ENTITIES, "b1", first)
    merge_changes(spark, lake, ENTITIES, ["b1"])
    append(spark, lake, ENTITIES, "b2", [{"id": 1, "name": "b", "_version": 2}])
    merge_changes(spark, lake, ENTITIES, ["b2"])

    merge_changes(spark, lake, ENTITIES, ["b1"])

    rows = spark.table(lake.table("entities")).select("id", "name", "_version").collect()
    assert [tuple(row) for row in rows] == [(1, "b", 2)]


def test_keys_and_places_of_any_text_have_one_row(spark: "SparkSession", lake: Lake) -> None:
    """Texts come into the statement as bounds of keys and as places: no part of it reads them as its own."""
    for version, places in ((1, TEXTS), (2, TEXTS[::-1])):
        rows = [
            {"title": title, "shelf": shelf, "_version": version}
            for title, shelf in zip(TEXTS, places, strict=True)
        ]
        append(spark, lake, NOTES, f"b{version}", rows)
        merge_changes(spark, lake, NOTES, [f"b{version}"])

    found = spark.table(lake.table("notes")).select("title", "shelf", "_version").collect()
    assert sorted(map(tuple, found)) == sorted(zip(TEXTS, TEXTS[::-1], [2] * len(TEXTS), strict=True))


@pytest.mark.parametrize("zone", ZONES[1:3])
def test_keys_and_places_that_are_times_have_one_row_whatever_the_zone_of_the_machine(
    spark: "SparkSession", lake: Lake, zone: str
) -> None:
    with in_zone(spark, zone):
        for version in (1, 2):
            places = TIMES[version:] + TIMES[:version]
            rows = [
                {"at": at, "planned_at": place, "_version": version}
                for at, place in zip(TIMES, places, strict=True)
            ]
            append(spark, lake, MOMENTS, f"b{version}", rows)
            merge_changes(spark, lake, MOMENTS, [f"b{version}"])
        merged = spark.table(lake.table("moments")).select("_version").collect()
        retracts = [{"at": at, "_version": 2, "_op": "retract"} for at in TIMES[1:]]
        append(spark, lake, MOMENTS, "b3", retracts)
        merge_changes(spark, lake, MOMENTS, ["b3"])

    assert [row["_version"] for row in merged] == [2] * len(TIMES)
    left = spark.table(lake.table("moments")).select(F.unix_micros("at"), F.unix_micros("planned_at"))
    assert [tuple(row) for row in left.collect()] == [(to_micros(TIMES[0]), to_micros(TIMES[2]))]


def append(
    spark: "SparkSession", lake: Lake, contract: Contract, batch_id: str, rows: list[dict[str, Any]]
) -> None:
    """Changes of a batch in `<dataset>_changes`; times come as text."""
    create_dataset_tables(spark, lake, contract)
    schema = changes_schema(contract)
    kept = {"_op": "upsert", "_tie": "0", "_batch_id": batch_id, "_version": 0}
    names = list(kept | rows[0])
    values = [[{**kept, **row}.get(name) for name in names] for row in rows]
    frame = spark.createDataFrame(values, names)
    columns = [
        (F.col(field.name) if field.name in names else F.lit(None)).cast(field.dataType).alias(field.name)
        for field in schema
    ]
    frame.select(columns).writeTo(lake.changes(contract.dataset)).append()
