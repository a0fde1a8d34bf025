"""The history of random changes, compared with a model of the merge."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from expectations.timestamps import micros_of
from tests.model import Change as ModelledChange
from tests.model import Model
from tests.workflows.query.change_rows import (
    CONTRACT,
    SCHEMA,
    T0,
    Change,
    after,
    change,
    repaired,
    retract,
)
from workflows.query.history import history_sql
from workflows.query.local_engine import icu_extension

SECONDS = st.integers(0, 6)
STREAM_TIES = tuple(f"1{number:020}".zfill(40) for number in range(3))
TIES = st.sampled_from([*((tie, "stream") for tie in STREAM_TIES), ("-aa", "export"), ("-bb", "drop")])


@dataclass
class MergedTable:
    """The reference model of merge, with whole changes as its rows, and all changes in their order."""

    model: Model = field(default_factory=Model)
    changes: list[Change] = field(default_factory=list)

    def merge(self, batch: list[Change]) -> None:
        self.changes += batch
        self.model.merge(
            ModelledChange(one["_key"], one["_op"], one["_version"], one["_tie"], one) for one in batch
        )

    def levels(self) -> dict[str, int]:
        return {key: row["level"] for key, row in self.model.rows().items()}


def _identity(one: Change) -> tuple[str, int, str]:
    return one["_key"], one["_version"], one["_tie"]


def _received(draw: st.DrawFn, known: list[Change], number: int, since: int) -> list[Change]:
    """A batch of new changes in any order; some share a version."""
    found = {_identity(one): one for one in known}
    new = []
    for _ in range(draw(st.integers(0, 8))):
        key, at, (tie, source) = draw(st.sampled_from("abc")), draw(SECONDS), draw(TIES)
        level = draw(st.none() | st.integers(0, 9))
        one = change(
            key, after(since + at), level, _tie=tie, _source=source, _ingested_at=after(100 * number)
        )
        if found.setdefault(_identity(one), one) is one:
            new.append(one)
    return new


def _repair(draw: st.DrawFn, merged: MergedTable, number: int) -> list[Change]:
    """The changes that a repair of a key writes (`jobs.parity.repairs`); the item may be absent or
    of any version.

    A key that has been repaired since its last change is not repaired again.
    """
    latest = {one["_key"]: one["_source"] for one in merged.changes}
    key = draw(st.sampled_from([key for key in "abcdef" if latest.get(key) != "repair"]))
    written = {"_ingested_at": after(100 * number), "_updated_at": after(100 * number)}
    items: list[Change] = []
    if draw(st.booleans()):
        at, level = draw(SECONDS), draw(st.none() | st.integers(0, 9))
        items = [repaired(key, after(at), level, _tie=str(number).zfill(40), **written)]
    upsert, tombstone = merged.model.upserts.get(key), merged.model.tombstones.get(key)
    wrong: list[Change] = [upsert.row] if upsert else []
    wrong += [
        tombstone.row
        for one in items
        if tombstone and one["level"] is not None and tombstone.version >= one["_version"]
    ]
    return [
        *(retract(key, T0, **written, _version=one["_version"], _tie=one["_tie"]) for one in wrong),
        *items,
    ]


@st.composite
def merged_tables(draw: st.DrawFn, *, repairs: bool) -> MergedTable:
    """Batches merged one after another; changes after a repair are newer than those before it."""
    merged, since = MergedTable(), 0
    for number in range(1, draw(st.integers(1, 6)) + 1):
        if repairs and number > 1 and draw(st.booleans()):
            merged.merge(_repair(draw, merged, number))
            since = 100 * number
        else:
            merged.merge(_received(draw, merged.changes, number, since))
    return merged


def ask_prepared(changes: list[Change], sql: str) -> list[dict[str, Any]]:
    """Like `ask`, but the statement is parsed once and the database is opened once."""
    database, statement = _opened(), _read(sql)
    database.register("stock_changes", pa.Table.from_pylist(changes, schema=SCHEMA))
    found: list[dict[str, Any]] = database.execute(statement).to_arrow_table().to_pylist()
    return found


@cache
def _opened() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(":memory:")
    database.load_extension(icu_extension())
    database.execute("set TimeZone = 'UTC'")
    return database


@cache
def _read(sql: str) -> str:
    return sqlglot.parse_one(sql, dialect="athena").sql(dialect="duckdb")


@given(data=st.data(), merged=merged_tables(repairs=False), at=SECONDS)
def test_as_of_any_time_equals_a_merge_of_all_changes_up_to_then(
    data: st.DataObject, merged: MergedTable, at: int
) -> None:
    then = MergedTable()
    then.merge([one for one in merged.changes if one["_version"] <= micros_of(after(at))])
    repeated = data.draw(st.permutations([*merged.changes, *merged.changes[:3]]))

    found = ask_prepared(repeated, history_sql(CONTRACT, as_of=after(at)))

    assert {row["_key"]: row["level"] for row in found} == then.levels()
    assert len({row["_key"] for row in found}) == len(found)


@given(merged=merged_tables(repairs=True))
def test_current_versions_equal_the_table_and_intervals_meet(merged: MergedTable) -> None:
    found = ask_prepared(merged.changes, history_sql(CONTRACT))

    current = [row for row in found if row["is_current"]]
    assert {row["_key"]: row["level"] for row in current} == merged.levels()
    assert len(current) == len(merged.levels())
    for key in "abcdef":
        versions = [row for row in found if row["_key"] == key]
        for one, following in pairwise(versions):
            assert one["valid_from"] <= one["valid_to"] <= following["valid_from"]
