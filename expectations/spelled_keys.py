"""Every key text that a received row may mean: by every door, as it is and as it was, also if it is refused.

The doors read one value in one way each, but not all in the same, and not always. Messages are trimmed, while
drops kept the blanks of a text. A JSON number for a text column is refused; before, it was taken for the text
that Spark makes of it, which is that of a double (`31198570044.0` is `3.1198570044E10`, `1.50` is `1.5`), or
for what stands there if the line had a number that no double holds. Erase has to find what any of them has
read. A refused number, which lies in the quarantine, is also found by its plain text (`42.0` by key `42`).

Standard library only.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from math import isfinite
from typing import Any

from expectations import timestamps
from expectations.contract import Column

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
# Of these, which no double may hold, the doors never had Spark make a double: another person's may be near.
_NO_DOUBLE = re.compile(r"-?(?:(?=[0-9.]{17})[0-9]+[.eE]|[0-9.]+[eE][+-]?[0-9]{3})", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
_LONGEST_NUMBER = 400  # characters; the longest integer of a key has 20
_MIDNIGHT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]00:?00(?::?00(?:[.]0+)?)? ?(?:[Zz]|[+-][0-9:]{2,8})?", re.ASCII
)
_BASIC_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
# Between these, Java writes a double without an exponent.
_LEAST_PLAIN, _LEAST_SCIENTIFIC = Decimal("1e-3"), Decimal("1e7")


class JsonNumber(str):
    """A number of a JSON text, as it is written there."""

    __slots__ = ()

    @classmethod
    def or_text(cls, text: str) -> str:
        """The text, as a number if it is one."""
        return cls(text) if _NUMBER.fullmatch(text) else text


def readings(column: Column, value: Any, *, trims: bool = True) -> Iterator[Any]:
    """The values of the column's type, as `encode_key` takes them, that a value may have been read as.

    `value` is what JSON or CSV gives: text, a number (best as a `JsonNumber`), a boolean, or None. Without
    `trims`, a text is taken as it stands.
    """
    for text in texts_of(value, trims=trims):
        match column.kind:
            case "string":
                yield text
            case "int" | "long" | "decimal":
                yield from _numbers(column, text.strip())
            case "boolean" if text.strip().lower() in ("true", "false"):
                yield text.strip().lower() == "true"
            case "date":
                yield from _days(text.strip())
            case "timestamp":
                yield from _instants(text.strip())


def texts_of(value: Any, *, trims: bool = True) -> Iterator[str]:
    """The texts that a value may have been read as."""
    match value:
        case bool():
            yield str(value).lower()
        case int() | float() | Decimal():
            yield from _texts_of_number(str(value))
        case JsonNumber():
            yield from _texts_of_number(value)
        case str():
            yield value
            if trims:
                yield value.strip()
                yield value.strip(" ")


def _texts_of_number(text: str) -> Iterator[str]:
    """As it is written, as Spark reads it, and plainly with and without the zeros at its end."""
    yield str(text)
    if not _NO_DOUBLE.match(text):
        yield java_text(text)
    if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        number = Decimal(text)
        if abs(number.adjusted()) < _LONGEST_NUMBER:
            plain = f"{number:f}"
            yield plain
            yield plain.rstrip("0").rstrip(".") if "." in plain else plain


def java_text(number: str) -> str:
    """What Spark makes of a JSON number that it is to read as text: an integer, or the text of a double."""
    if _INTEGER.fullmatch(number):
        return str(int(number)) if len(number) < _LONGEST_NUMBER else number
    double = float(number)  # NaN and Infinity are numbers to Python's JSON too
    return _text_of_double(double) if isfinite(double) else number


def _text_of_double(double: float) -> str:
    """Java's `Double.toString`: a digit behind the point at least, an exponent if very large or small."""
    sign, digits, _ = Decimal(repr(double)).normalize().as_tuple()
    exact = Decimal(repr(abs(double)))
    minus = "-" if sign or str(double).startswith("-") else ""
    if not exact:
        return f"{minus}0.0"
    shown = "".join(map(str, digits))
    if _LEAST_PLAIN <= exact < _LEAST_SCIENTIFIC:
        plain = f"{exact:f}"
        return f"{minus}{plain}" if "." in plain else f"{minus}{plain}.0"
    return f"{minus}{shown[0]}.{shown[1:] or '0'}E{exact.adjusted()}"


def _numbers(column: Column, text: str) -> Iterator[int | Decimal]:
    if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        number = Decimal(text)
        if column.kind == "decimal":
            yield number
        elif number.adjusted() < _LONGEST_NUMBER and number == number.to_integral_value():
            yield int(number)


def _days(text: str) -> Iterator[str]:
    if found := _MIDNIGHT.fullmatch(text):
        yield found[1]
    yield _BASIC_DATE.sub(r"\1-\2-\3", text)


def _instants(text: str) -> Iterator[str]:
    if instant := timestamps.canonical(text):
        yield instant
