"""Templates: everything that they show is escaped, and numbers and times look alike on every page."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"
PAGES: Final = (  # path, name; in the order of the menu
    ("/", "Overview"),
    ("/flow", "Flow"),
    ("/batches", "Batches"),
    ("/quarantine", "Quarantine"),
    ("/rows", "Rows"),
    ("/lineage", "Lineage"),
    ("/quality", "Quality"),
    ("/parity", "Parity"),
    ("/contracts", "Contracts"),
    ("/dashboards", "Dashboards"),
    ("/sql", "SQL"),
)
NOTHING: Final = "-"
_SECONDS: Final = (("d", 86400), ("h", 3600), ("min", 60))


def environment() -> Environment:
    """The templates of the console."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": count,
        "when": when,
        "ago": ago,
        "lasting": lasting,
        "shown": shown,
        "chart": chart_json,
        "combine": lambda one, other: {**one, **other},
        "shell": shlex.quote,
    }
    made.globals |= {"pages": PAGES, "nothing": NOTHING}
    return made


def count(number: int | float | None) -> str:
    """A number with its thousands apart.

    >>> count(1469307)
    '1,469,307'
    """
    return NOTHING if number is None else f"{number:,}"


def when(at: datetime | None) -> str:
    """A time in UTC, to the second."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long ago a time is, in its largest unit."""
    if at is None:
        return "never"
    passed = (now or datetime.now(UTC)) - at
    return "just now" if passed < timedelta(seconds=5) else f"{lasting(passed.total_seconds())} ago"


def lasting(seconds: float | None) -> str:
    """A duration in its largest unit, and short ones with a digit after the point.

    >>> [lasting(seconds) for seconds in (0.26, 42, 90, 7300)]
    ['0.3 s', '42 s', '1.5 min', '2.0 h']
    """
    if seconds is None:
        return NOTHING
    for unit, size in _SECONDS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def shown(value: Any) -> str:
    """A value of a row or of a result as people read it."""
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def chart_json(chart: Mapping[str, Any]) -> str:
    """A chart as the attribute that `console.js` draws from. What is no finite number is a gap."""
    return json.dumps(_finite(chart))


def _finite(value: Any) -> Any:
    """A part of a chart as JSON has it: numbers that are none, such as NaN, are null."""
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    if isinstance(value, (float, Decimal)):
        return float(value) if isfinite(value) else None
    return value
