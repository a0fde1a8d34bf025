"""Numbers that no double holds, kept as text for the number columns of a contract.

Spark reads a number of JSON with an exponent, or of more digits than a decimal has, as a double.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from expectations.contract import Column, Contract
from expectations.spellings import columns_by_spelling

# A number of JSON that Spark reads as a double, though no double is that number: one of more digits than a
# decimal has, of many digits with an exponent, or with a large exponent.
INEXACT = r"\s*-?(?:(?=[0-9.]{39})|(?=[0-9.]{17})[0-9.]+[eE]|[0-9.]+[eE][+-]?[0-9]{3})"
_INEXACT_NUMBER = re.compile(rf"[:\[,]{INEXACT}")
NUMBER_KINDS = ("int", "long", "decimal", "float", "double")


def with_exact_numbers(line: str, columns: Sequence[Column]) -> str:
    """The same JSON with the numbers of number columns as text."""
    try:
        row = json.loads(line, parse_float=_Number, parse_int=_Number, object_pairs_hook=_once_each)
        return json.dumps(_exact_members(columns, row), ensure_ascii=False)
    except (RecursionError, _DuplicateName):
        return line  # the parser of the door names the fault


def with_exact_value(text: str, column: Column) -> str:
    """JSON of a struct or list, as a field of CSV holds it, with the numbers of number columns as text."""
    if not _INEXACT_NUMBER.search(text):
        return text
    try:
        value = json.loads(text, parse_float=_Number, parse_int=_Number, object_pairs_hook=_once_each)
    except (ValueError, RecursionError, _DuplicateName):
        return text  # the parser of the door reports the error
    return json.dumps(exact_value(column, value), ensure_ascii=False)


def with_exact_nested(row: Mapping[str, str | None], contract: Contract) -> Mapping[str, str | None]:
    """A row of texts, with the numbers inside of structs and lists, which are JSON, as text."""
    nested = {column.name: column for column in contract.columns if column.kind in ("struct", "list")}
    if not nested:
        return row
    names = columns_by_spelling(contract.columns)
    return {
        name: with_exact_value(text, nested[names[name]]) if text and names.get(name) in nested else text
        for name, text in row.items()
    }


def exact_value(column: Column | None, value: Any) -> Any:
    """The value with its numbers as text. One for a column of another type is refused: it stays a number."""
    if isinstance(value, Decimal) or (isinstance(value, float) and not isfinite(value)):
        value = _Number(value)
    if isinstance(value, _Number):
        if column is not None and column.kind in NUMBER_KINDS:
            return str(value)
        rounded = float(value)
        return rounded if isfinite(rounded) else [str(value)]
    if column is not None and column.kind == "struct":
        return _exact_members(column.fields, value)
    if isinstance(value, list):
        element = column.fields[0] if column is not None and column.kind == "list" else None
        return [exact_value(element, item) for item in value]
    if isinstance(value, dict):
        return {name: exact_value(None, inner) for name, inner in value.items()}
    return value


class _Number(str):
    """The digits of a number in JSON."""

    __slots__ = ()


def _exact_members(columns: Sequence[Column], members: Any) -> Any:
    if not isinstance(members, dict):
        return members
    names = columns_by_spelling(columns)
    by_name = {column.name: column for column in columns}
    return {name: exact_value(by_name.get(names.get(name, "")), value) for name, value in members.items()}


class _DuplicateName(Exception):
    """Raised when an object has a name twice, which a dict would hide."""


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateName
    return members
