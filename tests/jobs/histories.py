"""Histories of keys, as a DynamoDB table and its partners write them, and what each door makes of them.

`Table` plays DynamoDB: it takes writes and gives stream records, exports and windows of exports. Each
delivery has the payload that a door reads and the change that it has to become, said by the rules of the
design and not by the code of the doors.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from expectations.contract import Column, Contract, Partition
from expectations.keys import encode_key
from expectations.timestamps import from_micros, instant_of, micros_of
from tests.jobs.builders import ENTITIES, EVENTS, SENT, record
from tests.model import Change

START = micros_of(SENT)
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

# Versions that count, as those of a system that numbers an item's revisions.
COUNTED = Contract(
    dataset="stock",
    version="1.0.0",
    description="Something whose revisions are counted.",
    columns=(
        Column("id", "long", required=True),
        Column("name", "string"),
        Column("revision", "long", required=True),
    ),
    key=("id",),
    partitions=(Partition("id", "bucket[2]"),),
    sequence_column="revision",
)

# Texts of all kinds as keys and as places.
NOTES = Contract(
    dataset="notes",
    version="1.0.0",
    description="Something with a title, on a shelf.",
    columns=(Column("title", "string", required=True), Column("shelf", "string"), Column("name", "string")),
    key=("title",),
    partitions=(Partition("shelf", "identity"),),
)
TEXTS = (
    "{source}", "{}", "}", "{0!r}", "it's", '"quoted"', "back\\slash", "line\nbreak", "${env:PATH}",
    "${spark.app.name}", "a;b -- c", "\u00e9\u2028\U0001f600", "%7B", "`tick`", "\\u0041", "null\0byte",
)  # fmt: skip

# Times as keys and as places: both ends of the calendar, and the hours of New York that come twice.
MOMENTS = Contract(
    dataset="moments",
    version="1.0.0",
    description="Something that happens at a time.",
    columns=(
        Column("at", "timestamp", required=True),
        Column("planned_at", "timestamp"),
        Column("name", "string"),
    ),
    key=("at",),
    partitions=(Partition("planned_at", "identity"),),
)
TIMES = (
    "0001-01-01T00:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-03-08T07:30:00.000001Z",
    "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z",
)  # fmt: skip


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
    sequencer: str | None = None  # of the event of a file


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
    keys: tuple[Any, ...] = (0, 1, 2, 3, 4)

    @property
    def counts(self) -> bool:
        """Whether versions count, and are no times."""
        return self.contract.sequence_column == "revision"

    def columns(self, key: int, state: State, at: int) -> dict[str, Any]:
        """A row's columns as a drop brings them."""
        row: dict[str, Any] = dict(zip(self.contract.key, self.key(key), strict=True))
        if self.place is not None:
            row[self.contract.partitions[0].column] = self.place(state.place)
        row[self.value] = str(state.value)
        if self.contract.sequence_column is not None:
            row[self.contract.sequence_column] = at if self.counts else from_micros(at)
        return row

    def image(self, key: int, item: Item) -> dict[str, Any]:
        """An item in DynamoDB's JSON."""
        columns = self.columns(key, item.state, item.at)
        numbers = {"id", "number", "amount", "revision"}
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
        return ("a", key) if len(self.contract.key) == 2 else (self.keys[key],)

    def key_text(self, key: int) -> str:
        return encode_key(self.contract, dict(zip(self.contract.key, self.key(key), strict=True)))

    def compared(self, state: State | None, source: str, updated_at: int) -> Row:
        """A state as `Row`; None is a change that says nothing but its key."""
        place = None if self.place is None or state is None else self.place(state.place)
        return Row(place, None if state is None else str(state.value), source, updated_at)

    def table(self, key: int, sequence: int) -> "Table":
        """One key of the table, whose records have sequence numbers from this one on."""
        return Table(self, key, sequence)

    def stamp(self, item: Item | None) -> int | None:
        """The version that an item carries."""
        if item is None:
            return None
        if self.contract.sequence_column is None:
            return item.version
        return max(item.at, item.version or item.at)


