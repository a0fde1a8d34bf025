"""Writes values as literals of Athena's SQL."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def instant(at: datetime) -> str:
    """A literal of a point in time, exact to the microsecond."""
    plain = at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return f"CAST('{plain} UTC' AS timestamp(6) with time zone)"
