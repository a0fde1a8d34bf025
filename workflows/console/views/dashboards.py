"""What a chart of a dashboard shows of its result: a number, a line over time, or bars of a dimension."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from workflows.analysts.dashboards import MOST_BARS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.analysts.dashboards import Chart

NO_VALUE: Final = "no value"
MOST_MONTHS: Final = 1200  # of a line whose gaps are filled; wrong dates may lie millennia apart
_LONGEST: Final = 40
_DAY: Final = 10  # characters of a date
_SMALL: Final = Decimal("0.1")  # below it, two digits after the point would say too little
_TINY: Final = -9  # power of ten


def drawn(chart: Chart, rows: Sequence[Sequence[Any]]) -> dict[str, Any] | None:
    """A line or bars for `console.js`, of rows of a label and a value; None for a number or without rows.

    A month without rows is a gap of the line, and so is a value that is no finite number.
    """
    if chart.kind == "number" or not rows:
        return None
    is_line = chart.kind == "line"
    points = [(_label(row[0], is_time=is_line), _height(row[1])) for row in rows]
    if is_line:
        points = _with_gaps(points)
    return {
        "type": "line" if is_line else "bar",
        "sideways": not is_line,
        "labels": [label for label, _ in points],
        "series": [{"name": chart.measure.name, "values": [value for _, value in points]}],
    }


def is_cut(chart: Chart, number: int) -> bool:
    """Whether a chart with this number of rows may have left some out."""
    return chart.kind == "bar" and number >= MOST_BARS


def total(rows: Sequence[Sequence[Any]]) -> str:
    """The one number of a result, with its thousands apart; of an empty table there is none."""
    value = rows[0][0] if rows else None
    if value is None:
        return NO_VALUE
    try:
        number = Decimal(str(value))  # Athena's values are texts
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    if number == number.to_integral_value():
        return f"{number:,.0f}"
    if abs(number) >= _SMALL:
        return f"{number:,.2f}"
    digits = 2 - number.adjusted()
    return f"{number:.2e}" if number.adjusted() < _TINY else f"{number:.{digits}f}".rstrip("0")


def _height(value: Any) -> float | None:
    number = None if value is None else float(value)
    return number if number is not None and isfinite(number) else None


def _label(value: Any, *, is_time: bool) -> str:
    if value is None:
        return NO_VALUE
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[: _DAY if is_time else _LONGEST]


def _with_gaps(points: list[tuple[str, float | None]]) -> list[tuple[str, float | None]]:
    """The points of a line with every month between the first and the last, if their labels are months."""
    months = [_month(label) for label, _ in points if label != NO_VALUE]
    known = [month for month in months if month is not None]
    if len(known) < len(months) or not known or max(known) - min(known) > MOST_MONTHS:
        return points
    values = dict(points)
    labels = [f"{month // 12:04}-{month % 12 + 1:02}-01" for month in range(min(known), max(known) + 1)]
    return [(label, values.get(label)) for label in labels] + [one for one in points if one[0] == NO_VALUE]


def _month(label: str) -> int | None:
    """The number of a month that begins on the day of the label; None if it is no first of a month."""
    try:
        day = date.fromisoformat(label)
    except ValueError:
        return None
    return day.year * 12 + day.month - 1 if day.day == 1 else None
