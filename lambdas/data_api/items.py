"""Rows as in JSON <-> items as in DynamoDB, without floats, so that numbers keep all digits. No AWS here.

int, long, decimal, float, double -> N; string, date, timestamp -> S; boolean -> BOOL; binary (base64 in JSON)
-> B; struct -> M; list -> L. A column that is null has no attribute. Doubles beyond the range of a DynamoDB
number (1E-130 to 1E126) are stored as text, S, which every door of the lake reads too.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from expectations.contract import Column, Contract, Row
from lambdas.data_api.problems import Problem, broken_contract
from lambdas.validation import Violation, pointer

KEY, VERSION, DELETED, EXPIRES_AT = "_key", "_version", "_deleted", "_expires_at"
EVENT_ID, EVENT_TIME = "_event_id", "_event_time"  # of the change that wrote the item; time in microseconds
ERASED = "_erased"  # on the mark of an erased key, which no write may replace
# DynamoDB accepts 400 KB. The rest is for the attributes that mark a delete, which must always be possible.
MAX_ITEM_BYTES = 400 * 1024 - 2048
_SMALLEST_EXPONENT, _GREATEST_EXPONENT = -130, 125  # of a DynamoDB number

_NUMBER = re.compile(r"[+-]?([0-9]{1,400}([.][0-9]{0,400})?|[.][0-9]{1,400})([eE][+-]?[0-9]{1,3})?")

type Attribute = dict[str, Any]
type Item = dict[str, Attribute]


def to_item(contract: Contract, row: Row) -> Item:
    """The attributes of a row that keeps its contract. Problem 422 for a value that DynamoDB cannot store."""
    try:
        return _members(contract.columns, row, ())
    except _Unstorable as error:
        raise broken_contract(contract.dataset, [error.violation]) from error


def from_item(contract: Contract, item: Mapping[str, Attribute]) -> Row:
    """The contract's columns of an item; columns without an attribute are null."""
    return {column.name: column_value(column, item.get(column.name)) for column in contract.columns}


def check_size(item: Item) -> None:
    """Problem 413 if the item is too large for DynamoDB."""
    size = _size_of_members(item)
    if size > MAX_ITEM_BYTES:
        raise Problem("too-large", f"expected a row of at most {MAX_ITEM_BYTES} bytes, got {size}")


class _Unstorable(Exception):
    """Raised for a value that is valid by its JSON Schema, but that DynamoDB cannot store."""

    def __init__(self, at: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.violation = Violation(pointer(*at), "storable", message)


def _members(columns: Iterable[Column], row: Row, at: tuple[str, ...]) -> Item:
    return {
        column.name: _attribute(column, row[column.name], (*at, column.name))
        for column in columns
        if row.get(column.name) is not None
    }


def _attribute(column: Column, value: Any, at: tuple[str, ...]) -> Attribute:
    if value is None:
        return {"NULL": True}
    if column.kind == "struct":
        return {"M": _members(column.fields, value, at)}
    if column.kind == "list":
        (element,) = column.fields
        return {"L": [_attribute(element, item, (*at, str(index))) for index, item in enumerate(value)]}
    try:
        return _SCALARS[column.kind](value)
    except ValueError as error:
        raise _Unstorable(at, str(error)) from error


def _integer(value: int | Decimal) -> Attribute:
    return {"N": str(int(value))}


def _number(value: int | Decimal) -> Attribute:
    return {"N": str(value)}


def _double(value: int | Decimal) -> Attribute:
    fits = not value or _SMALLEST_EXPONENT <= Decimal(value).adjusted() <= _GREATEST_EXPONENT
    return {"N" if fits else "S": str(value)}


def _text(value: str) -> Attribute:
    return {"S": value}


_SCALARS: dict[str, Callable[[Any], Attribute]] = {
    "int": _integer,
    "long": _integer,
    "decimal": _number,
    "float": _double,
    "double": _double,
    "boolean": lambda value: {"BOOL": value},
    "string": _text,
    "date": _text,
    "timestamp": _text,
    "binary": lambda value: {"B": base64.b64decode(value, validate=True)},
}


def column_value(column: Column, attribute: Attribute | None) -> Any:
    """The value that was written. An attribute of another type, from another writer, as plain JSON."""
    if attribute is None:
        return None
    [(tag, value)] = attribute.items()
    match tag, column.kind:
        case "N", _:
            return _from_number(column, value)
        case "S", "float" | "double" if (number := as_number(attribute)) is not None:
            return number
        case "M", "struct":
            return {field.name: column_value(field, value.get(field.name)) for field in column.fields}
        case "L", "list":
            return [column_value(column.fields[0], element) for element in value]
    return _plain(tag, value)


def _from_number(column: Column, text: str) -> int | Decimal:
    value = Decimal(text)
    if column.kind in ("int", "long") and value == value.to_integral_value():
        return int(value)
    if column.kind == "decimal":  # DynamoDB drops trailing zeros; format() restores them without rounding
        exact = Decimal(f"{value:.{column.precision_scale[1]}f}")
        return exact if exact == value else value
    return value


def _plain(tag: str, value: Any) -> Any:
    """An attribute as plain JSON, without regard to a column."""
    match tag:
        case "N":
            return Decimal(value)
        case "B":
            return base64.b64encode(value).decode()
        case "M":
            return {name: _plain(*next(iter(inner.items()))) for name, inner in value.items()}
        case "L":
            return [_plain(*next(iter(inner.items()))) for inner in value]
        case "SS" | "NS" | "BS":
            return [_plain(tag[0], member) for member in value]
    return None if tag == "NULL" else value


def as_number(attribute: Attribute | None) -> Decimal | None:
    """The number in an attribute of type N or S; None if it has none."""
    text = next((attribute[tag] for tag in ("N", "S") if tag in attribute), None) if attribute else None
    return Decimal(text) if isinstance(text, str) and _NUMBER.fullmatch(text) else None


def _size(attribute: Attribute) -> int:
    """Bytes as DynamoDB counts them, or slightly more (developer guide, "Item sizes and formats")."""
    [(tag, value)] = attribute.items()
    if tag in ("S", "B"):
        return len(value.encode() if tag == "S" else value)
    if tag == "N":
        return len(value) // 2 + 2
    if tag == "M":
        return 3 + len(value) + _size_of_members(value)
    if tag == "L":
        return 3 + len(value) + sum(map(_size, value))
    return 1


def _size_of_members(item: Item) -> int:
    return sum(len(name.encode()) + _size(attribute) for name, attribute in item.items())
