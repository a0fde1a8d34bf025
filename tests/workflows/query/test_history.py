"""The history of a dataset, as DuckDB answers it over small change tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from string import Template
from typing import Any

import pytest

from expectations.contract import Column
from expectations.keys import InvalidKey
from tests.workflows.query.change_rows import CONTRACT, COUNTED, T0, after, ask, change, intervals, lake_of
from workflows.query import history as histories
from workflows.query.history import (
    UnknownDataset,
    contract_of,
    history,
    history_sql,
    named_query,
    what_changed,
)
from workflows.query.local_engine import query_here
from workflows.stack.target import Target


def test_a_version_is_valid_until_the_next_of_its_key_and_the_last_one_is_current() -> None:
    changes = [change("a", after(2), 20), change("b", after(1), 7), change("a", T0, 10)]

    found = ask(changes, history_sql(CONTRACT))

    assert [
        (row["_key"], row["level"], row["valid_from"], row["valid_to"], row["is_current"]) for row in found
    ] == [
        ("a", 10, T0, after(2), False),
        ("a", 20, after(2), None, True),
        ("b", 7, after(1), None, True),
    ]


@pytest.mark.parametrize(
    "at",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2017, 1, 1, 11, 53, 26, 1, tzinfo=UTC),
        datetime(2026, 11, 24, 12, 0, 0, 999999, tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 8, 123456, tzinfo=UTC),  # more seconds than an int holds
        datetime(2262, 4, 12, 0, 0, 0, 1, tzinfo=UTC),  # more nanoseconds than a long holds
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_version_begins_at_the_exact_microsecond(at: datetime) -> None:
    [row] = ask([change("a", at, 1)], history_sql(CONTRACT))

    assert row["valid_from"] == at


def test_a_delete_ends_the_version_before_it_and_has_an_empty_interval() -> None:
    assert intervals(change("a", T0, 1), change("a", after(1), None), change("a", after(5), 2)) == [
        (1, 0, 1),
        (None, 1, 1),
        (2, 5, None),
    ]
    [_, deleted] = ask([change("a", T0, 1), change("a", after(1), None)], history_sql(CONTRACT))
    assert (deleted["_op"], deleted["is_current"]) == ("delete", False)


def test_copies_of_a_change_are_one_version() -> None:
    once, again = change("a", T0, 1), change("a", T0, 1, _batch_id="wr_2", _ingested_at=after(9))

    assert intervals(once, again, once, change("a", after(1), 2)) == [(1, 0, 1), (2, 1, None)]


def test_stream_records_of_one_version_are_all_kept_and_the_last_one_is_valid() -> None:
    second = {"_tie": "2".zfill(40)}

    assert intervals(change("a", T0, 1), change("a", T0, 2, **second)) == [(1, 0, 0), (2, 0, None)]


def test_a_version_from_several_doors_appears_once() -> None:
    exported = [change("a", T0, 1, _tie=f"-{digest}", _source="export") for digest in ("aa", "bb", "cc")]

    assert intervals(*exported) == [(1, 0, None)]
    assert intervals(*exported, change("a", T0, 1), change("a", after(1), 2)) == [(1, 0, 1), (2, 1, None)]


def test_a_version_from_an_export_is_coarse() -> None:
    changes = [change("a", T0, 1), change("a", after(9), 5, _tie="-aa", _source="export")]

    assert [row["is_coarse"] for row in ask(changes, history_sql(CONTRACT))] == [False, True]


def test_a_delete_and_the_ttl_removal_of_its_item_are_one_delete() -> None:
    marked, removed = change("a", after(1), None), change("a", after(1), None, _tie="")

    assert intervals(change("a", T0, 1), removed, marked) == [(1, 0, 1), (None, 1, 1)]


# --- sequences that count -----------------------------------------------------------------------------------


def test_versions_of_a_counting_sequence_begin_at_the_time_of_their_door() -> None:
    changes = [
        change("a", 1, 1),
        change("a", 2, 2, _updated_at=after(3)),
        change("a", 3, None, _updated_at=after(4)),
    ]

    assert intervals(*changes, contract=COUNTED) == [(1, 0, 3), (2, 3, 4), (None, 4, 4)]


def test_a_version_that_arrives_after_its_successor_has_an_empty_interval() -> None:
    changes = [
        change("a", 5, 50),
        change("a", 3, 30, _updated_at=after(9)),
        change("a", 6, 60, _updated_at=after(7)),
    ]

    assert intervals(*changes, contract=COUNTED) == [(30, 0, 0), (50, 0, 7), (60, 7, None)]


def test_versions_of_a_sequence_of_times_begin_at_these_times() -> None:
    timed = replace(COUNTED, columns=(*CONTRACT.columns, Column("revision", "timestamp")))
    dated = replace(COUNTED, columns=(*CONTRACT.columns, Column("revision", "date")))

    for contract in (timed, dated):
        assert intervals(change("a", after(1), 1, _updated_at=after(99)), contract=contract) == [(1, 1, None)]


# --- questions ----------------------------------------------------------------------------------------------

CHANGES = (
    change("a", T0, 1),
    change("a", after(2), 2),
    change("a", after(4), None),
    change("b", after(3), 7),
)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (-0.000001, {}),
        (0, {"a": 1}),
        (1.999999, {"a": 1}),
        (2, {"a": 2}),
        (3, {"a": 2, "b": 7}),
        (3.999999, {"a": 2, "b": 7}),
        (4, {"b": 7}),
        (9999, {"b": 7}),
    ],
)
def test_as_of_a_time_each_key_has_the_row_that_was_valid_then(at: float, expected: dict[str, int]) -> None:
    found = ask(CHANGES, history_sql(CONTRACT, as_of=after(at)))

    assert {row["_key"]: row["level"] for row in found} == expected


def test_a_time_in_another_zone_is_the_same_time() -> None:
    there = after(1).astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert history_sql(CONTRACT, as_of=there) == history_sql(CONTRACT, as_of=after(1))


def test_the_history_of_a_key_has_no_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = "it%27s%2C"
    lake = lake_of([*CHANGES, change(odd, T0, 3)])
    monkeypatch.setattr(histories, "query", lambda target, sql: query_here(lake, sql, "lake")[0])
    target: Any = None

    of_a = history(target, CONTRACT, "a", None, 100)
    of_odd = history(target, CONTRACT, odd, None, 100)

    assert of_a["level"].to_pylist() == [1, 2, None]
    assert of_odd["level"].to_pylist() == [3]
    assert of_a.column_names == [
        *("_key", "_op", "valid_from", "valid_to", "is_current", "is_coarse"),
        *("item", "level"),
    ]
    assert history(target, CONTRACT, None, None, 2).num_rows == 2
    with pytest.raises(InvalidKey, match="expected"):
        history(target, CONTRACT, "a,b", None, 100)


def test_a_version_is_described_by_the_columns_it_changed() -> None:
    changes = [
        *(change("a", T0, 1), change("a", after(1), 2), change("a", after(2), None)),
        *(change("a", after(3), 2), change("a", after(4), 2), change("b", T0, 2)),
    ]

    found = ask(changes, history_sql(CONTRACT))

    assert what_changed(found, CONTRACT) == [{"level": 1}, {"level": 2}, None, {"level": 2}, {}, {"level": 2}]


def test_the_error_for_a_dataset_without_a_contract_names_the_datasets() -> None:
    with pytest.raises(UnknownDataset, match="Datasets with a contract: households, products"):
        contract_of(Target("us-east-1", {}), "stock")
    assert contract_of(Target("us-east-1", {}), "products").dataset == "products"


def test_a_named_query_returns_the_same_without_a_contract() -> None:
    names = ("_key", "level", "valid_from", "valid_to", "is_current", "is_coarse")
    counted = [change("c", 1, 1), change("c", 2, 2, _updated_at=after(3)), change("c", 3, None)]

    found = ask([*CHANGES, *counted], Template(named_query()).substitute(Name="stock"))

    expected = ask(CHANGES, history_sql(CONTRACT)) + ask(counted, history_sql(COUNTED))
    assert [[row[name] for name in names] for row in found] == [
        [row[name] for name in names] for row in expected
    ]


def test_a_named_query_as_of_a_time_runs_unchanged() -> None:
    sql = Template(named_query("current_timestamp - INTERVAL '1' DAY")).substitute(Name="stock")
    long_ago = change("a", datetime(2020, 1, 1, tzinfo=UTC), 1)

    assert [
        row["level"] for row in ask([long_ago, change("a", datetime(9000, 1, 1, tzinfo=UTC), 2)], sql)
    ] == [1]
