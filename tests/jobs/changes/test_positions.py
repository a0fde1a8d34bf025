"""Ties of content: two changes of one version are one change exactly if their columns are equal."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.contract import Column
from jobs.doors.drop import parse_drop
from tests.jobs.builders import ENTITIES, EVERY_TYPE, SENT, received
from tests.properties import examples

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXAMPLES = examples(5, deep=100)
MADE = Column("made", "struct<at: timestamp>", fields=(Column("at", "timestamp"),))
VISITS = Column("visits", "list<timestamp>", fields=(Column("element", "timestamp"),))
CONTRACT = replace(EVERY_TYPE, columns=(*EVERY_TYPE.columns, MADE, VISITS))

small = st.integers(0, 3).map(lambda micros: (SENT + timedelta(microseconds=micros)).isoformat())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "seen_at": small,
    "made": st.none() | st.fixed_dictionaries({}, optional={"at": st.none() | small}),
    "visits": st.none() | st.lists(st.none() | small, max_size=2),
    "ratio": st.sampled_from([0.1, 0.10000000000000002, 1e300, 0]),
    "approximate": st.sampled_from(["0.1", "0.10000001", "16777217"]),
    "exact": st.sampled_from(["0.000000000000000001", "0", "12345678901234567890.5"]),
    "blob": st.sampled_from(["", "AA==", "AAA=", "/w=="]),
    "state": st.sampled_from(["", "null", '"', "\\", "{}", "a\nb"]),
    "sizes": st.none() | st.lists(st.none() | st.integers(0, 1), max_size=2),
    "place": st.none() | st.fixed_dictionaries({}, optional={"street": st.sampled_from(["", "1"])}),
}


@settings(max_examples=EXAMPLES)
@given(st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=2, max_size=100))
def test_ties_are_equal_exactly_if_all_columns_are(
    small_data_spark: "SparkSession", rows: list[dict[str, Any]]
) -> None:
    parsed = parse_drop(received(small_data_spark, [{"id": "1", **row} for row in rows]), CONTRACT).collect()

    assert all(row["reasons"] == [] for row in parsed)
    by_columns = {tuple(repr(row[column.name]) for column in CONTRACT.columns): row["_tie"] for row in parsed}
    assert len(set(by_columns.values())) == len(by_columns) == len({row["_tie"] for row in parsed})


def test_a_tie_does_not_depend_on_the_zone_of_the_session(small_data_spark: "SparkSession") -> None:
    rows = received(small_data_spark, [{"id": "1", "seen_at": "2026-11-01T05:30:00.000001Z"}])
    ties = set()
    try:
        for zone in ("UTC", "America/New_York"):
            small_data_spark.conf.set("spark.sql.session.timeZone", zone)
            ties |= {row["_tie"] for row in parse_drop(rows, EVERY_TYPE).collect()}
    finally:
        small_data_spark.conf.set("spark.sql.session.timeZone", "UTC")

    assert len(ties) == 1


def test_a_change_whose_times_are_whole_milliseconds_has_the_tie_of_earlier_versions(
    small_data_spark: "SparkSession",
) -> None:
    """So a file that was read before an upgrade adds no changes when it is read again."""
    at = datetime(2026, 11, 24, 12, 0, 0, 5000, tzinfo=UTC)
    (row,) = parse_drop(
        received(small_data_spark, [{"id": 1, "name": "a"}], event_time=at), ENTITIES
    ).collect()

    content = {
        "id": 1,
        "name": "a",
        "_op": "upsert",
        "_source": "drop",
        "_updated_at": "2026-11-24T12:00:00.005Z",
    }
    expected = hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
    assert row["_tie"] == f"-{expected}"
