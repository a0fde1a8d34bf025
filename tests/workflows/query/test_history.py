"""History as SQL: run by DuckDB over small change tables, and held against a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from string import Template
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from expectations.keys import InvalidKey
from expectations.timestamps import micros_of
from tests.workflows.query.test_engines import Lake, Scanned
from workflows.query import history as histories
from workflows.query.engines import _icu, query_here
from workflows.query.history import (
    UnknownDataset,
    contract_of,
    history,
    history_sql,
    named_query,
    what_changed,
)
from workflows.stack.target import Target

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


def change(key: str, at: datetime | int, level: int | None, **other: Any) -> Change:
    """A change: an upsert to a level, or a delete."""
    version = at if isinstance(at, int) else micros_of(at)
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


def test_a_delete_seen_again_when_ttl_removes_the_item_is_one_delete() -> None:
    marked, removed = change("a", after(1), None), change("a", after(1), None, _tie="")

    assert told(change("a", T0, 1), removed, marked) == [(1, 0, 1), (None, 1, 1)]


def retract(key: str, at: datetime, **other: Any) -> Change:
    """A repair's line, 700 seconds later, that takes back what stands at exactly this position."""
    return repaired(key, at, None, _op="retract", **({"_tie": "1".zfill(40)} | other))


def repaired(key: str, at: datetime, level: int | None, **other: Any) -> Change:
    """The record that the same repair puts back: it loses to the stream's own record of that version."""
    repair = {"_source": "repair", "_batch_id": "wr_7", "_ingested_at": after(705), "_updated_at": after(700)}
    return change(key, at, level, **({"_tie": "0".zfill(40)} | repair | other))


def test_a_row_that_dynamodb_no_longer_had_ends_with_the_repair_that_took_it() -> None:
    story = change("a", T0, 1), change("a", after(1), 9), retract("a", after(1))

    assert told(*story) == [(1, 0, 1), (9, 1, 700)]
    assert not any(row["is_current"] for row in ask(story, history_sql(STOCK)))


def test_a_version_put_back_where_it_stood_holds_from_the_repair_on() -> None:
    story = change("a", T0, 1), change("a", after(1), 9), retract("a", after(1)), repaired("a", after(1), 8)

    assert told(*story) == [(1, 0, 1), (9, 1, 700), (8, 700, None)]


def test_a_version_that_the_stream_lost_holds_from_its_own_moment_on() -> None:
    story = change("a", T0, 1), retract("a", T0), repaired("a", after(2), 2), change("a", after(900), 3)

    assert told(*story) == [(1, 0, 2), (2, 2, 900), (3, 900, None)]


def test_a_table_set_back_to_older_items_shows_them_from_the_repair_on() -> None:
    story = [change("a", after(number), number) for number in range(4)]

    told_ = told(*story, retract("a", after(3)), repaired("a", after(1), 1))

    assert told_ == [(0, 0, 1), (1, 1, 2), (2, 2, 3), (3, 3, 700), (1, 700, None)]


def test_a_delete_that_never_was_in_dynamodb_ends_with_the_repair_that_took_it() -> None:
    story = change("a", T0, 1), change("a", after(2), None), retract("a", after(2)), repaired("a", T0, 1)

    assert told(*story) == [(1, 0, 2), (None, 2, 2), (1, 700, None)]


def test_a_retract_of_what_does_not_stand_there_is_nothing() -> None:
    story = change("a", T0, 1), change("a", after(1), 9)
    elsewhere = (
        *(retract("a", T0), retract("a", after(2)), retract("b", after(1))),
        *(retract("a", after(1), _tie="-aa"), retract("a", after(1), _tie=None)),
    )

    assert told(*story, *elsewhere) == [(1, 0, 1), (9, 1, None)]


def test_a_row_put_there_behind_the_pipelines_back_and_taken_away_again_was_never_there() -> None:
    story = change("a", T0, 1), retract("a", after(500)), repaired("a", T0, 1)

    assert told(*story) == [(1, 0, None)]


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


def test_a_version_is_told_by_what_it_changed() -> None:
    story = [
        *(change("a", T0, 1), change("a", after(1), 2), change("a", after(2), None)),
        *(change("a", after(3), 2), change("a", after(4), 2), change("b", T0, 2)),
    ]

    found = ask(story, history_sql(STOCK))

    assert what_changed(found, STOCK) == [{"level": 1}, {"level": 2}, None, {"level": 2}, {}, {"level": 2}]


def test_a_dataset_without_a_contract_is_told_which_there_are() -> None:
    with pytest.raises(UnknownDataset, match="No contract for 'stock'; there are households, products"):
        contract_of(Target("us-east-1", {}), "stock")
    assert contract_of(Target("us-east-1", {}), "products").dataset == "products"


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
STREAM_TIES = tuple(f"1{number:020}".zfill(40) for number in range(3))
TIES = st.sampled_from([*((tie, "stream") for tie in STREAM_TIES), ("-aa", "export"), ("-bb", "drop")])


