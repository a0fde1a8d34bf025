"""Brings a row of a message into the form of its contract, where that is possible without guessing.

Aliases and camelCase become column names, text is trimmed, numbers in text become numbers (int and Decimal,
never float), timestamps in any ISO 8601 form become the one text in UTC, midnight of a day becomes the day,
and defaults replace absent values. Everything else that is wrong stays as it was received, and the JSON
Schema reports it.

Standard library only.
"""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from math import isinf
from typing import Any, Literal, NamedTuple

from expectations import timestamps
from expectations.contract import Column, Contract
from expectations.spellings import columns_by_spelling

type Op = Literal["upsert", "delete"]
type Aligner = Callable[[Any], tuple[Any, list[Adjustment]]]
type _Convert = Callable[[Any, str, list[Adjustment]], Any]

_MAX_DIGITS = 60  # more than any type has; a number of a million digits would take the function's time
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,60}(?:[.][0-9]{0,60})?|[.][0-9]{1,60})(?:[eE][+-]?[0-9]{1,3})?")
_DOUBLE_DIGITS = 17
_LEAST_DOUBLE_EXPONENT = -324  # the least double that is not zero is about 4.9E-324
_BASIC_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]00:00(?::00(?:[.]0+)?)?[Zz]?")
_is_canonical = re.compile(timestamps.CANONICAL).fullmatch


# The characters that `str.strip` removes, for code that has to trim the same in SQL.
WHITESPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)


class Adjustment(NamedTuple):
    """One value that alignment changed; `path` is its JSON Pointer in the aligned row (`/items/0/size`)."""

    path: str
    rule: str  # name | trim | number | date | timestamp | default
    before: Any
    after: Any


def aligner(contract: Contract, op: Op = "upsert") -> Aligner:
    """`align` for one contract and operation, prepared once for many rows."""
    row = _row(contract.columns, defaults=op == "upsert")

    def align_row(data: Any) -> tuple[Any, list[Adjustment]]:
        adjustments: list[Adjustment] = []
        return row(data, "", adjustments), adjustments

    return align_row


_prepared: dict[tuple[int, Op], tuple[Contract, Aligner]] = {}


def align(contract: Contract, data: Any, op: Op = "upsert") -> tuple[Any, list[Adjustment]]:
    """The row in the contract's form, and what was changed. `data` itself is not modified.

    Never raises. Aligning an aligned row changes nothing. A delete gets no defaults, as it keeps the stored
    values.
    """
    # By identity, as hashing a contract costs more than aligning a row. The cache holds a reference to the
    # contract, so its id is not reused.
    prepared = _prepared.get((id(contract), op))
    if prepared is None:
        prepared = _prepared[id(contract), op] = (contract, aligner(contract, op))
    return prepared[1](data)


def _row(columns: Iterable[Column], *, defaults: bool) -> _Convert:
    columns = tuple(columns)
    converts = {column.name: _convert(column, defaults=defaults) for column in columns}
    names = columns_by_spelling(columns)
    missing = tuple(
        (column.name, converts[column.name](column.default, "", []))
        for column in columns
        if column.has_default and defaults
    )

    def row(data: Any, path: str, adjustments: list[Adjustment]) -> Any:
        if not isinstance(data, dict):
            return data
        aligned: dict[str, Any] = {}
        for given, value in data.items():
            name = given
            if given not in converts:
                name = names.get(given, given)
                if name is given or name in data or name in aligned:  # unknown, or a second value of a column
                    aligned[given] = value
                    continue
                adjustments.append(Adjustment(f"{path}/{name}", "name", given, name))
            convert = converts[name]
            aligned[name] = value if value is None else convert(value, f"{path}/{name}", adjustments)
        for name, default in missing:
            if name not in aligned:
                aligned[name] = default
                adjustments.append(Adjustment(f"{path}/{name}", "default", None, default))
        return aligned

    return row


def _convert(column: Column, *, defaults: bool) -> _Convert:
    if column.kind == "struct":
        return _row(column.fields, defaults=defaults)
    if column.kind == "list":
        return _list(column.fields[0], defaults=defaults)
    return _SCALARS[column.kind]


def _unchanged(value: Any, path: str, adjustments: list[Adjustment]) -> Any:
    return value


def _trim(value: Any, path: str, adjustments: list[Adjustment]) -> Any:
    if not isinstance(value, str):
        return value
    trimmed = value.strip()
    if trimmed != value:
        adjustments.append(Adjustment(path, "trim", value, trimmed))
    return trimmed


def _timestamp(value: Any, path: str, adjustments: list[Adjustment]) -> Any:
    if not isinstance(value, str) or _is_canonical(value):
        return value
    text = timestamps.canonical(value.strip())
    if text is None:
        return value
    adjustments.append(Adjustment(path, "timestamp", value, text))
    return text


def _date(value: Any, path: str, adjustments: list[Adjustment]) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    midnight = _MIDNIGHT.fullmatch(text)  # how tools without a date type write a day
    day = midnight[1] if midnight else _BASIC_DATE.sub(r"\1-\2-\3", text)
    if day == value or not timestamps.is_date(day):
        return value
    adjustments.append(Adjustment(path, "date", value, day))
    return day


def _number(to_number: Callable[[Decimal], Any]) -> _Convert:
    def number(value: Any, path: str, adjustments: list[Adjustment]) -> Any:
        kind = type(value)
        if kind is int:
            return value
        if kind is str:
            text = value.strip()
            if _NUMBER.fullmatch(text) is None:
                return value
            exact = Decimal(text)
        elif kind is Decimal or kind is float:
            exact = value if kind is Decimal else Decimal(repr(value))
            if not exact.is_finite():
                return value
        else:
            return value
        converted = to_number(exact)
        if converted is None:
            return value
        if kind is str:
            adjustments.append(Adjustment(path, "number", value, converted))
        return converted

    return number


def _to_integer(exact: Decimal) -> int | None:
    return int(exact) if exact.adjusted() < _MAX_DIGITS and exact == exact.to_integral_value() else None


def _to_decimal(exact: Decimal) -> Decimal:
    return exact


def _to_double(exact: Decimal) -> Decimal:
    """The shortest digits that identify the nearest double.

    A number beyond the range of a double stays unchanged; one below its smallest value becomes zero.
    """
    if len(exact.as_tuple().digits) <= _DOUBLE_DIGITS and exact.adjusted() >= _LEAST_DOUBLE_EXPONENT:
        return exact
    nearest = float(exact)
    return exact if isinf(nearest) else Decimal(repr(nearest))


def _list(element: Column, *, defaults: bool) -> _Convert:
    convert = _convert(element, defaults=defaults)

    def items(value: Any, path: str, adjustments: list[Adjustment]) -> Any:
        if not isinstance(value, list):
            return value
        return [
            item if item is None else convert(item, f"{path}/{index}", adjustments)
            for index, item in enumerate(value)
        ]

    return items


_SCALARS: dict[str, _Convert] = {
    "string": _trim,
    "binary": _trim,
    "int": _number(_to_integer),
    "long": _number(_to_integer),
    "decimal": _number(_to_decimal),
    "float": _number(_to_double),
    "double": _number(_to_double),
    "boolean": _unchanged,
    "date": _date,
    "timestamp": _timestamp,
}
