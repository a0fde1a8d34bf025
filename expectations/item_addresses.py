"""Where an item is in its table, and its key text, by which it is compared with a row.

Items of the stack's tables have their key text as their key. Those of existing tables have a key of their own
(`expectations.item_keys`); an item whose key is none of the contract has that key in JSON as its text, so
that it is found, and named, as an item that can't be a row. Standard library only.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from expectations.contract import Contract
from expectations.item_keys import item_key, key_text_of_item
from expectations.keys import InvalidKey

KEY = "_key"

type Item = Mapping[str, Any]


def key_of(contract: Contract, item: Item) -> dict[str, Any]:
    """The key attributes of an item."""
    return {name: item[name] for name, _ in contract.table.keys}


def text_of(contract: Contract, item: Item) -> str:
    """The key text of an item."""
    if contract.table.is_own:
        return str(item[KEY]["S"])
    try:
        return key_text_of_item(contract, item)
    except InvalidKey:
        return json.dumps(key_of(contract, item), default=_base64)


def address(contract: Contract, text: str) -> dict[str, Any]:
    """The key attributes of the item with this key text, as DynamoDB's clients take them."""
    if contract.table.is_own:
        return {KEY: {"S": text}}
    if text.startswith("{"):  # which is percent-encoded in key texts
        key = json.loads(text)
        return {name: _with_bytes(attribute) for name, attribute in key.items()}
    return item_key(contract, text)


def _with_bytes(attribute: Mapping[str, Any]) -> dict[str, Any]:
    return {tag: base64.b64decode(value) if tag == "B" else value for tag, value in attribute.items()}


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
