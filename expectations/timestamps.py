"""Instants as text in UTC, `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, as messages, items and keys contain them.

Microseconds are written only if they are not zero, so each instant has exactly one text, its canonical text.
Standard library only.
"""

import re
from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Without look-around, so that every regular expression engine accepts it. It matches days like 02-30 too.
CANONICAL = (
    r"^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-[0-9]{2}-[0-9]{2}"
    r"T[0-9]{2}:[0-9]{2}:[0-5][0-9]"
    r"([.]([0-9]{5}[1-9]|[0-9]{4}[1-9]0|[0-9]{3}[1-9]00|[0-9]{2}[1-9]000|[0-9][1-9]0000|[1-9]00000))?Z$"
)
_CANONICAL = re.compile(CANONICAL)
# Up to 18 hours, as in Java and therefore in Spark. Real zones reach 14 hours.
OFFSET = r"[+-](?:(?:0[0-9]|1[0-7])(?::?[0-5][0-9])?|18(?::?00)?)"
_ISO = re.compile(
    r"(?P<day>\d{4}-?\d{2}-?\d{2})"
    r"(?:[Tt ](?P<time>\d{2}(?::?\d{2}(?::?\d{2})?)?)(?:[.,](?P<fraction>\d+))?)?"
    rf" ?(?P<zone>[Zz]|{OFFSET})?",
    re.ASCII,
)


def to_text(instant: datetime) -> str:
    """The canonical text of an instant; a datetime without a zone is in UTC."""
    if instant.tzinfo is not None:
        instant = instant.astimezone(UTC).replace(tzinfo=None)
    return instant.isoformat() + "Z"


def parse(text: str) -> datetime | None:
    """The instant of a text in any ISO 8601 form, truncated to microseconds; None for other texts.

    Accepts extended and basic form, `T` or space, any offset (UTC if there is none), and a date alone
    (midnight). The fraction is truncated because a rounded instant could fall into the partition of the next
    day.
    """
    found = _ISO.fullmatch(text)
    if found is None or (found["fraction"] and len(found["time"].replace(":", "")) < len("HHMMSS")):
        return None
    fraction = f".{found['fraction'][:6]:0<6}" if found["fraction"] else ""
    zone = (found["zone"] or "Z").upper()
    try:
        return datetime.fromisoformat(f"{found['day']}T{found['time'] or '00'}{fraction}{zone}").astimezone(
            UTC
        )
    except (ValueError, OverflowError):  # no such day or hour, or outside years 1 to 9999 once it is in UTC
        return None


def canonical(text: str) -> str | None:
    """The canonical text of an instant in any ISO 8601 form; None if the text has another form."""
    instant = parse(text)
    return None if instant is None else to_text(instant)


def is_canonical(text: str) -> bool:
    """Whether the text is the canonical text of an instant."""
    if _CANONICAL.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:  # no such day or hour
        return False
    return True


def to_micros(text: str) -> int:
    """Microseconds since the epoch, exact: the `_version` of a row whose sequence column is a timestamp.

    ValueError if the text is not an ISO 8601 timestamp.
    """
    instant = parse(text)
    if instant is None:
        raise ValueError(f"expected an ISO 8601 timestamp, got {text!r}")
    return micros_of(instant)


def from_micros(micros: int) -> str:
    """The text of the instant that many microseconds after the epoch."""
    return to_text(instant_of(micros))


def micros_of(instant: datetime) -> int:
    """Microseconds from the epoch to an instant with a zone, exact: `datetime.timestamp()` is a float."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant_of(micros: int) -> datetime:
    """The instant, in UTC, that many microseconds after the epoch, exact."""
    return EPOCH + timedelta(microseconds=micros)


def is_date(text: str) -> bool:
    """Whether the text is an existing day in the form `YYYY-MM-DD`."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
