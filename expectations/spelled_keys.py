"""All key values as which any door may read a received value, in this and in earlier versions.

An erasure uses this to find every row of a key, rejected rows included. Doors differ: messages are trimmed,
while drops once kept the blanks of a text. A JSON number in a text column is rejected now; earlier versions
read it as the text that Spark makes of it, which is that of a double (`31198570044.0` is `3.1198570044E10`,
`1.50` is `1.5`), or as it was written if the line had a number that no double holds. A rejected number in
quarantine is also found by its plain text (`42.0` by key `42`).

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
# Numbers that no double may hold. No door ever read them as doubles: that could be the key of another person.
_NO_DOUBLE = re.compile(r"-?(?:(?=[0-9.]{17})[0-9]+[.eE]|[0-9.]+[eE][+-]?[0-9]{3})", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
_LONGEST_NUMBER = 400  # characters; the longest integer of a key has 20
_MIDNIGHT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]00:?00(?::?00(?:[.]0+)?)? ?(?:[Zz]|[+-][0-9:]{2,8})?", re.ASCII
)
_BASIC_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
# Java writes a double between these without an exponent.
_LEAST_PLAIN, _LEAST_SCIENTIFIC = Decimal("1e-3"), Decimal("1e7")


class JsonNumber(str):
    """A number as it is written in a JSON text."""

    __slots__ = ()

    @classmethod
    def or_text(cls, text: str) -> str:
        """The text, as a `JsonNumber` if it is a number."""
        return cls(text) if _NUMBER.fullmatch(text) else text


def readings(column: Column, value: Any, *, trims: bool = True) -> Iterator[Any]:
    """The values of the column's type, as `encode_key` takes them, as which `value` may have been read.

    `value` is what JSON or CSV contains: text, a number (preferably a `JsonNumber`), a boolean or None.
    Text is not trimmed if `trims` is false.
    """
    for text in texts_of(value, trims=trims):
        match column.kind:
            case "string":
                yield text
            case "binary":
                yield text.strip()
            case "int" | "long" | "decimal":
                yield from _numbers(column, text.strip())
            case "boolean" if text.strip().lower() in ("true", "false"):
                yield text.strip().lower() == "true"
            case "date":
                yield from _days(text.strip())
            case "timestamp":
                yield from _instants(text.strip())


def texts_of(value: Any, *, trims: bool = True) -> Iterator[str]:
    """The texts as which a value may have been read."""
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
    """The number as written, as Spark reads it, and without exponent, with and without trailing zeros."""
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
    """The text as which Spark reads a JSON number in a text column: an integer, or the text of a double."""
    if _INTEGER.fullmatch(number):
        return str(int(number)) if len(number) < _LONGEST_NUMBER else number
    double = float(number)  # NaN and Infinity are numbers in Python's JSON too
    return _text_of_double(double) if isfinite(double) else number


def _text_of_double(double: float) -> str:
    """Java's `Double.toString`: at least one digit after the point, an exponent if very large or small."""
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
