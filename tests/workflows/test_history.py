"""History as SQL: run by DuckDB over small change tables, and held against a model of a few lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from string import Template
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from expectations.keys import InvalidKey
from tests.workflows.test_query import Lake, Scanned
from workflows import history as histories
from workflows.history import UnknownDataset, contract_of, history, history_sql, named_query
from workflows.query import query_here

if TYPE_CHECKING:
    from collections.abc import Iterable

type Change = dict[str, Any]

T0 = datetime(2026, 11, 24, 12, tzinfo=UTC)
STOCK = Contract("stock", "1.0.0", "", (Column("item", "string"), Column("level", "int")), key=("item",))
COUNTED = replace(STOCK, columns=(*STOCK.columns, Column("revision", "long")), sequence_column="revision")
SCHEMA = pa.schema(
    [
        ("item", pa.string()),
        ("level", pa.int32()),
        ("revision", pa.int64()),
        ("_key", pa.string()),
        ("_op", pa.string()),
        ("_version", pa.int64()),
        ("_tie", pa.string()),
        ("_source", pa.string()),
        ("_batch_id", pa.string()),
        ("_ingested_at", pa.timestamp("us", "UTC")),
        ("_updated_at", pa.timestamp("us", "UTC")),
    ]
)


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def change(key: str, at: datetime | int, level: int | None, **other: Any) -> Change:
    """A change: an upsert to a level, or a delete."""
    version = at if isinstance(at, int) else micros(at)
    return {
        "item": key,
        "level": level,
        "_key": key,
        "_op": "delete" if level is None else "upsert",
        "_version": version,
        "_tie": "1".zfill(40),
        "_source": "stream",
        "_batch_id": "wr_1",
        "_ingested_at": T0,
        "_updated_at": T0,
    } | other


def lake_of(changes: Iterable[Change]) -> Any:
    lake = Lake()
    lake.tables = {("lake", "stock_changes"): Scanned(pa.Table.from_pylist(list(changes), schema=SCHEMA))}
    return lake


def ask(changes: Iterable[Change], sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query_here(lake_of(changes), sql).to_pylist()
    return found


def told(*changes: Change, contract: Contract = STOCK) -> list[tuple[Any, ...]]:
    """Level, begin and end (as whole seconds after T0) of each version."""
    found = ask(changes, history_sql(contract))
    return [(row["level"], *(_seconds(row[name]) for name in ("valid_from", "valid_to"))) for row in found]


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else (at - T0).total_seconds()


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def test_a_version_holds_until_the_next_of_its_key_and_the_last_one_is_current() -> None:
    changes = [change("a", after(2), 20), change("b", after(1), 7), change("a", T0, 10)]

    found = ask(changes, history_sql(STOCK))

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
def test_a_version_begins_at_its_very_microsecond(at: datetime) -> None:
    [row] = ask([change("a", at, 1)], history_sql(STOCK))

    assert row["valid_from"] == at


def test_a_delete_ends_what_held_and_holds_nothing_itself() -> None:
    assert told(change("a", T0, 1), change("a", after(1), None), change("a", after(5), 2)) == [
        (1, 0, 1),
        (None, 1, 1),
        (2, 5, None),
    ]
    [_, deleted] = ask([change("a", T0, 1), change("a", after(1), None)], history_sql(STOCK))
    assert (deleted["_op"], deleted["is_current"]) == ("delete", False)


def test_a_change_that_is_there_twice_is_one_version() -> None:
    once, again = change("a", T0, 1), change("a", T0, 1, _batch_id="wr_2", _ingested_at=after(9))

    assert told(once, again, once, change("a", after(1), 2)) == [(1, 0, 1), (2, 1, None)]


def test_records_of_the_stream_with_one_version_all_count_and_the_last_one_holds() -> None:
    second = {"_tie": "2".zfill(40)}

    assert told(change("a", T0, 1), change("a", T0, 2, **second)) == [(1, 0, 0), (2, 0, None)]


def test_a_version_that_several_doors_brought_is_told_once() -> None:
    exported = [change("a", T0, 1, _tie=f"-{digest}", _source="export") for digest in ("aa", "bb", "cc")]

    assert told(*exported) == [(1, 0, None)]
    assert told(*exported, change("a", T0, 1), change("a", after(1), 2)) == [(1, 0, 1), (2, 1, None)]


def test_what_an_export_brought_is_coarse() -> None:
    changes = [change("a", T0, 1), change("a", after(9), 5, _tie="-aa", _source="export")]

    assert [row["is_coarse"] for row in ask(changes, history_sql(STOCK))] == [False, True]


def test_a_row_that_moved_to_another_partition_was_never_gone() -> None:
    cleared = change("a", after(1), None)
    moved = change("a", after(1), 2, _tie=cleared["_tie"] + "~")

    assert told(change("a", T0, 1), cleared, moved) == [(1, 0, 1), (2, 1, None)]


def test_a_delete_seen_again_when_ttl_removes_the_item_is_one_delete() -> None:
    marked, removed = change("a", after(1), None), change("a", after(1), None, _tie="")

    assert told(change("a", T0, 1), removed, marked) == [(1, 0, 1), (None, 1, 1)]


def retract(key: str, at: datetime, **other: Any) -> Change:
    """A repair's line that takes back what stands at exactly this position."""
    repair = {"_op": "retract", "_source": "repair", "_batch_id": "wr_7", "_ingested_at": after(700)}
    return change(key, at, None, **(repair | other))


