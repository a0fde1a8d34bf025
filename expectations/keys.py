"""One row's key as one text: the hash attribute `_key` in DynamoDB and the `{key}` of API paths.

Each key value in its canonical form, percent-encoded, joined by commas: `encode_key` and `decode_key` are inverse, so
two rows have the same text exactly if they have the same key. Standard library only.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from expectations import timestamps
from expectations.contract import Column, Contract

KEY_KINDS = ("string", "int", "long", "decimal", "boolean", "date", "timestamp")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)


class InvalidKey(ValueError):
    """Raised when a row has no key, or a text is not the key text of any row."""


def encode_key(contract: Contract, row: Mapping[str, Any]) -> str:
    """The key text of a row; InvalidKey names the column that is missing or has a value of another type."""
    return ",".join(
        quote(_to_text(contract, column, row.get(column.name)), safe="") for column in contract.key_columns
    )


def decode_key(contract: Contract, text: str) -> dict[str, Any]:
    """Column -> value of a key text: int, Decimal, bool, and text for strings, dates and timestamps.

    Only the canonical text is taken: `007` is no second name for key 7.
    """
    parts = text.split(",")
    if len(parts) != len(contract.key):
        raise InvalidKey(
            f"{contract.dataset}: expected {_form(contract)}, got {text!r}; percent-encode commas in values"
        )
    values = {
        column.name: _from_text(contract, column, unquote(part))
        for column, part in zip(contract.key_columns, parts, strict=True)
    }
    if encode_key(contract, values) != text:
        raise InvalidKey(
            f"{contract.dataset}: {text!r} is not canonical; this key is written {encode_key(contract, values)!r}"
        )
    return values


def _to_text(contract: Contract, column: Column, value: Any) -> str:  # noqa: PLR0911 -- one line for each type
    match column.kind, value:
        case "int" | "long", int() if not isinstance(value, bool):
            return str(value)
        case "string", str() if value:  # DynamoDB refuses an empty key
            return value
        case "timestamp", datetime():
            return timestamps.to_text(value)
        case "timestamp", str() if timestamps.is_canonical(value):
            return value
        case "date", date() if not isinstance(value, datetime):
            return value.isoformat()
        case "date", str() if timestamps.is_date(value):
            return value
        case "boolean", bool():
            return "true" if value else "false"
        case "decimal", Decimal() | int() if not isinstance(value, bool):
            return _decimal_text(contract, column, Decimal(value))
    raise InvalidKey(
        f"{contract.dataset}.{column.name}: expected a key value of type {column.type}, got {value!r}"
    )


def _decimal_text(contract: Contract, column: Column, value: Decimal) -> str:
    precision, scale = column.precision_scale
    digits = value.scaleb(scale) if value.is_finite() else value
    if not value.is_finite() or digits != digits.to_integral_value() or abs(digits) >= 10**precision:
        raise InvalidKey(f"{contract.dataset}.{column.name}: expected a {column.type}, got {value}")
    return f"{value:.{scale}f}" if value else f"{0:.{scale}f}"


def _from_text(contract: Contract, column: Column, text: str) -> Any:
    match column.kind:
        case "int" | "long" if _INTEGER.fullmatch(text):
            return int(text)
        case "decimal" if _INTEGER.fullmatch(text.replace(".", "", 1)) or re.fullmatch(r"-?0\.[0-9]+", text):
            return Decimal(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "string" | "date" | "timestamp":
            return text
    raise InvalidKey(
        f"{contract.dataset}.{column.name}: expected a key value of type {column.type}, got {text!r}"
    )


def _form(contract: Contract) -> str:
    return ",".join(f"{{{name}}}" for name in contract.key)
