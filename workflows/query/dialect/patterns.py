"""Patterns of dates and times: MySQL's and Joda's, as Trino takes them, in the words of `strftime`.

Sources: trino.io/docs/current/functions/datetime.html (MySQL date functions, Java date functions).
"""

from __future__ import annotations

import re
from typing import Final

from workflows.query.dialect.errors import QueryError

_MYSQL: Final = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I",
    "i": "%M", "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p",
    "S": "%S", "s": "%S", "T": "%H:%M:%S", "W": "%A", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
_JODA: Final = {
    "yyyy": "%Y", "YYYY": "%Y", "yy": "%y", "y": "%Y", "Y": "%Y",
    "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m",
    "dd": "%d", "d": "%-d", "DDD": "%j", "D": "%-j",
    "EEEE": "%A", "EEE": "%a", "EE": "%a", "E": "%a", "e": "%u",
    "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S",
    "SSS": "%g", "a": "%p", "Z": "%z",
}  # fmt: skip
_JODA_PARTS: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


def from_mysql(pattern: str) -> str:
    """The pattern of `date_format` and `date_parse`. Raises QueryError for a specifier without an equal."""
    parts = re.split(r"%(.)", pattern)
    texts, specifiers = parts[::2], parts[1::2]
    unknown = [one for one in specifiers if one not in _MYSQL]
    if unknown:
        raise QueryError(f"Pattern '%{unknown[0]}' of date_format and date_parse is not supported here.")
    found = [texts[0]]
    for specifier, text in zip(specifiers, texts[1:], strict=True):
        found += [_MYSQL[specifier], text]
    return "".join(found)


def from_joda(pattern: str) -> str:
    """The pattern of `format_datetime` and `parse_datetime`. Raises QueryError for an unknown one."""
    found = []
    for part in _JODA_PARTS.finditer(pattern):
        quoted, letter = part[1], part[2]
        if quoted is not None:
            found.append((quoted.replace("''", "'") or "'").replace("%", "%%"))
        elif letter is None:
            found.append(part[0].replace("%", "%%"))
        elif part[0] in _JODA:
            found.append(_JODA[part[0]])
        else:
            raise QueryError(
                f"Pattern '{part[0]}' of format_datetime and parse_datetime is not supported here."
            )
    return "".join(found)