def test_a_retract_takes_back_what_stood_at_its_position() -> None:
    assert told(change("a", T0, 1), change("a", after(1), 9), retract("a", after(1))) == [(1, 0, None)]


def test_a_retract_of_another_position_is_nothing() -> None:
    elsewhere = retract("a", after(1), _tie="-aa"), retract("a", after(2)), retract("b", after(1))

    assert told(change("a", T0, 1), change("a", after(1), 9), *elsewhere) == [(1, 0, 1), (9, 1, None)]


def test_what_a_repair_puts_back_holds_also_at_the_position_it_took_back() -> None:
    put_back = change("a", after(1), 2, _source="repair", _batch_id="wr_7", _ingested_at=after(700))

    assert told(change("a", T0, 1), retract("a", after(1)), put_back) == [(1, 0, 1), (2, 1, None)]


# --- sequences that count -----------------------------------------------------------------------------------


def test_versions_of_a_sequence_that_counts_begin_when_their_door_says_so() -> None:
    changes = [
        change("a", 1, 1),
        change("a", 2, 2, _updated_at=after(3)),
        change("a", 3, None, _updated_at=after(4)),
    ]

    assert told(*changes, contract=COUNTED) == [(1, 0, 3), (2, 3, 4), (None, 4, 4)]


def test_a_version_that_comes_after_its_successor_never_held() -> None:
    changes = [
        change("a", 5, 50),
        change("a", 3, 30, _updated_at=after(9)),
        change("a", 6, 60, _updated_at=after(7)),
    ]

    assert told(*changes, contract=COUNTED) == [(30, 0, 0), (50, 0, 7), (60, 7, None)]


def test_a_sequence_of_times_tells_when_its_versions_begin() -> None:
    timed = replace(COUNTED, columns=(*STOCK.columns, Column("revision", "timestamp")))
    dated = replace(COUNTED, columns=(*STOCK.columns, Column("revision", "date")))

    for contract in (timed, dated):
        assert told(change("a", after(1), 1, _updated_at=after(99)), contract=contract) == [(1, 1, None)]


# --- questions ----------------------------------------------------------------------------------------------

STORY = (change("a", T0, 1), change("a", after(2), 2), change("a", after(4), None), change("b", after(3), 7))


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
def test_as_of_a_time_each_key_has_the_row_that_held_then(at: float, expected: dict[str, int]) -> None:
    found = ask(STORY, history_sql(STOCK, as_of=after(at)))

    assert {row["_key"]: row["level"] for row in found} == expected


def test_a_time_in_another_zone_is_the_same_time() -> None:
    there = after(1).astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert history_sql(STOCK, as_of=there) == history_sql(STOCK, as_of=after(1))


def test_one_keys_history_is_that_keys_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = "it%27s%2C"
    lake = lake_of([*STORY, change(odd, T0, 3)])
    monkeypatch.setattr(histories, "query", lambda target, sql: query_here(lake, sql))
    target: Any = None

    of_a = history(target, STOCK, "a", None, 100)
    of_odd = history(target, STOCK, odd, None, 100)

    assert of_a["level"].to_pylist() == [1, 2, None]
    assert of_odd["level"].to_pylist() == [3]
    assert of_a.column_names == [
        *("_key", "_op", "valid_from", "valid_to", "is_current", "is_coarse"),
        *("item", "level"),
    ]
    assert history(target, STOCK, None, None, 2).num_rows == 2
    with pytest.raises(InvalidKey, match="expected"):
        history(target, STOCK, "a,b", None, 100)


