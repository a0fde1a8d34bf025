"""Histories of keys, as a DynamoDB table and its partners write them, and what each door makes of them.

`Table` plays DynamoDB: it takes writes and gives stream records, exports and windows of exports. Each
delivery has the payload that a door reads and the change that it has to become, said by the rules of the
design and not by the code of the doors.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from expectations.contract import Column, Contract, Partition
from expectations.timestamps import from_micros
from tests.jobs.builders import ENTITIES, EVENTS, SENT, micros
from tests.model import Change

START = micros(SENT)
MARGIN = 5 * 60 * 1_000_000
PLACES = [datetime(2026, 1, day, 10, tzinfo=UTC) for day in (1, 2, 3)]

# No sequence column, and a partition that is no function of the key.
SPOTS = Contract(
    dataset="spots",
    version="1.0.0",
    description="Something that stands somewhere.",
    columns=(Column("id", "long", required=True), Column("place", "string"), Column("name", "string")),
    key=("id",),
    partitions=(Partition("place", "identity"),),
)


class State(NamedTuple):
    """What a row says beside its key: where it lies, and something."""

    place: int
    value: int


@dataclass(frozen=True)
class Item:
    """A DynamoDB item. Without a version its writer was not the Data API."""

    state: State
    at: int  # the sequence column, where there is one
    version: int | None
    is_deleted: bool = False


@dataclass(frozen=True)
class Delivery:
    """A line for a door, the time of its event, and the change that it is."""

    door: str
    payload: Mapping[str, Any]
    event_time: int
    change: Change


class Row(NamedTuple):
    """What is compared of a change's columns; `updated_at` tells apart what content alone does not."""

    place: Any
    value: Any
    source: str
    updated_at: int


@dataclass(frozen=True)
class Kind:
    """How a contract spells states: columns of a row as JSON, and as compared."""

    contract: Contract
    place: Callable[[int], str] | None
    value: str

    def columns(self, key: int, state: State, at: int) -> dict[str, Any]:
        """A row's columns as a drop brings them."""
        row: dict[str, Any] = dict(zip(self.contract.key, self.key(key), strict=True))
        if self.place is not None:
            row[self.contract.partitions[0].column] = self.place(state.place)
        row[self.value] = str(state.value)
        if self.contract.sequence_column is not None:
            row[self.contract.sequence_column] = from_micros(at)
        return row

    def image(self, key: int, item: Item) -> dict[str, Any]:
        """An item in DynamoDB's JSON."""
        columns = self.columns(key, item.state, item.at)
        numbers = {"id", "number", "amount"}
        image: dict[str, Any] = {
            name: {"N" if name in numbers else "S": str(value)} for name, value in columns.items()
        }
        image["_key"] = {"S": self.key_text(key)}
        if item.version is not None:
            image["_version"] = {"N": str(item.version)}
        if item.is_deleted:
            image["_deleted"] = {"BOOL": True}
        return image

    def key(self, key: int) -> tuple[Any, ...]:
        return ("a", key) if len(self.contract.key) == 2 else (key,)

    def key_text(self, key: int) -> str:
        return ",".join(str(part) for part in self.key(key))

    def compared(self, state: State | None, source: str, updated_at: int) -> Row:
        """A state as `Row`; None is a change that says nothing but its key."""
        place = None if self.place is None or state is None else self.place(state.place)
        return Row(place, None if state is None else str(state.value), source, updated_at)

    def stamp(self, item: Item | None) -> int | None:
        """The version that an item carries."""
        if item is None:
            return None
        if self.contract.sequence_column is None:
            return item.version
        return max(item.at, item.version or item.at)


KINDS = (
    Kind(EVENTS, lambda place: from_micros(micros(PLACES[place])), "amount"),
    Kind(SPOTS, lambda place: f"p{place}", "name"),
    Kind(ENTITIES, None, "name"),
)


def latest(*versions: int | None) -> int:
    return max(version for version in versions if version is not None)


