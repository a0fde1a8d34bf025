"""Values of query results: on this machine they have types, of Athena they are texts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SEPARATOR: Final = "\x1f"  # between the texts of an array that a statement has joined


def number(value: Any) -> int:
    """An integer; 0 for null, as the sum of no rows is null."""
    return int(value or 0)


def truth(value: Any) -> bool:
    """A boolean."""
    return value is True or str(value).lower() == "true"


def moment(value: Any) -> datetime | None:
    """A time in UTC; None for null, and for a text that is no time."""
    if value is None or isinstance(value, datetime):
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
    try:
        found = datetime.fromisoformat(str(value).removesuffix(" UTC"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def texts(value: Any) -> tuple[str, ...]:
    """The texts of an array that was joined by `SEPARATOR`."""
    return tuple(str(value).split(SEPARATOR)) if value not in (None, "") else ()


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of the values that is at least as great as this share of them; None if there are none."""
    if not values:
        return None
    ordered = sorted(values)
    place = max(0, -(-int(share * 100) * len(ordered) // 100) - 1)
    return ordered[min(place, len(ordered) - 1)]
