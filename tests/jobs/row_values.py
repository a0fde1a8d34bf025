"""The values of a row: as JSON has them after alignment, as Python has them, and as Spark returns them."""

import base64
import re
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from expectations import timestamps
from expectations.contract import Column, Contract
from expectations.json_schema import BASE64

if TYPE_CHECKING:
    from pyspark.sql import Row


def is_of(column: Column, value: Any) -> bool:
    """Whether an aligned value is one of the column's type."""
    if column.kind in ("int", "long", "decimal", "float", "double"):
        is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        return is_number and _fits(column, Decimal(value))
    if column.kind == "boolean":
        return isinstance(value, bool)
    is_text: dict[str, Callable[[str], object]] = {
        "string": lambda _: True,
        "date": timestamps.is_date,
        "timestamp": timestamps.is_canonical,
        "binary": re.compile(BASE64).fullmatch,
    }
    return isinstance(value, str) and bool(is_text[column.kind](value))


def _fits(column: Column, number: Decimal) -> bool:
    if column.kind == "float":
        return abs(number) < 2**128 - 2**103
    if column.kind == "double":
        return abs(number) < 2**1024 - 2**970
    if column.kind == "decimal":
        precision, scale = column.precision_scale
        _, digits, exponent = number.as_tuple()
        text = "".join(map(str, digits)).rstrip("0")
        places = -(int(exponent) + len(digits) - len(text))  # behind the point, without zeros at the end
        return not number or (places <= scale and number.adjusted() < precision - scale)
    bits = 31 if column.kind == "int" else 63
    return number == number.to_integral_value() and -(2**bits) <= number < 2**bits


def native(column: Column, value: Any) -> Any:
    """An aligned value as Python has it, of the column's exact type."""
    if value is None:
        return None
    if column.kind == "struct":
        return {field.name: native(field, value.get(field.name)) for field in column.fields}
    if column.kind == "list":
        return [native(column.fields[0], item) for item in value]
    if column.kind == "decimal":
        return Decimal(f"{Decimal(value):.{column.precision_scale[1]}f}")
    return _NATIVE.get(column.kind, lambda value: value)(value)


_NATIVE: dict[str, Callable[[Any], Any]] = {
    "float": lambda value: struct.unpack("f", struct.pack("f", float(value)))[0],
    "double": float,
    "date": date.fromisoformat,
    "timestamp": timestamps.parse,
    "binary": base64.b64decode,
}


def typed(contract: Contract, aligned: dict[str, Any]) -> dict[str, Any]:
    return {column.name: native(column, aligned.get(column.name)) for column in contract.columns}


def plain(contract: Contract, row: "Row") -> dict[str, Any]:
    """The columns of a parsed row in the form of `typed`."""
    return {column.name: _plain(row[column.name]) for column in contract.columns}


def _plain(value: Any) -> Any:
    if hasattr(value, "asDict"):
        return {name: _plain(inner) for name, inner in value.asDict().items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytearray):
        return bytes(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
