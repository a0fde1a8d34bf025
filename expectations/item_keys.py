"""Keys of items of an existing table <-> key texts.

Items are in DynamoDB's JSON, with binaries as bytes or base64. A key column has exactly the type of
its attribute, so that no two items have the same key text. Standard library only.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from expectations.contract import Contract
from expectations.entities import formats
from expectations.existing_table import ExistingTable
from expectations.keys import InvalidKey, decode_key, encode_key

KEY_TYPES = {  # kind of a key column -> type of its attribute
    "string": "S",
    "int": "N",
    "long": "N",
    "decimal": "N",
    "binary": "B",
}


def table_of(contract: Contract) -> ExistingTable:
    """The existing table of a dataset that has one."""
    if not isinstance(contract.table, ExistingTable):
        raise ValueError(f"expected a dataset of an existing table, got {contract.dataset}")
    return contract.table


def whole_columns(contract: Contract) -> list[tuple[str, str, str]]:
    """The key columns that are whole attributes: column, attribute and its type."""
    table = table_of(contract)
    parts, described = table.part_columns, formats(table.entity)
    names = [name for name in contract.key if name not in parts]
    keys = [key for key in table.keys if key[0] not in described]
    return [(name, *key) for name, key in zip(names, keys, strict=True)]


def key_text_of_item(contract: Contract, item: Mapping[str, Any]) -> str:
    """The key text of an item or of its key. InvalidKey if its key is none of the contract."""
    values = {column: _value(item.get(name, {}), kind) for column, name, kind in whole_columns(contract)}
    for name, condition in formats(table_of(contract).entity).items():
        parts = condition.read(str(item.get(name, {}).get("S", "")))
        if parts is None:
            raise InvalidKey(f"{contract.dataset}: expected {name} as {condition.value}, got another item's")
        values |= parts
    return encode_key(contract, values)


def item_key(contract: Contract, text: str) -> dict[str, dict[str, Any]]:
    """The key of the item with this key text, as DynamoDB's clients take it. InvalidKey if there is none."""
    values = decode_key(contract, text)
    key = {name: {kind: _written(values[column], kind)} for column, name, kind in whole_columns(contract)}
    for name, condition in formats(table_of(contract).entity).items():
        attribute = condition.write(values)
        if attribute is None:
            expected = f"values without {condition.delimiter}, as {name} is {condition.value}"
            raise InvalidKey(f"{contract.dataset}: expected {expected}, got {text!r}")
        key[name] = {"S": attribute}
    return key


def _value(attribute: Mapping[str, Any], kind: str) -> Any:
    """The value as `encode_key` takes it; None if the attribute has another type."""
    value = attribute.get(kind)
    if value is None or kind == "S":
        return value
    if kind == "B":
        return b64encode(value).decode() if isinstance(value, bytes) else value
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise InvalidKey(f"expected a number, got {value!r}") from error
    return int(number) if number == number.to_integral_value() else number


def _written(value: Any, kind: str) -> Any:
    if kind == "B":
        return b64decode(value)
    return str(value) if kind == "N" else value
