"""A change as the API takes it: whose row, which key, which place in the order of versions. No AWS here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from expectations import timestamps
from expectations.align import Op, align
from expectations.contract import Contract, Row
from expectations.keys import InvalidKey, decode_key, encode_key
from lambdas.data_api.items import EVENT_ID, KEY, VERSION, Item, check_size, to_item
from lambdas.data_api.problems import broken_contract
from lambdas.validation import Validators, Violation

MAX_KEY_BYTES = 2048  # of a DynamoDB partition key
MAX_EVENT_ID_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Change:
    """One write: `item` has the columns it sets; `version` is None if the API has to stamp it."""

    contract: Contract
    op: Op
    key: str
    item: Item
    version: int | None
    event_id: str

    @classmethod
    def deletion(cls, contract: Contract, key: str, event_id: str) -> Self:
        """The delete of the row with that key, now."""
        return cls(contract, "delete", key, to_item(contract, decode_key(contract, key)), None, event_id)


@dataclass(frozen=True, slots=True)
class Checker:
    """The contracts and their validators: what it takes to read a change."""

    contracts: Mapping[str, Contract]
    validators: Validators

    def change(self, contract: Contract, op: Op, data: Any, event_id: str) -> Change:
        """The change that this data makes; Problem 422 with every violation, 413 if the row is too large.

        Data is aligned as the source does it, so a row means the same whichever way it comes. `_version` is
        passed over: what a GET answered can be sent back.
        """
        row, _ = align(contract, _without_version(data), op)
        if violations := [
            *self.validators.violations(contract.dataset, op, row),
            *_event_id_violations(event_id),
        ]:
            raise broken_contract(contract.dataset, violations)
        if op == "delete":
            row = {name: row[name] for name in (*contract.key, contract.sequence_column) if name in row}
        change = Change(
            contract, op, _key(contract, row), to_item(contract, row), _sequence(contract, row), event_id
        )
        check_size({KEY: {"S": change.key}, EVENT_ID: {"S": event_id}, **change.item})
        return change


def stamp(contract: Contract, stored: int | None, now: int) -> int:
    """The version of a change that brings none: later than what is stored, and now if versions are times.

    A dataset that counts its versions goes on counting: the time would make all its later changes stale.
    """
    after = 0 if stored is None else stored + 1
    return after if _counts(contract) else max(now, after)


def sequence_item(contract: Contract, version: int) -> Item:
    """The attribute of the sequence column, if the dataset has one, that says this version."""
    if contract.sequence_column is None:
        return {}
    value = version if _counts(contract) else timestamps.from_micros(version)
    return to_item(contract, {contract.sequence_column: value})


def _sequence(contract: Contract, row: Row) -> int | None:
    """What the sequence column says: microseconds of a timestamp, or the number."""
    if contract.sequence_column is None:
        return None
    value = row[contract.sequence_column]
    return timestamps.to_micros(value) if isinstance(value, str) else int(value)


def _counts(contract: Contract) -> bool:
    name = contract.sequence_column
    return name is not None and contract.column(name).kind != "timestamp"


def _key(contract: Contract, row: Row) -> str:
    try:
        key = encode_key(contract, row)
    except InvalidKey as error:
        raise broken_contract(contract.dataset, [Violation("", "key", str(error))]) from error
    if len(key) > MAX_KEY_BYTES:
        message = f"expected a key of at most {MAX_KEY_BYTES} bytes as text, got {len(key)}"
        raise broken_contract(contract.dataset, [Violation("", "key", message)])
    return key


def _event_id_violations(event_id: str) -> list[Violation]:
    size = len(event_id.encode())
    if 0 < size <= MAX_EVENT_ID_BYTES:
        return []
    message = f"expected an event id of 1 to {MAX_EVENT_ID_BYTES} bytes, got {size}"
    return [Violation("/event_id", "length", message)]


def _without_version(data: Any) -> Any:
    if isinstance(data, dict) and VERSION in data:
        return {name: value for name, value in data.items() if name != VERSION}
    return data