@dataclass
class Table:
    """One key of a DynamoDB table, with a clock, and all that was written to it."""

    kind: Kind
    key: int
    sequence: int  # of the first record
    now: int = START
    past: list[tuple[int, Item | None]] = field(default_factory=lambda: [(START - 1, None)])

    @property
    def item(self) -> Item | None:
        return self.past[-1][1]

    def write(self, op: str, state: State) -> Delivery | None:
        """The record of a write; None if DynamoDB or the Data API would refuse it."""
        old = self.item
        stored = self.kind.stamp(old)
        newer = self.now if stored is None else max(self.now, stored + 1)
        match op:
            case "put":
                new: Item | None = Item(state, newer, newer)
            case "foreign" if self.kind.contract.sequence_column is None or newer == self.now:
                new = Item(state, newer, None)
            case "mark" if old is not None and not old.is_deleted:
                new = Item(old.state, newer, newer, is_deleted=True)
            case "remove" if old is not None:
                new = None
            case _:
                return None
        self.past.append((self.now, new))
        return self._record(old, new, len(self.past))

    def _record(self, old: Item | None, new: Item | None, number: int) -> Delivery:
        sequence = str((self.sequence + number) * 10 ** (20 + number % 3))
        images = {"NewImage": new, "OldImage": old}
        body: dict[str, Any] = {
            "ApproximateCreationDateTime": self.now // 1_000_000,
            "Keys": {"_key": {"S": self.kind.key_text(self.key)}},
            "SequenceNumber": sequence,
            **{name: self.kind.image(self.key, item) for name, item in images.items() if item is not None},
        }
        name = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
        payload = {"eventID": sequence, "eventName": name, "dynamodb": body}
        change = self._of_record(old, new, sequence.zfill(40))
        return Delivery("stream", payload, self.now, change)

    def _of_record(self, old: Item | None, new: Item | None, tie: str) -> Change:
        time = self.now // 1_000_000 * 1_000_000
        stored = self.kind.stamp(old)
        if new is None:
            assert old is not None
            if old.is_deleted:
                return self._change("delete", latest(stored), "", old.state, "stream", time)
            version = latest(None if stored is None else stored + 1, time)
            return self._change("delete", version, tie, old.state, "stream", time)
        own = self.kind.stamp(new)
        version = latest(time if own is None else own, stored)
        op = "delete" if new.is_deleted else "upsert"
        return self._change(op, version, tie, new.state, "stream", time)

    def _change(self, op: str, version: int, tie: str | None, state: State | None, *of: Any) -> Change:
        row = self.kind.compared(state, *of)
        key = self.kind.key_text(self.key)
        return Change(key, op, version, symbol(key, op, version, row) if tie is None else tie, row)

    def full_export(self) -> Delivery | None:
        """The item's line in a full export of now."""
        item = self.item
        if item is None:
            return None
        own = self.kind.stamp(item)
        op = "delete" if item.is_deleted else "upsert"
        version, updated_at = (self.now - MARGIN, self.now) if own is None else (own, own)
        change = self._change(op, version, None, item.state, "export", updated_at)
        return Delivery("export", {"Item": self.kind.image(self.key, item)}, self.now, change)

    def window(self, since: int, *, old_images: bool) -> Delivery | None:
        """The item's line in an incremental export of the last writes, from that many on."""
        before, after = self.past[min(since, len(self.past) - 1)][1], self.item
        written = self.past[-1][0]
        if since >= len(self.past) - 1 or (before is None and after is None):
            return None
        shown = before if old_images else None
        images = {"NewImage": after, "OldImage": shown}
        payload = {
            "Metadata": {"WriteTimestampMicros": {"N": str(written)}},
            "Keys": {"_key": {"S": self.kind.key_text(self.key)}},
            **{name: self.kind.image(self.key, item) for name, item in images.items() if item is not None},
        }
        return Delivery("export", payload, self.now + 1, self._of_window(shown, after, written))

    def _of_window(self, old: Item | None, new: Item | None, written: int) -> Change:
        stored, own = self.kind.stamp(old), self.kind.stamp(new)
        if new is None:
            state = None if old is None else old.state
            if old is not None and old.is_deleted:
                return self._change("delete", latest(stored), "", state, "export", written)
            version = latest(None if stored is None else stored + 1, written)
            return self._change("delete", version, None, state, "export", written)
        version = latest(written if own is None else own, stored)
        op = "delete" if new.is_deleted else "upsert"
        return self._change(op, version, None, new.state, "export", written)

    def drop(self, op: str, state: State, back: int, *, whole: bool) -> Delivery:
        """A row of a partner's file, of a while ago."""
        at = self.now - back
        columns = self.kind.columns(self.key, state, at)
        if op == "delete" and not whole:
            needed = {*self.kind.contract.key, self.kind.contract.sequence_column}
            columns = {name: value for name, value in columns.items() if name in needed}
        says = state if op == "upsert" or whole else None
        version = self.now if self.kind.contract.sequence_column is None else at
        change = self._change(op, version, None, says, "drop", self.now)
        return Delivery("drop", {**columns, "_op": op}, self.now, change)

    def put_back(self) -> Delivery | None:
        """A repair's record of the item as it is."""
        item, second = self.item, self.now // 1_000_000 * 1_000_000
        if item is None:
            return None
        number = str(self.now)
        body = {
            "ApproximateCreationDateTime": self.now // 1_000_000,
            "Keys": {"_key": {"S": self.kind.key_text(self.key)}},
            "NewImage": self.kind.image(self.key, item),
            "SequenceNumber": number,
        }
        own = self.kind.stamp(item)
        op = "delete" if item.is_deleted else "upsert"
        version = second if own is None else own
        change = self._change(op, version, number.zfill(40), item.state, "repair", second)
        payload = {"eventID": "repair", "eventName": "MODIFY", "dynamodb": body}
        return Delivery("repair", payload, self.now, change)


def retract(change: Change, now: int) -> Delivery:
    """A repair's line that takes back what stands at the position of a change."""
    payload = {"op": "retract", "key": change.key, "version": change.version, "tie": change.tie}
    return Delivery("repair", payload, now, Change(change.key, "retract", *change.position))


def symbol(key: str, op: str, version: int, row: Row) -> str:
    """Stands for the tie-break of content, which the doors spell as a hash."""
    return json.dumps([key, op, version, *row])


def from_epoch(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
