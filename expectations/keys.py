"""A row's key as one text, the key text: the hash attribute `_key` in DynamoDB and the `{key}` in API paths.

The text is each key value in its canonical form, percent-encoded, joined by commas. `encode_key` and
`decode_key` are inverse, so two rows have the same text exactly if they have the same key. Standard library
only.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from expectations import timestamps
from expectations.contract import Column, Contract
from expectations.problems import GluelineError

KEY_KINDS = ("string", "int", "long", "decimal", "boolean", "date", "timestamp")
# Kinds whose least and greatest value narrow down the files of a table: two booleans narrow down nothing.
RANGED_KINDS = tuple(kind for kind in KEY_KINDS if kind != "boolean")
_INTEGER = re.compile(r"-?[0-9]{1,39}")
_DECIMAL = re.compile(r"-?[0-9]{1,39}([.][0-9]{1,39})?")
_RANGES = {"int": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}
MAX_BYTES = 2048  # of a DynamoDB hash key, which is the key text in tables of the stack


class InvalidKey(GluelineError, ValueError):
    """Raised when a row has no valid key, or a text is not the key text of any row."""


def encode_key(contract: Contract, row: Mapping[str, Any]) -> str:
    """The key text of a row. InvalidKey names a column that has no value or one of another type."""
    try:
        parts = [
            quote(_to_text(contract, column, row.get(column.name)), safe="")
            for column in contract.key_columns
        ]
    except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can contain but UTF-8 cannot
        raise InvalidKey(
            f"{contract.dataset}: expected a key of Unicode text, got {error.object!r}"
        ) from error
    text = ",".join(parts)
    if len(text) > contract.table.most_key_bytes:
        raise InvalidKey(
            f"{contract.dataset}: expected a key text of up to {MAX_BYTES} bytes, got {len(text)}"
        )
    return text


def decode_key(contract: Contract, text: str) -> dict[str, Any]:
    """Key column -> value, from a key text: int, Decimal, bool, or text for strings, dates and timestamps.

    That of a binary column is base64, as in JSON.

    InvalidKey unless the text is canonical: `007` is not another text for key 7.
    """
    parts = text.split(",")
    if len(parts) != len(contract.key):
        form = ",".join(f"{{{name}}}" for name in contract.key)
        raise InvalidKey(
            f"{contract.dataset}: expected {form}, got {text!r}; percent-encode commas in values"
        )
    values = {
        column.name: _from_text(contract, column, unquote(part))
        for column, part in zip(contract.key_columns, parts, strict=True)
    }
    canonical = encode_key(contract, values)
    if canonical != text:
        raise InvalidKey(f"{contract.dataset}: expected the key as {canonical!r}, got {text!r}")
    return values


def _to_text(contract: Contract, column: Column, value: Any) -> str:
    text: str | None = None
    match column.kind, value:
        case "int" | "long", int() if not isinstance(value, bool) and value in _RANGES[column.kind]:
            text = str(value)
        case "string" | "timestamp" | "date", str() if _is_text_of(column, value):
            text = value
        case "timestamp", datetime():
            text = timestamps.to_text(value)
        case "date", date() if not isinstance(value, datetime):
            text = value.isoformat()
        case "boolean", bool():
            text = str(value).lower()
        case "decimal", Decimal() | int() if not isinstance(value, bool):
            text = _decimal_text(column, Decimal(value))
        case "binary", str() | bytes() | bytearray():
            text = _base64(value)
    if text is None:
        raise InvalidKey(
            f"{contract.dataset}.{column.name}: expected a key of type {column.type}, got {value!r}"
        )
    return text


def _is_text_of(column: Column, value: str) -> bool:
    if column.kind == "timestamp":
        return timestamps.is_canonical(value)
    if column.kind == "date":
        return timestamps.is_date(value)
    return value != ""  # DynamoDB does not accept an empty key


def _decimal_text(column: Column, value: Decimal) -> str | None:
    """The decimal with all digits of its scale. Without arithmetic, which would round to 28 digits."""
    precision, scale = column.precision_scale
    if not value.is_finite() or (value and value.adjusted() >= precision - scale):
        return None
    text = f"{value:.{scale}f}" if value else f"{0:.{scale}f}"
    return text if Decimal(text) == value else None


def _from_text(contract: Contract, column: Column, text: str) -> Any:
    match column.kind:
        case "int" | "long" if _INTEGER.fullmatch(text):
            return int(text)
        case "decimal" if _DECIMAL.fullmatch(text):
            return Decimal(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "string" | "date" | "timestamp" | "binary":
            return text
    raise InvalidKey(f"{contract.dataset}.{column.name}: expected a key of type {column.type}, got {text!r}")


def _base64(value: str | bytes | bytearray) -> str | None:
    """Bytes, or what is their base64, as base64; None if there are none."""
    try:
        content = b64decode(value, validate=True) if isinstance(value, str) else bytes(value)
    except (NoBase64, ValueError):
        return None
    return b64encode(content).decode() if content else None
