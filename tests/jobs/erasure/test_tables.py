"""The tables that may hold rows of erased keys, and the condition that these rows meet."""

from typing import TYPE_CHECKING

import pytest

from expectations.contract import Column, Contract
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.tables import bounds, erasable_tables, key_frame
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import Lake
from tests.jobs.builders import ENTITIES, EVENTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")


@pytest.mark.parametrize(
    ("columns", "texts", "condition"),
    [
        ({"id": "long"}, ["12", "7"], "`id` BETWEEN 7 AND 12"),
        ({"name": "string"}, ["it%27s"], "`name` BETWEEN 'it\\'s' AND 'it\\'s'"),
        ({"day": "date"}, ["2026-11-24"], "`day` BETWEEN date'2026-11-24' AND date'2026-11-24'"),
        (
            {"at": "timestamp"},
            ["2026-11-24T12%3A00%3A00Z", "2026-11-24T12%3A00%3A00.500000Z"],
            "`at` BETWEEN timestamp'2026-11-24T12:00:00Z' AND timestamp'2026-11-24T12:00:00.500000Z'",
        ),
        ({"id": "long", "is_new": "boolean"}, ["7,true"], "`id` BETWEEN 7 AND 7"),
        ({"is_new": "boolean"}, ["true"], None),
    ],
)
def test_rows_of_keys_lie_between_the_bounds_of_the_key_columns(
    columns: dict[str, str], texts: list[str], condition: str | None
) -> None:
    contract = Contract(
        "things", "1", "", tuple(Column(name, kind) for name, kind in columns.items()), key=tuple(columns)
    )

    assert bounds(ErasedKeys.of(contract, texts)) == condition


def test_the_alias_of_the_table_comes_before_each_column() -> None:
    condition = bounds(ErasedKeys.of(EVENTS, ["north,1"]), "t.")

    assert condition == "t.`shop` BETWEEN 'north' AND 'north' AND t.`number` BETWEEN 1 AND 1"


def test_keys_are_rows_with_typed_columns(spark: "SparkSession") -> None:
    keys = ErasedKeys.of(EVENTS, ["north,1", "it%27s%2C%20far,3"])

    rows = key_frame(spark, EVENTS, keys).collect()

    assert sorted(map(tuple, rows)) == [("it%27s%2C%20far,3", "it's, far", 3), ("north,1", "north", 1)]


def test_tables_of_the_dataset_that_exist_are_erasable(spark: "SparkSession", lake: Lake) -> None:
    keys = ErasedKeys.of(ENTITIES, ["7"])
    before = [table.name for table in erasable_tables(spark, lake, ENTITIES, keys)]
    create_dataset_tables(spark, lake, ENTITIES)

    after = [table.name for table in erasable_tables(spark, lake, ENTITIES, keys)]

    assert before == [lake.ops("quarantine")]
    assert after == [lake.table("entities"), lake.changes("entities"), lake.ops("quarantine")]
