"""Changes of a small dataset as rows of its change table, and its history as DuckDB answers it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from expectations.contract import Column, Contract
from expectations.timestamps import micros_of
from tests.workflows.query.tables import Lake, ScannedTable
from workflows.query.history import history_sql
from workflows.query.local_engine import query_here
from workflows.query.sql import rows

if TYPE_CHECKING:
    from collections.abc import Iterable

type Change = dict[str, Any]

T0 = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONTRACT = Contract("stock", "1.0.0", "", (Column("item", "string"), Column("level", "int")), key=("item",))
COUNTED = replace(
    CONTRACT, columns=(*CONTRACT.columns, Column("revision", "long")), sequence_column="revision"
)
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
    """A change: an upsert of a level, or a delete if the level is None."""
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
    lake.tables = {
        ("lake", "stock_changes"): ScannedTable(pa.Table.from_pylist(list(changes), schema=SCHEMA))
    }
    return lake


def ask(changes: Iterable[Change], sql: str) -> list[dict[str, Any]]:
    return rows(query_here(lake_of(changes), sql, "lake")[0])


def intervals(*changes: Change, contract: Contract = CONTRACT) -> list[tuple[Any, ...]]:
    """Level, begin and end (as whole seconds after T0) of each version."""
    found = ask(changes, history_sql(contract))
    return [(row["level"], *(_seconds(row[name]) for name in ("valid_from", "valid_to"))) for row in found]


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else (at - T0).total_seconds()


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def retract(key: str, at: datetime, **other: Any) -> Change:
    """A repair's retract, 700 seconds later, of the version at exactly this position."""
    return repaired(key, at, None, _op="retract", **({"_tie": "1".zfill(40)} | other))


def repaired(key: str, at: datetime, level: int | None, **other: Any) -> Change:
    """The record that the same repair writes: it loses to the stream's own record of that version."""
    repair = {"_source": "repair", "_batch_id": "wr_7", "_ingested_at": after(705), "_updated_at": after(700)}
    return change(key, at, level, **({"_tie": "0".zfill(40)} | repair | other))