def test_a_dataset_without_a_contract_is_told_which_there_are() -> None:
    with pytest.raises(UnknownDataset, match="No contract for 'stock'; there are households, products"):
        contract_of("stock")
    assert contract_of("products").dataset == "products"


def test_a_named_query_tells_the_same_and_needs_no_contract() -> None:
    names = ("_key", "level", "valid_from", "valid_to", "is_current", "is_coarse")
    counted = [change("c", 1, 1), change("c", 2, 2, _updated_at=after(3)), change("c", 3, None)]

    found = ask([*STORY, *counted], Template(named_query()).substitute(Name="stock"))

    expected = ask(STORY, history_sql(STOCK)) + ask(counted, history_sql(COUNTED))
    assert [[row[name] for name in names] for row in found] == [
        [row[name] for name in names] for row in expected
    ]


def test_a_named_query_as_of_a_time_runs_as_it_stands() -> None:
    sql = Template(named_query("current_timestamp - INTERVAL '1' DAY")).substitute(Name="stock")
    long_ago = change("a", datetime(2020, 1, 1, tzinfo=UTC), 1)

    assert [
        row["level"] for row in ask([long_ago, change("a", datetime(9000, 1, 1, tzinfo=UTC), 2)], sql)
    ] == [1]


# --- the model ----------------------------------------------------------------------------------------------

SECONDS = st.integers(0, 6)
TIES = st.sampled_from([(1, "stream"), (2, "stream"), (0, "export"), (0, "drop")])


@st.composite
def change_sets(draw: st.DrawFn) -> list[Change]:
    """Changes and retracts of two keys, several at one version, some twice, in any order."""
    found: dict[tuple[Any, ...], Change] = {}
    for _ in range(draw(st.integers(0, 12))):
        key, at, (number, source) = draw(st.sampled_from("ab")), draw(SECONDS), draw(TIES)
        tie = str(number).zfill(40) if number else f"-{source}"
        level = draw(st.none() | st.integers(0, 9))
        found.setdefault((key, at, tie), change(key, after(at), level, _tie=tie, _source=source))
    for key, at, tie in draw(st.lists(st.sampled_from(sorted(found)), max_size=3)) if found else ():
        found[key, at, tie, "retract"] = retract(key, after(at), _tie=tie)
    copies = draw(st.lists(st.sampled_from(list(found.values())), max_size=3)) if found else []
    return draw(st.permutations([*found.values(), *copies]))


def fold(changes: list[Change], until: datetime) -> dict[str, int]:
    """What the table holds when all changes up to a time are merged."""
    retracted = {_position(one) for one in changes if one["_op"] == "retract"}
    newest: dict[str, Change] = {}
    for one in sorted(changes, key=_position):
        stands = one["_op"] != "retract" and _position(one) not in retracted
        if stands and one["_version"] <= micros(until):
            newest[one["_key"]] = one
    return {key: one["level"] for key, one in newest.items() if one["_op"] == "upsert"}


def _position(one: Change) -> tuple[str, int, str]:
    return one["_key"], one["_version"], one["_tie"]


@given(changes=change_sets(), at=SECONDS)
def test_as_of_any_time_is_what_the_table_held_when_all_up_to_then_was_merged(
    changes: list[Change], at: int
) -> None:
    found = ask(changes, history_sql(STOCK, as_of=after(at)))

    assert {row["_key"]: row["level"] for row in found} == fold(changes, after(at))
    assert len({row["_key"] for row in found}) == len(found)


@given(changes=change_sets())
def test_what_is_current_is_what_the_table_holds_and_intervals_meet(changes: list[Change]) -> None:
    found = ask(changes, history_sql(STOCK))

    current = {row["_key"]: row["level"] for row in found if row["is_current"]}
    assert current == fold(changes, after(99))
    assert sum(row["is_current"] for row in found) == len(current)
    for key in "ab":
        versions = [row for row in found if row["_key"] == key]
        for one, following in pairwise(versions):
            end = one["valid_from"] if one["_op"] == "delete" else following["valid_from"]
            assert one["valid_from"] <= one["valid_to"] == end <= following["valid_from"]