@dataclass
class World:
    """A table and its tombstones as `jobs.merge` leaves them, batch after batch, and all accepted changes."""

    rows: dict[str, Change] = field(default_factory=dict)
    graves: dict[str, Change] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def merge(self, batch: list[Change]) -> None:
        self.changes += batch
        for one in batch:
            if one["_op"] == "retract":
                for standing in (self.rows, self.graves):
                    if _position(standing.get(one["_key"])) == _position(one):
                        del standing[one["_key"]]
        for one in batch:
            key = one["_key"]
            if one["_op"] == "delete" and _position(one) > _position(self.graves.get(key)):
                self.graves[key] = one
                if _position(self.rows.get(key)) < _position(one):
                    self.rows.pop(key, None)
            older = max(_position(self.rows.get(key)), _position(self.graves.get(key)))
            if one["_op"] == "upsert" and _position(one) > older:
                self.rows[key] = one

    def levels(self) -> dict[str, int]:
        return {key: row["level"] for key, row in self.rows.items()}


def _position(one: Change | None) -> tuple[int, str]:
    return (-1, "") if one is None else (one["_version"], one["_tie"])


def _received(draw: st.DrawFn, known: list[Change], number: int, since: int) -> list[Change]:
    """A batch of changes in any order, some at one version, some known already, none twice."""
    found = {(one["_key"], *_position(one)): one for one in known}
    new = []
    for _ in range(draw(st.integers(0, 8))):
        key, at, (tie, source) = draw(st.sampled_from("abc")), draw(SECONDS), draw(TIES)
        level = draw(st.none() | st.integers(0, 9))
        one = change(
            key, after(since + at), level, _tie=tie, _source=source, _ingested_at=after(100 * number)
        )
        if found.setdefault((key, *_position(one)), one) is one:
            new.append(one)
    return new


def _repair(draw: st.DrawFn, world: World, number: int) -> list[Change]:
    """What a repair of a key writes (`jobs.parity.repairs`): DynamoDB may have no item, or one of any
    version.

    Not of a key that has been repaired since it changed last.
    """
    latest = {one["_key"]: one["_source"] for one in world.changes}
    key = draw(st.sampled_from([key for key in "abcdef" if latest.get(key) != "repair"]))
    written = {"_ingested_at": after(100 * number), "_updated_at": after(100 * number)}
    items: list[Change] = []
    if draw(st.booleans()):
        at, level = draw(SECONDS), draw(st.none() | st.integers(0, 9))
        items = [repaired(key, after(at), level, _tie=str(number).zfill(40), **written)]
    wrong = [world.rows[key]] if key in world.rows else []
    grave = world.graves.get(key)
    wrong += [
        grave for one in items if grave and one["level"] is not None and grave["_version"] >= one["_version"]
    ]
    return [
        *(retract(key, T0, **written, _version=one["_version"], _tie=one["_tie"]) for one in wrong),
        *items,
    ]


@st.composite
def worlds(draw: st.DrawFn, *, repairs: bool) -> World:
    """Batches merged one after another; what comes after a repair is newer than what came before it."""
    world, since = World(), 0
    for number in range(1, draw(st.integers(1, 6)) + 1):
        if repairs and number > 1 and draw(st.booleans()):
            world.merge(_repair(draw, world, number))
            since = 100 * number
        else:
            world.merge(_received(draw, world.changes, number, since))
    return world


def _quickly(changes: list[Change], sql: str) -> list[dict[str, Any]]:
    """As `ask`, with a statement that is read once and a database that is opened once."""
    database, statement = _opened(), _read(sql)
    database.register("stock_changes", pa.Table.from_pylist(changes, schema=SCHEMA))
    found: list[dict[str, Any]] = database.execute(statement).to_arrow_table().to_pylist()
    return found


@cache
def _opened() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(":memory:")
    database.load_extension(_icu())
    database.execute("set TimeZone = 'UTC'")
    return database


@cache
def _read(sql: str) -> str:
    return sqlglot.parse_one(sql, dialect="athena").sql(dialect="duckdb")


@given(data=st.data(), world=worlds(repairs=False), at=SECONDS)
def test_as_of_any_time_is_what_a_merge_of_all_up_to_then_leaves(
    data: st.DataObject, world: World, at: int
) -> None:
    then = World()
    then.merge([one for one in world.changes if one["_version"] <= micros_of(after(at))])
    told_twice = data.draw(st.permutations([*world.changes, *world.changes[:3]]))

    found = _quickly(told_twice, history_sql(STOCK, as_of=after(at)))

    assert {row["_key"]: row["level"] for row in found} == then.levels()
    assert len({row["_key"] for row in found}) == len(found)


@given(world=worlds(repairs=True))
def test_what_is_current_is_what_the_table_holds_and_intervals_meet(world: World) -> None:
    found = _quickly(world.changes, history_sql(STOCK))

    current = [row for row in found if row["is_current"]]
    assert {row["_key"]: row["level"] for row in current} == world.levels()
    assert len(current) == len(world.rows)
    for key in "abcdef":
        versions = [row for row in found if row["_key"] == key]
        for one, following in pairwise(versions):
            assert one["valid_from"] <= one["valid_to"] <= following["valid_from"]