KINDS = (
    Kind(EVENTS, lambda place: from_micros(micros_of(PLACES[place])), "amount"),
    Kind(SPOTS, lambda place: f"p{place}", "name"),
    Kind(ENTITIES, None, "name"),
    Kind(COUNTED, None, "name"),
    Kind(NOTES, lambda place: TEXTS[place * 4], "name", TEXTS),
    Kind(MOMENTS, lambda place: TIMES[place], "name", TIMES),
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
    events: int = 250  # of files so far
    revision: int = 0  # the greatest so far, where versions count

    @property
    def item(self) -> Item | None:
        return self.past[-1][1]

    def write(self, op: str, state: State, *, begins_anew: bool = False) -> Delivery | None:
        """The record of a write; None if DynamoDB or the Data API would refuse it.

        Where versions count, an item that is created again may count from one again.
        """
        old = self.item
        stored = self.kind.stamp(old)
        newer = self.now if stored is None else max(self.now, stored + 1)
        if self.kind.counts:
            newer = stored + 1 if stored is not None else 1 if begins_anew else self.revision + 1
            self.revision = max(self.revision, newer)
        match op:
            case "put":
                new: Item | None = Item(state, newer, newer)
            case "foreign" if (
                self.kind.contract.sequence_column is None or self.kind.counts or newer == self.now
            ):
                new = Item(state, newer, None)
            case "mark" if old is not None and not old.is_deleted:
                new = Item(old.state, newer, newer, is_deleted=True)
            case "remove" if old is not None:
                new = None
            case _:
                return None
        self.past.append((self.now, new))
        return self._record(old, new, len(self.past))

    def sequence_number(self, number: int) -> int:
        """Of a record. They do not grow, as versions decide where records have one."""
        return int((self.sequence + number) * 10 ** (20 + number % 3))

    def _record(self, old: Item | None, new: Item | None, number: int) -> Delivery:
        sequence = str(self.sequence_number(number))
        name = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
        payload = self._stream_record(name, new, old, int(sequence))
        change = self._of_record(old, new, sequence.zfill(40))
        return Delivery("stream", payload, self.now, change)

    def _stream_record(self, name: str, new: Item | None, old: Item | None, sequence: int) -> dict[str, Any]:
        """A record of now; times of DynamoDB's stream have whole seconds."""
        images = [None if item is None else self.kind.image(self.key, item) for item in (new, old)]
        second = instant_of(self.now // 1_000_000 * 1_000_000)
        key = self.kind.key_text(self.key)
        return record(name, key, new=images[0], old=images[1], number=sequence, at=second)

    def _of_record(self, old: Item | None, new: Item | None, tie: str) -> Change:
        time = self.now // 1_000_000 * 1_000_000
        stored = self.kind.stamp(old)
        if new is None:
            assert old is not None
            if old.is_deleted:
                return self._change("delete", latest(stored), "", old.state, "stream", time)
            return self._change("delete", self._after(stored, time), tie, old.state, "stream", time)
        own = self.kind.stamp(new)
        version = latest(time if own is None else own, stored)
        op = "delete" if new.is_deleted else "upsert"
        return self._change(op, version, tie, new.state, "stream", time)

    def _after(self, stored: int | None, time: int) -> int:
        """The version of a removal."""
        return latest(None if stored is None else stored + 1, None if self.kind.counts else time)

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
        updated_at = self.now if self.kind.counts else updated_at
        change = self._change(op, version, None, item.state, "export", updated_at)
        return Delivery("export", {"Item": self.kind.image(self.key, item)}, self.now, change)

    def window(self, since: int, *, old_images: bool) -> Delivery | None:
        """The item's line in an incremental export of the last writes, from that many on."""
        before, after = self.past[min(since, len(self.past) - 1)][1], self.item
        written = self.past[-1][0]
        if since >= len(self.past) - 1 or (before is None and after is None):
            return None
        shown = before if old_images else None
        if self.kind.counts and shown is None and after is None:
            return None  # no version is known: the door refuses it
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
            return self._change("delete", self._after(stored, written), None, state, "export", written)
        version = latest(written if own is None else own, stored)
        op = "delete" if new.is_deleted else "upsert"
        return self._change(op, version, None, new.state, "export", written)

    def drop(self, op: str, state: State, back: int, *, whole: bool) -> Delivery:
        """A row of a partner's file, of a while ago."""
        at = max(1, self.revision - back % 3) if self.kind.counts else self.now - back
        columns = self.kind.columns(self.key, state, at)
        if op == "delete" and not whole:
            needed = {*self.kind.contract.key, self.kind.contract.sequence_column}
            columns = {name: value for name, value in columns.items() if name in needed}
        says = state if op == "upsert" or whole else None
        second = self.now // 1_000_000 * 1_000_000  # the times of S3's events have no more
        version = second if self.kind.contract.sequence_column is None else at
        self.events += 1
        sequencer = f"{self.events:x}".rjust(16 + self.events % 3, "0")
        row = self.kind.compared(says, "drop", second)
        orders = sequencer if self.kind.contract.sequence_column is None else ""
        tie = symbol(self.kind.key_text(self.key), op, version, row, orders)
        change = Change(self.kind.key_text(self.key), op, version, tie, row)
        return Delivery("drop", {**columns, "_op": op}, second, change, sequencer)

    def put_back(self) -> Delivery | None:
        """A repair's record of the item as it is."""
        item, second = self.item, self.now // 1_000_000 * 1_000_000
        if item is None:
            return None
        own = self.kind.stamp(item)
        op = "delete" if item.is_deleted else "upsert"
        version = second if own is None else own
        change = self._change(op, version, str(self.now).zfill(40), item.state, "repair", second)
        payload = self._stream_record("MODIFY", item, None, self.now)
        return Delivery("repair", payload, self.now, change)


def retract(change: Change, now: int) -> Delivery:
    """A repair's line that takes back what stands at the position of a change."""
    payload = {"op": "retract", "key": change.key, "version": change.version, "tie": change.tie}
    return Delivery("repair", payload, now, Change(change.key, "retract", *change.position))


def symbol(key: str, op: str, version: int, row: Row, sequencer: str = "") -> str:
    """Stands for the tie-break of content, which the doors spell as a hash, behind a sequencer or not."""
    return json.dumps([key, op, version, *row, sequencer.lstrip("0")])
