"""A table of the embedded DynamoDB as it was: told by its items now and the records of its stream.

The embedded AWS keeps no history of its own. Its stream does, for 24 hours and to the millisecond: a record's
sequence number begins with the time (its ApproximateCreationDateTime has whole seconds, as on AWS). So the
past is the present with the newer records undone, which takes a stream with NEW_AND_OLD_IMAGES. What writes
nothing to the stream there, as PartiQL statements, is not undone either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

type Item = dict[str, Any]  # attribute name -> typed value, in DynamoDB's JSON
type Record = Mapping[str, Any]  # as Lambda gets it

KEPT_SECONDS = 24 * 60 * 60  # of stream records
_TIME_DIGITS = 20  # of a sequence number: milliseconds since the epoch


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the embedded AWS holds it. `rows` and `records` are its own and change with every write."""

    arn: str
    id: str
    name: str
    key: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Item]]  # by hash and range key
    records: Sequence[Record]  # of its stream, the oldest first
    has_both_images: bool

    def items(self) -> Iterator[Item]:
        """What it holds now."""
        return (item for row in self.rows.values() for item in row.values())

    def key_of(self, item: Item) -> Item:
        """The key attributes of an item."""
        return {name: item[name] for name in self.key}


@dataclass(frozen=True, slots=True)
class NetChange:
    """What a window did to one item, whatever came between: None is an item that is not there."""

    key: Item
    old: Item | None
    new: Item | None
    written_micros: int  # of the last write


def items_at(table: Table, at: float) -> list[Item]:
    """The items as they were just before that time, in seconds since the epoch."""
    items: dict[str, Item | None] = {key_text(table.key_of(item)): item for item in table.items()}
    for record in reversed(table.records):
        if _millis(record) < at * 1000:
            break
        items[key_text(record["dynamodb"]["Keys"])] = record["dynamodb"].get("OldImage")
    return [item for item in items.values() if item is not None]


def net_changes(table: Table, start: float, end: float) -> list[NetChange]:
    """One change for each key that was written from `start` on and before `end`, except for those that had no
    item before and have none after."""
    changes: dict[str, NetChange] = {}
    for record in table.records:
        if start * 1000 <= (millis := _millis(record)) < end * 1000:
            change = record["dynamodb"]
            key = key_text(change["Keys"])
            old = changes[key].old if key in changes else change.get("OldImage")
            changes[key] = NetChange(change["Keys"], old, change.get("NewImage"), millis * 1000)
    return [change for change in changes.values() if change.old is not None or change.new is not None]


def key_text(key: Item) -> str:
    """A key as text, for use as a dictionary's key."""
    return json.dumps(key, sort_keys=True)


def _millis(record: Record) -> int:
    return int(record["dynamodb"]["SequenceNumber"][:_TIME_DIGITS])
