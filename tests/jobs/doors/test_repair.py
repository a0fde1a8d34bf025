"""Repairs take back what stands wrong, at exactly its position, and put the true item there."""

from typing import TYPE_CHECKING, Any

import pytest

from expectations.timestamps import micros_of
from jobs.doors.repair import parse_repair
from tests.jobs.builders import EVENTS, SENT, event, received, record

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")


def parse(spark: "SparkSession", *lines: Any) -> list["Row"]:
    return parse_repair(received(spark, lines), EVENTS).orderBy("row_number").collect()


def test_a_line_takes_back_or_puts_back(spark: "SparkSession") -> None:
    item = event("a", 1, SENT, version=micros_of(SENT))
    rows = parse(
        spark,
        {"op": "retract", "key": "a,1", "version": 7, "tie": "-x"},
        record("MODIFY", "a,1", new=item, number=12),
        {"op": "retract", "key": "a%2Cb,2", "version": None, "tie": None},
    )

    assert [row["reasons"] for row in rows] == [[], [], []]
    assert [(row["_op"], row["shop"], row["number"], row["_source"]) for row in rows] == [
        ("retract", "a", 1, "repair"),
        ("upsert", "a", 1, "repair"),
        ("retract", "a,b", 2, "repair"),
    ]
    assert [(row["_version"], row["_tie"]) for row in rows] == [
        (7, "-x"),
        (micros_of(SENT), "12".zfill(40)),
        (None, None),
    ]


def test_a_retract_must_name_a_key_and_a_position(spark: "SparkSession") -> None:
    rows = parse(
        spark,
        {"op": "retract", "key": "a", "version": 1, "tie": ""},
        {"op": "retract", "version": 1, "tie": ""},
        {"op": "retract", "key": "a,1", "version": "soon", "tie": ""},
    )

    assert [row["reasons"] for row in rows] == [
        ["key: expected the key text of a row of events, got 'a'"],
        ["key: expected the key text of a row of events, got "],
        ["version: expected an integer, got 'soon'"],
    ]
