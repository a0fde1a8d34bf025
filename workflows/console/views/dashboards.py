"""What a chart of a dashboard shows of its result: a number, a line over time, or bars of a dimension."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.analysts.dashboards import Chart

NO_VALUE: Final = "no value"
_LONGEST: Final = 40
_DAY: Final = 10  # characters of a date


def drawn(chart: Chart, rows: Sequence[Sequence[Any]]) -> dict[str, Any] | None:
    """A line or bars for `console.js`, of rows of a label and a value; None for a number or without rows."""
    if chart.kind == "number" or not rows:
        return None
    is_line = chart.kind == "line"
    values = [None if row[1] is None else float(row[1]) for row in rows]
    return {
        "type": "line" if is_line else "bar",
        "sideways": not is_line,
        "labels": [_label(row[0], is_time=is_line) for row in rows],
        "series": [{"name": chart.measure.name, "values": values}],
    }


def total(rows: Sequence[Sequence[Any]]) -> str:
    """The one number of a result, with its thousands apart; of an empty table there is none."""
    value = rows[0][0] if rows else None
    if value is None:
        return NO_VALUE
    try:
        number = Decimal(str(value))  # Athena's values are texts
    except InvalidOperation:
        return str(value)
    return f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,.2f}"


def _label(value: Any, *, is_time: bool) -> str:
    if value is None:
        return NO_VALUE
    return str(value)[: _DAY if is_time else _LONGEST]
