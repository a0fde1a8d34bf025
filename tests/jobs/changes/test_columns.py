"""The columns of parsed rows: defaults, absent columns, and which rows are accepted."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from expectations.contract import Column
from jobs.changes.columns import accepted_changes
from jobs.doors.drop import parse_drop
from tests.jobs.builders import ENTITIES, received

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

STATE = Column("state", "string", default="new", has_default=True)
CONTRACT = replace(ENTITIES, columns=(*ENTITIES.columns, STATE))
ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": "a", "state": "old"},
    {"id": 2},
    {"id": 3, "name": None, "state": None},
    {"id": 4, "_op": "delete"},
    {"name": "e"},
]


def test_an_absent_column_takes_its_default_and_null_is_a_value(small_data_spark: "SparkSession") -> None:
    parsed = parse_drop(received(small_data_spark, ROWS), CONTRACT).orderBy("row_number").collect()

    assert [(row["name"], row["state"], row["_absent"]) for row in parsed] == [
        ("a", "old", None),
        (None, "new", ["name", "state"]),
        (None, None, None),
        (None, None, None),
        ("e", "new", ["id", "state"]),
    ]


def test_rows_without_reasons_are_accepted_with_their_key_text(small_data_spark: "SparkSession") -> None:
    accepted = accepted_changes(parse_drop(received(small_data_spark, ROWS), CONTRACT), CONTRACT)

    assert sorted(row["_key"] for row in accepted.collect()) == ["1", "2", "3", "4"]
