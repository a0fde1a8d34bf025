"""Values as literals of Spark SQL. Standard library only.

Spark replaces `${…}` in a statement, also inside literals, and `spark.sql(statement, name=…)` formats the
statement as Python's `str.format` does. Therefore literals contain no braces and no dollar sign: these, and
characters that are not printable, are written as Unicode escapes, which Spark's parser decodes.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

_QUOTED = frozenset("\\'")
_ESCAPED = frozenset("{}$;")


def literal(value: Any) -> str:
    """A value as SQL. ValueError for a datetime without a zone, as it does not name an instant."""
    match value:
        case None:
            sql = "NULL"
        case bool():
            sql = str(value).lower()
        case int():
            sql = str(value)
        case Decimal():
            sql = f"{value:f}"  # a literal with an exponent is a double
        case float():
            sql = f"double('{value}')"
        case bytes() | bytearray():
            sql = f"X'{value.hex()}'"
        case datetime():
            sql = f"timestamp'{_in_utc(value).isoformat(' ')}'"
        case date():
            sql = f"date'{value.isoformat()}'"
        case _:
            sql = f"'{''.join(map(_escaped, str(value)))}'"
    return sql


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"expected a time with a zone, got {value!r}")
    return value.astimezone(UTC)


def _escaped(character: str) -> str:
    if character in _QUOTED:
        return f"\\{character}"
    if character.isprintable() and character not in _ESCAPED:
        return character
    point = ord(character)
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
