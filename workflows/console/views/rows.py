"""A key's history with differences and origins, and its state in DynamoDB and in the table side by side."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from expectations.timestamps import parse
from workflows.console.views.masking import HIDDEN
from workflows.console.views.values import moment, truth

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from expectations.contract import Column, Contract


@dataclass(frozen=True, slots=True)
class Difference:
    """A column whose value changed."""

    column: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a row: when it was valid, what it changed, and where it came from."""

    op: str
    valid_from: datetime | None
    valid_to: datetime | None
    is_current: bool
    is_coarse: bool
    differences: tuple[Difference, ...]
    door: str
    event_id: str  # of the message or request; of a file, its address and the row's number behind a #
    batch_id: str


@dataclass(frozen=True, slots=True)
class Side:
    """A column's value in DynamoDB and in the table."""

    column: str
    in_dynamodb: Any
    in_table: Any
    is_equal: bool


def versions(rows: Iterable[Mapping[str, Any]], contract: Contract, hidden: Collection[str]) -> list[Version]:
    """The versions of one key, the newest first. `rows` are the history's, the oldest first."""
    columns = [column.name for column in contract.columns if column.name not in contract.key]
    found = []
    before: Mapping[str, Any] = {}
    for row in rows:
        is_delete = row["_op"] == "delete"
        old = before if before and before["_op"] != "delete" else dict.fromkeys(columns)
        changed = [] if is_delete else [name for name in columns if row[name] != old[name]]
        found.append(
            Version(
                str(row["_op"]),
                moment(row["valid_from"]),
                moment(row["valid_to"]),
                truth(row["is_current"]),
                truth(row["is_coarse"]),
                tuple(
                    Difference(name, _hide(old[name], name, hidden), _hide(row[name], name, hidden))
                    for name in changed
                ),
                str(row["_source"]),
                str(row["_event_id"] or ""),
                str(row["_batch_id"] or ""),
            )
        )
        before = row
    return found[::-1]


def sides(
    contract: Contract,
    item: Mapping[str, Any] | None,
    row: Mapping[str, Any] | None,
    hidden: Collection[str],
) -> list[Side]:
    """Each column in DynamoDB and in the table; None stands for a row or item that is not there."""
    return [
        Side(
            column.name,
            _hide((item or {}).get(column.name), column.name, hidden),
            _hide((row or {}).get(column.name), column.name, hidden),
            same(column, (item or {}).get(column.name), (row or {}).get(column.name)),
        )
        for column in contract.columns
    ]


def same(column: Column, stored: Any, queried: Any) -> bool:
    """Whether a value of DynamoDB and one of the table mean the same in the type of their column."""
    return bool(_canonical(column.kind, stored) == _canonical(column.kind, queried))


def _canonical(kind: str, value: Any) -> Any:  # noqa: PLR0911 -- one for each kind
    """A value of either side as one that compares by meaning."""
    if value is None:
        return None
    if isinstance(value, (dict, list, tuple, set)):
        return _canonical_nested(value)
    if kind in ("int", "long", "decimal"):
        return Decimal(str(value))
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return truth(value)
    if kind in ("timestamp", "timestamptz"):
        return _instant(value)
    if kind == "date":
        return str(value)[:10]
    if kind == "binary":
        return bytes(value) if isinstance(value, (bytes, bytearray)) else _decoded(str(value))
    return str(value)


def _canonical_nested(value: Any) -> Any:
    """Numbers without their type, members that are null left out."""
    if isinstance(value, dict):
        return {name: _canonical_nested(one) for name, one in value.items() if one is not None}
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, map(_canonical_nested, value)))
    if isinstance(value, (list, tuple)):
        return [_canonical_nested(one) for one in value]
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, datetime):
        return _instant(value)
    return str(value) if isinstance(value, date) else value


def _instant(value: Any) -> Any:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return parse(str(value)) or moment(value) or str(value)


def _decoded(text: str) -> bytes | str:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text


def _hide(value: Any, name: str, hidden: Collection[str]) -> Any:
    return HIDDEN if name in hidden and value is not None else value
