"""Values of results as Athena shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
from sqlglot import exp

from workflows.query.dialect.nodes import Time
from workflows.query.results import finished, values


def test_intervals_are_durations_and_those_of_months_are_text() -> None:
    table = duckdb.sql("select interval '25' hour as a, interval '14' month as b").to_arrow_table()

    assert finished(table, {}).to_pylist() == [{"a": timedelta(hours=25), "b": "1-2"}]


def test_a_time_is_shown_in_its_zone() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    table = pa.table({"at": pa.array([noon], pa.timestamp("us", "UTC"))})

    (shown,) = finished(table, {"at": Time(6, exp.Literal.string("Asia/Tokyo"))}).column("at").to_pylist()

    assert shown == noon
    assert str(shown.tzinfo) == "Asia/Tokyo"


def test_maps_are_dictionaries_and_rows_without_names_are_lists() -> None:
    table = duckdb.sql(
        "select map(['a'], [[1, null]]) as m, row(1, 'x') as r, {'city': 'Bonn'} as s, [row(1, 2)] as l, "
        "null::map(varchar, integer) as n"
    ).to_arrow_table()

    assert [values(column) for column in table.columns] == [
        [{"a": [1, None]}],
        [[1, "x"]],
        [{"city": "Bonn"}],
        [[[1, 2]]],
        [None],
    ]
