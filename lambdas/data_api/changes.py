"""A change as the API accepts it: its dataset, key, item and version. No AWS here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from expectations.align import Op, align
from expectations.contract import Contract, Row
from expectations.keys import InvalidKey, decode_key, encode_key
from lambdas.data_api.index_attributes import index_attributes
from lambdas.data_api.items import EVENT_ID, KEY, VERSION, Item, check_size, to_item
from lambdas.data_api.problems import broken_contract
from lambdas.data_api.versions import sequence_of_row
from lambdas.validation import Validators, Violation

MAX_KEY_BYTES = 2048  # of a DynamoDB partition key
MAX_EVENT_ID_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Event:
    """The event of a change: its id, and its time in microseconds since the epoch if the sender gave one."""

    id: str
    time: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One write. `item` has the columns that it sets; `version` is None if the API has to assign one."""

    contract: Contract
    op: Op
    key: str
    item: Item
    version: int | None
    event: Event

    @classmethod
    def deletion(cls, contract: Contract, key: str, event: Event) -> Self:
        """The delete of the row with this key, with a version of now."""
        return cls(contract, "delete", key, to_item(contract, decode_key(contract, key)), None, event)


@dataclass(frozen=True, slots=True)
class Checker:
    """Makes changes of data, by the contracts and their validators."""

    contracts: Mapping[str, Contract]
    validators: Validators

    def change(self, contract: Contract, op: Op, data: Any, event: Event) -> Change:
        """The change with this data. Problem 422 with all violations, or 413 if the row is too large.

        Data is aligned as in the source, so that a row means the same at every door. `_version` is ignored,
        so that a client can send back the answer of a GET.
        """
        row, _ = align(contract, _without_version(data), op)
        if violations := [
            *self.validators.violations(contract.dataset, op, row),
            *_event_id_violations(event.id),
        ]:
            raise broken_contract(contract.dataset, violations)
        if op == "delete":
            row = {name: row[name] for name in (*contract.key, contract.sequence_column) if name in row}
        version = event.time if contract.sequence_column is None else sequence_of_row(contract, row)
        change = Change(contract, op, _key(contract, row), to_item(contract, row), version, event)
        indexed = index_attributes(contract, change.item)
        check_size({KEY: {"S": change.key}, EVENT_ID: {"S": event.id}, **change.item, **indexed})
        return change


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
