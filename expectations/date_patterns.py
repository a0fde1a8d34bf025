"""Patterns of dates and times in letters of Java's DateTimeFormatter, as ODCS has them: `dd.MM.yyyy HH:mm`.

Understood are y or u (year), M or L (month; three letters are the English abbreviation, four the name),
d (day), E (day of the week, in English), H (hour), h with a (hour of half a day), m, s, S (fraction), X, x
and Z (offset), and text in single quotes. A time without an offset is one in UTC. Standard library only.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from expectations import timestamps

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PARTS: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']")
_OFFSET: Final = r"Z|z|[+-]\d{2}(?::?\d{2})?"
_CENTURY: Final = 2000  # of years of two digits, as in Java
_FIELDS: Final = {  # letters -> field, its regular expression
    "d": ("day", r"\d{1,2}"),
    "dd": ("day", r"\d{2}"),
    "M": ("month", r"\d{1,2}"),
    "MM": ("month", r"\d{2}"),
    "MMM": ("name", "|".join(name[:3] for name in _MONTHS)),
    "MMMM": ("name", "|".join(_MONTHS)),
    "yy": ("short", r"\d{2}"),
    **dict.fromkeys(("y", "yyyy"), ("year", r"\d{4}")),
    "H": ("hour", r"\d{1,2}"),
    "HH": ("hour", r"\d{2}"),
    "h": ("half", r"\d{1,2}"),
    "hh": ("half", r"\d{2}"),
    "m": ("minute", r"\d{1,2}"),
    "mm": ("minute", r"\d{2}"),
    "s": ("second", r"\d{1,2}"),
    "ss": ("second", r"\d{2}"),
    "a": ("noon", "[ap]m"),
    **{"S" * digits: ("fraction", rf"\d{{{digits}}}") for digits in range(1, 10)},
    **dict.fromkeys(("X", "XX", "XXX", "x", "xx", "xxx", "Z"), ("zone", _OFFSET)),
    **dict.fromkeys(("E", "EE", "EEE"), ("weekday", "|".join(name[:3] for name in _DAYS))),
    "EEEE": ("weekday", "|".join(_DAYS)),
}
# In every order, and with every sign between them, these are a day and time if ISO 8601 has that form.
_SAMPLE: Final = {
    **dict.fromkeys(("day", "month", "hour", "minute", "second", "fraction"), "01"),
    "year": "0101",
    "zone": "Z",
}


class UnknownPattern(ValueError):
    """Raised for a pattern that is not understood; the message says what in it is not."""


@dataclass(frozen=True, slots=True)
class DatePattern:
    """A pattern that was read."""

    text: str
    form: re.Pattern[str]
    is_iso: bool  # whether all its texts are ISO 8601 with the same meaning
    is_confusable: bool  # whether some of its texts are ISO 8601 with another meaning

    def to_iso(self, text: str) -> str | None:
        """The ISO 8601 form of a text that has this form; None for another text."""
        found = self.form.fullmatch(text)
        if found is None:
            return None
        try:
            return _iso(found.groupdict())
        except (ValueError, OverflowError):  # no such day or time
            return None


@lru_cache(maxsize=1024)
def read_pattern(pattern: str, *, has_time: bool) -> DatePattern:
    """The pattern of a column of timestamps, or of dates. Raises UnknownPattern."""
    form, sample, fields, is_fixed, before = "", "", list[str](), True, ""
    for is_field, part in _parts(pattern):
        if not is_field:
            form, sample, before = form + re.escape(part), sample + part, ""
            continue
        field, expression = _field(part)
        if field in fields:
            raise UnknownPattern(f"{field} twice")
        if before.endswith(",2}") and expression.startswith(r"\d"):
            raise UnknownPattern(f"a number of any length directly before {part}")
        fields.append(field)
        form += f"(?P<{field}>{expression})"
        sample += _SAMPLE.get(field, "x")
        is_fixed &= not expression.endswith(",2}")
        before = expression
    _check(fields, has_time=has_time)
    is_ordered = [one for one in fields if one in ("year", "month", "day")] == ["year", "month", "day"]
    is_read = timestamps.parse(sample) is not None
    whole = re.compile(form, re.ASCII | re.IGNORECASE)
    return DatePattern(pattern, whole, is_read and is_ordered and is_fixed, is_read and not is_ordered)


def _parts(pattern: str) -> list[tuple[bool, str]]:
    """The parts of a pattern: letters (true), or text."""
    parts, at = list[tuple[bool, str]](), 0
    while at < len(pattern):
        found = _PARTS.match(pattern, at)
        if found is None:
            raise UnknownPattern("a quote that is not closed")
        quoted, letter = found[1], found[2]
        if quoted is not None:
            parts.append((False, quoted.replace("''", "'") or "'"))
        else:
            parts.append((letter is not None, found[0]))
        at = found.end()
    return parts


def _field(letters: str) -> tuple[str, str]:
    known = letters.replace("u", "y").replace("L", "M")
    if known not in _FIELDS:
        raise UnknownPattern(letters)
    return _FIELDS[known]


def _check(fields: list[str], *, has_time: bool) -> None:
    needed = {"year": ("year", "short"), "month": ("month", "name"), "day": ("day",)}
    for field, ways in needed.items():
        if sum(way in fields for way in ways) != 1:
            raise UnknownPattern(f"not one {field}")
    if ("half" in fields) != ("noon" in fields) or {"half", "hour"} <= set(fields):
        raise UnknownPattern("h without a, or H with h")
    times = [field for field in fields if field in ("hour", "half", "minute", "second", "fraction", "zone")]
    if times and not has_time:
        raise UnknownPattern(f"{times[0]} in a date")
    before = {
        "minute": ("hour", "half"),
        "second": ("minute",),
        "fraction": ("second",),
        "zone": ("hour", "half"),
    }
    for field in times:
        if field in before and not set(before[field]) & set(times):
            raise UnknownPattern(f"{field} without {before[field][0]}")


def _iso(found: dict[str, str]) -> str:
    month = int(found["month"]) if "month" in found else _number(_MONTHS, found["name"]) + 1
    year = int(found["year"]) if "year" in found else _CENTURY + int(found["short"])
    hour = int(found.get("hour", 0))
    if "half" in found:
        hour = _hour(int(found["half"]), found["noon"])
    day = datetime(
        year, month, int(found["day"]), hour, int(found.get("minute", 0)), int(found.get("second", 0)),
        tzinfo=_zone(found.get("zone", "Z")),
    )  # fmt: skip
    if "weekday" in found and day.weekday() != _number(_DAYS, found["weekday"]):
        raise ValueError(f"{day} is no {found['weekday']}")
    if not {"hour", "half"} & found.keys():
        return day.date().isoformat()
    fraction = f".{found['fraction']}" if "fraction" in found else ""
    return f"{day:%H:%M:%S}".join((f"{day.date().isoformat()}T", fraction)) + _offset(day)


def _number(names: tuple[str, ...], given: str) -> int:
    return next(at for at, name in enumerate(names) if name.startswith(given.lower()))


def _hour(half: int, noon: str) -> int:
    if not 1 <= half <= 12:
        raise ValueError(f"{half} is no hour of half a day")
    return half % 12 + (12 if noon.lower() == "pm" else 0)


def _zone(text: str) -> timezone:
    if text in ("Z", "z"):
        return timezone(timedelta(0))
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if int(digits[2:]) > 59 or offset > timedelta(hours=18):
        raise ValueError(f"{text} is no offset")
    return timezone(-offset if text[0] == "-" else offset)


def _offset(instant: datetime) -> str:
    text = instant.strftime("%z")
    return "Z" if text == "+0000" else f"{text[:3]}:{text[3:5]}"
