"""Values as texts that sort as the values do, for the keys of indexes. Standard library only.

DynamoDB sorts text by its UTF-8 bytes. The texts of numbers and timestamps in items do not sort so: `9` comes
after `10`, and `12:00:00.5Z` before `12:00:00Z`. These texts have a fixed width for each kind of type, also
after a type was widened, so a stored text stays right.
"""

import struct
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

from expectations import timestamps
from expectations.contract import Column

_INTEGERS = {"int": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}
_LONG_OFFSET = 2**63
_LONG_DIGITS = 19
_DECIMAL_OFFSET = 10**38  # beyond every unscaled value of 38 digits
_SIGN = 1 << 63
_ALL_BITS = (1 << 64) - 1


def ordered_text(column: Column, value: Any) -> str | None:
    """The text of a value of the column; None if the value is null or not of the column's type.

    Numbers are int or Decimal. Timestamps may have any ISO 8601 form: equal instants have equal texts.

    >>> ordered_text(Column("at", "timestamp"), "2026-11-01T02:00:00+02:00")
    '2026-11-01T00:00:00.000000Z'
    """
    text = _TEXTS.get(column.kind)
    return None if text is None or value is None else text(column, value)


def _string(_: Column, value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _boolean(_: Column, value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None


def _date(_: Column, value: Any) -> str | None:
    return value if isinstance(value, str) and timestamps.is_date(value) else None


def _timestamp(_: Column, value: Any) -> str | None:
    instant = timestamps.parse(value) if isinstance(value, str) else None
    return None if instant is None else f"{instant.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _integer(column: Column, value: Any) -> str | None:
    if not _is_number(value):
        return None
    if isinstance(value, Decimal):  # which a range would search for number by number
        if not value.is_finite() or value.adjusted() >= _LONG_DIGITS or value != value.to_integral_value():
            return None
        value = int(value)
    return f"{value + _LONG_OFFSET:020d}" if value in _INTEGERS[column.kind] else None


def _decimal(column: Column, value: Any) -> str | None:
    """Without arithmetic of Decimal, which would round to 28 digits."""
    if not _is_number(value):
        return None
    number = Decimal(value)
    precision, scale = column.precision_scale
    if not number.is_finite() or (number and number.adjusted() >= precision - scale):
        return None
    text = f"{number:.{scale}f}"
    return f"{int(text.replace('.', '')) + _DECIMAL_OFFSET:039d}" if Decimal(text) == number else None


def _double(_: Column, value: Any) -> str | None:
    """The bits of the double: those of negative numbers inverted, the others after them."""
    if not _is_number(value):
        return None
    try:
        number = float(value) + 0.0  # so that -0.0 is 0.0
    except OverflowError:
        return None
    if not isfinite(number):
        return None
    (bits,) = struct.unpack(">Q", struct.pack(">d", number))
    return f"{bits ^ _ALL_BITS if bits & _SIGN else bits | _SIGN:016x}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


_TEXTS: dict[str, Callable[[Column, Any], str | None]] = {
    "string": _string,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "int": _integer,
    "long": _integer,
    "decimal": _decimal,
    "float": _double,
    "double": _double,
}
ORDERED_KINDS = tuple(_TEXTS)
