"""Past states of a table of the embedded DynamoDB, from its present items and the records of its stream.

The embedded AWS keeps no history of tables. Its stream does, for 24 hours and to the millisecond: a record's
sequence number begins with the time (its ApproximateCreationDateTime has whole seconds, as on AWS). A past
state is the present one with all newer records undone, which requires a stream with NEW_AND_OLD_IMAGES.
Writes that the embedded AWS does not put on the stream, such as PartiQL statements, are not undone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

type Item = dict[str, Any]  # attribute name -> typed value, in DynamoDB's JSON
type Record = Mapping[str, Any]  # as Lambda receives it

KEPT_SECONDS = 24 * 60 * 60  # of stream records
_TIME_DIGITS = 20  # of a sequence number: milliseconds since the epoch


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the embedded AWS. `rows` and `records` are not copies: they change with every write."""

    arn: str
    id: str
    name: str
    key: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Item]]  # by hash and range key
    records: Sequence[Record]  # of its stream, the oldest first
    has_both_images: bool

    def items(self) -> Iterator[Item]:
        """The present items."""
        return (item for row in self.rows.values() for item in row.values())

    def key_of(self, item: Item) -> Item:
        """The key attributes of an item."""
        return {name: item[name] for name in self.key}


@dataclass(frozen=True, slots=True)
class NetChange:
    """The change of one item from the start to the end of a window; None is an absent item."""

    key: Item
    old: Item | None
    new: Item | None
    written_micros: int  # of the last write


def items_at(table: Table, at: float) -> list[Item]:
    """The items just before that time, which is in seconds since the epoch."""
    items: dict[str, Item | None] = {key_text(table.key_of(item)): item for item in table.items()}
    for record in reversed(table.records):
        if _millis(record) < at * 1000:
            break
        items[key_text(record["dynamodb"]["Keys"])] = record["dynamodb"].get("OldImage")
    return [item for item in items.values() if item is not None]


def net_changes(table: Table, start: float, end: float) -> list[NetChange]:
    """One change for each key that was written from `start` on and before `end`.

    Keys that have no item before and none after are left out.
    """
    changes: dict[str, NetChange] = {}
    for record in table.records:
        if start * 1000 <= (millis := _millis(record)) < end * 1000:
            change = record["dynamodb"]
            key = key_text(change["Keys"])
            old = changes[key].old if key in changes else change.get("OldImage")
            changes[key] = NetChange(change["Keys"], old, change.get("NewImage"), millis * 1000)
    return [change for change in changes.values() if change.old is not None or change.new is not None]


def key_text(key: Item) -> str:
    """A key as text, to be the key of a dictionary."""
    return json.dumps(key, sort_keys=True)


def _millis(record: Record) -> int:
    return int(record["dynamodb"]["SequenceNumber"][:_TIME_DIGITS])
