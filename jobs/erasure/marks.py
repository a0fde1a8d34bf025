"""The marks of erased keys in DynamoDB, which keep every write of the Data API out.

One call replaces the item by the mark, so there is no moment without either. The mark has the greatest
version there is, which no write has, so the condition of every write fails; `_erased` tells the API why. It
is marked as deleted, so readers find no row. It has no column of the contract, and the doors do not take it
for an item (`jobs.doors.item_images`).

Tombstones say in the lake what marks say in DynamoDB (`jobs.erasure.tombstones`). The phase `block` writes
both and the phase `unblock` removes both, the tombstones first: the lake has to accept what the API accepts.
Either can be repeated after a crash.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from expectations.contract import Contract
from expectations.keys import decode_key
from jobs.erasure.tombstones import ABOVE_ALL

type Item = dict[str, dict[str, Any]]

_KEY, _VERSION, _EVENT_ID = "_key", "_version", "_event_id"
_DELETED, _ERASED, _EXPIRES_AT = "_deleted", "_erased", "_expires_at"
_YES: Mapping[str, Any] = {"BOOL": True}
_KEEP_DELETED = timedelta(days=90)  # as the Data API does
_REQUESTS = 8


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks in one dataset's table. What is written names the erasure, by its id."""

    dynamodb: Any
    table: str
    contract: Contract
    erasure: str

    def unmarked(self, keys: Iterable[str]) -> dict[str, Item | None]:
        """The keys that have no mark, with their items (those marked as deleted included) or None."""
        texts = sorted(keys)
        found = zip(texts, _for_each(self._read, texts), strict=True)
        return {key: item for key, item in found if not _is_mark(item)}

    def put(self, keys: Iterable[str]) -> dict[str, Item]:
        """Mark the keys. Returns the items that the marks replaced."""
        texts = sorted(keys)
        replaced = zip(texts, _for_each(self._put, texts), strict=True)
        return {key: item for key, item in replaced if item and not _is_mark(item)}

    def unblock(self, floors: Mapping[str, int | None], now: datetime) -> set[str]:
        """Replace the marks by those of ordinary deletes. Returns the keys that had one.

        A key's delete has its floor as version, so that writes that are not newer stay refused; a key without
        a floor gets none.
        """
        keys = sorted(floors)
        had = _for_each(lambda key: self._unblock(key, floors[key], now), keys)
        return {key for key, was_marked in zip(keys, had, strict=True) if was_marked}

    def _read(self, key: str) -> Item | None:
        found = self.dynamodb.get_item(TableName=self.table, Key={_KEY: {"S": key}}, ConsistentRead=True)
        item: Item | None = found.get("Item")
        return item

    def _put(self, key: str) -> Item | None:
        mark = {
            _KEY: {"S": key},
            _VERSION: {"N": str(ABOVE_ALL)},
            _DELETED: _YES,
            _ERASED: _YES,
            _EVENT_ID: {"S": f"erasure:{self.erasure}"},
        }
        answer = self.dynamodb.put_item(TableName=self.table, Item=mark, ReturnValues="ALL_OLD")
        item: Item | None = answer.get("Attributes")
        return item

    def _unblock(self, key: str, floor: int | None, now: datetime) -> bool:
        condition: Any = {
            "TableName": self.table,
            "ConditionExpression": "attribute_exists(#erased)",
            "ExpressionAttributeNames": {"#erased": _ERASED},
        }
        try:
            if floor is None:
                self.dynamodb.delete_item(Key={_KEY: {"S": key}}, **condition)
            else:
                self.dynamodb.put_item(Item=self._deleted(key, floor, now), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _deleted(self, key: str, version: int, now: datetime) -> Item:
        """The mark of an ordinary delete, as the Data API writes it: with the columns of the key."""
        columns = {name: _attribute(value) for name, value in decode_key(self.contract, key).items()}
        return {
            **columns,
            _KEY: {"S": key},
            _VERSION: {"N": str(version)},
            _DELETED: {"BOOL": True},
            _EVENT_ID: {"S": f"lift:{self.erasure}"},
            _EXPIRES_AT: {"N": str(int((now + _KEEP_DELETED).timestamp()))},
        }


class NoMarks:
    """No marks in an existing table, to which Glueline never writes: items of the keys are their owner's.

    Nothing else keeps rows of the keys out but the tombstones, which outrank every record and export.
    """

    def unmarked(self, keys: Iterable[str]) -> dict[str, Item | None]:
        """No key: none has an item that a mark could replace."""
        return {}

    def put(self, keys: Iterable[str]) -> dict[str, Item]:
        """No item was replaced."""
        return {}

    def unblock(self, floors: Mapping[str, int | None], now: datetime) -> set[str]:
        """No key had a mark."""
        return set()


def _for_each[T](act: Callable[[str], T], keys: Sequence[str]) -> list[T]:
    """What `act` returns for each key, several at a time."""
    with ThreadPoolExecutor(_REQUESTS) as pool:
        return list(pool.map(act, keys))


def version_of(item: Item) -> int | None:
    """The item's version; None if it has none."""
    return int(item[_VERSION]["N"]) if _VERSION in item else None


def _is_mark(item: Item | None) -> bool:
    return item is not None and _ERASED in item


def _attribute(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
    return {"S": str(value)}
