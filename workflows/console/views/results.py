"""Results of statements: which columns are hidden, and the chart that a result makes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlglot
from sqlglot import exp

from workflows.console.views.masking import HIDDEN, restricted_names
from workflows.query.results import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from expectations.contract import Contract

MOST_POINTS: Final = 60
MOST_SERIES: Final = 4
# Columns of Glueline's own tables that have values of rows: as they came, in reasons, and as key texts.
_ROW_COLUMNS: Final = frozenset({"payload", "reasons", "result", "proof"})
_KEY_COLUMNS: Final = frozenset({"_key", "key", "missing", "extra", "differing", "_event_id"})


def hidden_columns(sql: str, names: Sequence[str], contracts: Iterable[Contract]) -> frozenset[str]:
    """The columns of a statement's result that may have values of restricted columns.

    In a plain SELECT these are the ones that are made of one. If a subquery or a UNION could rename it, the
    whole result is hidden as soon as the statement mentions one.
    """
    restricted = _restricted(contracts)
    if not restricted:
        return frozenset()
    by_name = frozenset(name for name in names if name.lower() in restricted)
    statement = sqlglot.parse_one(sql, dialect="athena")
    if not isinstance(statement, exp.Select) or len(list(statement.find_all(exp.Select))) > 1:
        return frozenset(names) if _mentions(statement, restricted) else by_name
    made = statement.expressions
    if any(one.is_star for one in made):  # then the names are those of the tables
        made = [one for one in made if not one.is_star]
        found = {one.alias_or_name for one in made if _mentions(one, restricted)}
    else:
        found = {name for name, one in zip(names, made, strict=False) if _mentions(one, restricted)}
    return by_name | found


def chart(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any] | None:
    """A chart of a result with a column of labels and columns of numbers; None if it has none.

    Times make a line, in their order; other labels make bars.
    """
    if not rows or len(names) < 2:
        return None
    numeric = [place for place in range(len(names)) if _is_numeric(rows, place)]
    label = next((place for place in range(len(names)) if place not in numeric), 0)
    series = [place for place in numeric if place != label][:MOST_SERIES]
    if not series:
        return None
    shown = rows[:MOST_POINTS]
    is_time = all(isinstance(row[label], (date, datetime)) for row in shown)
    if is_time:
        shown = sorted(shown, key=lambda row: str(row[label]))
    return {
        "type": "line" if is_time else "bar",
        "labels": ["null" if row[label] is None else str(row[label])[:40] for row in shown],
        "series": [
            {
                "name": names[place],
                "values": [None if row[place] is None else float(row[place]) for row in shown],
            }
            for place in _alike(series, shown)
        ],
    }


def _alike(series: Sequence[int], rows: Sequence[Sequence[Any]]) -> list[int]:
    """The first of the series, and those of its size: one that dwarfs the others would hide them."""
    largest = {place: max((abs(float(row[place] or 0)) for row in rows), default=0.0) for place in series}
    first = largest[series[0]] or 1.0
    return [place for place in series if place == series[0] or 0.05 < largest[place] / first < 20]


def _is_numeric(rows: Sequence[Sequence[Any]], place: int) -> bool:
    found = [row[place] for row in rows if row[place] is not None]
    return bool(found) and all(_number(value) for value in found)


def _number(value: Any) -> bool:
    if isinstance(value, (int, float, Decimal)):
        return not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    try:  # Athena's values are texts
        float(value)
    except ValueError:
        return False
    return True


def _restricted(contracts: Iterable[Contract]) -> frozenset[str]:
    known = tuple(contracts)
    names = frozenset(name.lower() for name in restricted_names(known))
    if not names:
        return names
    is_in_key = any(not names.isdisjoint(contract.key) for contract in known)
    return names | _ROW_COLUMNS | (_KEY_COLUMNS if is_in_key else frozenset())


def _mentions(part: exp.Expr, restricted: frozenset[str]) -> bool:
    """Whether a part reads a restricted column, or every column, other than to count rows."""
    tables = {table.alias_or_name.lower() for table in part.root().find_all(exp.Table)}
    for found in [*part.find_all(exp.Star), *part.find_all(exp.Column)]:
        if found.find_ancestor(exp.Count):
            continue
        if not isinstance(found, exp.Column):
            return True
        names = {one.name.lower() for one in found.parts}
        is_row = len(names) == 1 and not names.isdisjoint(tables)
        if is_row or not names.isdisjoint(restricted):
            return True
    return False


def table_rows(result: pa.Table, hidden: frozenset[str] = frozenset()) -> list[tuple[Any, ...]]:
    """The rows of a result as texts that templates show; hidden columns have none of their values."""
    columns = [
        [HIDDEN] * result.num_rows if name in hidden else values(column)
        for name, column in zip(result.column_names, result.columns, strict=True)
    ]
    return list(zip(*columns, strict=True))
