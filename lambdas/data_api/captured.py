"""A record of a DynamoDB stream, as the RAW bucket has it, as a change of the feed. No AWS here."""

import base64
from collections.abc import Mapping
from typing import Any

from expectations import timestamps
from expectations.contract import Contract
from expectations.item_addresses import text_of
from expectations.keys import InvalidKey, decode_key
from lambdas.data_api.items import EVENT_ID, KEY, VERSION, Item, from_item
from lambdas.data_api.rows import body
from lambdas.data_api.stored import Stored

POSITION_DIGITS = 40  # sequence numbers have 21 to 40 digits, and sort by value only if all have as many

type Record = Mapping[str, Any]


def position(record: Record) -> str:
    """The place of the record among the changes of its key: texts of equal length."""
    return str(record["dynamodb"]["SequenceNumber"]).zfill(POSITION_DIGITS)


def change_of(contract: Contract, record: Record) -> dict[str, Any] | None:
    """The change with the members of a change of the batch; None if the record changes no row.

    Marks of erased keys, and what removes a mark, change none. Rows have the columns of other answers.
    """
    captured = record["dynamodb"]
    new, old = (_with_bytes(captured.get(name) or {}) for name in ("NewImage", "OldImage"))
    keys = _with_bytes(captured["Keys"])
    is_removal = record["eventName"] == "REMOVE"
    if not new and not is_removal:  # the stream of an existing table lost its images; `check` says so
        return None
    # Of an existing table, only attributes of columns: what its owner calls `_deleted` is no mark.
    stored = Stored(contract, contract.table.item_of_row(old if is_removal else new))
    if stored.is_erased or (is_removal and not stored.is_live):
        return None
    is_delete = is_removal or not stored.is_live
    change: dict[str, Any] = {
        "op": "delete" if is_delete else "upsert",
        "key": text_of(contract, keys),
        "data": _key_columns(contract, keys, old) if is_delete else _row(stored),
        "time": timestamps.from_micros(int(captured["ApproximateCreationDateTime"] * 1_000_000)),
        "position": position(record),
    }
    if contract.table.is_own:
        change["version"] = stored.version + is_removal
        if not is_removal and (event_id := new.get(EVENT_ID, {}).get("S")):
            change["event_id"] = event_id
    return change


def _row(stored: Stored) -> dict[str, Any]:
    row = body(stored)
    if not stored.contract.table.is_own:
        row.pop(VERSION, None)
    return row


def _key_columns(contract: Contract, keys: Item, old: Item) -> dict[str, Any]:
    """The key columns of a deleted row."""
    if contract.table.is_own:
        try:
            return dict(decode_key(contract, keys[KEY]["S"]))
        except InvalidKey:  # of another writer
            return {}
    row = from_item(contract, contract.table.item_of_row({**old, **keys}))
    return {name: row[name] for name in contract.key}


def _with_bytes(image: Mapping[str, Any]) -> Item:
    """The image with binaries as DynamoDB's clients give them; in JSON they are Base64."""
    return {name: _attribute(attribute) for name, attribute in image.items()}


def _attribute(attribute: Mapping[str, Any]) -> dict[str, Any]:
    [(tag, value)] = attribute.items()
    match tag:
        case "B":
            return {tag: base64.b64decode(value)}
        case "BS":
            return {tag: [base64.b64decode(member) for member in value]}
        case "M":
            return {tag: _with_bytes(value)}
        case "L":
            return {tag: [_attribute(element) for element in value]}
    return {tag: value}
