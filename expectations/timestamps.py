"""Points in time as the text that messages, items and keys carry: UTC, `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`.

Microseconds are written only when they are not zero, so one instant has one text. Standard library only.
"""

import re
from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CANONICAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{6})?Z$"
_CANONICAL = re.compile(CANONICAL)
_FRACTION = re.compile(r"[.,](\d+)")
_ISO = re.compile(
    r"\d{4}-?\d{2}-?\d{2}([Tt ]\d{2}(:?\d{2}(:?\d{2}([.,]\d{1,9})?)?)? ?([Zz]|[+-]\d{2}(:?\d{2})?)?)?",
    re.ASCII,
)


def to_text(instant: datetime) -> str:
    """The one text of an instant; a datetime without a zone is taken as UTC."""
    if instant.tzinfo is not None:
        instant = instant.astimezone(UTC).replace(tzinfo=None)
    return instant.isoformat() + "Z"


def parse(text: str) -> datetime | None:
    """The instant a text in any ISO 8601 form names, cut to microseconds; None if it names none.

    Extended and basic form, `T` or space, any offset (none means UTC), a date alone (midnight). Cut, not rounded:
    a rounded instant could fall into the next day's partition.
    """
    if _ISO.fullmatch(text) is None:
        return None
    shortened = _FRACTION.sub(lambda found: "." + found.group(1)[:6].ljust(6, "0"), text)
    try:
        instant = datetime.fromisoformat(
            shortened.upper().replace(" +", "+").replace(" -", "-").replace(" Z", "Z")
        )
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):  # no such day or hour; or the offset leads out of years 1..9999
        return None


def canonical(text: str) -> str | None:
    """The one text of the instant that `text` names in any ISO 8601 form; None if it names none."""
    instant = parse(text)
    return None if instant is None else to_text(instant)


def is_canonical(text: str) -> bool:
    """Whether the text is the one text of a real instant."""
    return _CANONICAL.fullmatch(text) is not None and canonical(text) == text


def to_micros(text: str) -> int:
    """Microseconds since the epoch, exact: what `_version` holds when the sequence column is a timestamp."""
    instant = parse(text)
    if instant is None:
        raise ValueError(f"expected an ISO 8601 timestamp, got {text!r}")
    return (instant - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> str:
    """The text of the instant that many microseconds after the epoch."""
    return to_text(EPOCH + timedelta(microseconds=micros))


def is_date(text: str) -> bool:
    """Whether the text is a real day as `YYYY-MM-DD`."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
