"""The objects that the job `erase` and the command `glueline erase` write for each other, as JSON.

    erase/<id>/request.json   which keys are erased: written first
    erase/<id>/seal.json      phase block: keys that got a mark in DynamoDB, and items that were replaced
    erase/<id>/landed.json    command: the stream's records of these marks have landed and are merged
    erase/<id>/scrub.json     phase remove-from-raw: versions of objects with rows of the keys
    erase/<id>/purge.json     phase remove-from-tables: rows of the keys in each table
    erase/<id>/letters.json   command: dead letters of the keys, and messages that cannot be searched
    erase/<id>/proof.json     phase prove: what was searched, removed and found
    erase/<id>/lifted.json    phase unblock: how many keys may have rows again

The names of the objects, their fields, and the names of the phases are a wire format: the command and the job
may have different versions. A reader ignores fields that it does not know; a field that is missing has its
default.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Self

from jobs.intake.doors import door_of


class Phase(StrEnum):
    """A phase of the job; the values are those of its argument `--PHASE`."""

    BLOCK = "seal"
    REMOVE_FROM_RAW = "scrub"
    REMOVE_FROM_TABLES = "purge"
    PROVE = "prove"
    UNBLOCK = "lift"


@dataclass(frozen=True, slots=True)
class Note:
    """One of these objects."""

    NAME: ClassVar[str]  # of the object, without .json

    def to_json(self) -> str:
        """The object's content. Fields of the note itself that are None are left out."""
        content = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(content, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read an object's content. Raises pydantic's ValidationError if it is no note of this kind."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_json(text)


@dataclass(frozen=True, slots=True)
class Request(Note):
    """Which keys are erased."""

    NAME: ClassVar[str] = "request"

    id: str
    dataset: str
    hashes: Mapping[str, str]  # key text -> its keyed hash
    asked_at: str  # ISO 8601, UTC, as all times here
    remove_unreadable: bool = False  # delete files that cannot be searched


@dataclass(frozen=True, slots=True)
class BlockNote(Note):
    """The marks that phase `block` writes to DynamoDB; the note is written before the marks are."""

    NAME: ClassVar[str] = "seal"

    marked: tuple[str, ...] = ()  # keys whose marks may not have been read from the stream yet
    since: str | None = None  # no mark of these keys is older
    marked_at: str | None = None  # when the phase last wrote marks
    items: tuple[str, ...] = ()  # keys that had an item
    newest: Mapping[str, int | None] = field(default_factory=dict)  # key -> newest version of its items


@dataclass(frozen=True, slots=True)
class StreamNote(Note):
    """The stream's records of marks have landed, and are merged."""

    NAME: ClassVar[str] = "landed"

    through: str | None = None  # `marked_at` of the marks


@dataclass(frozen=True, slots=True)
class AffectedVersion:
    """A version of a RAW object that holds rows of the keys, or that cannot be searched (`problem`)."""

    key: str
    version_id: str
    etag: str
    is_latest: bool
    form: str | None  # how the object is read; None if no door takes an object of this name
    rows: int
    erased: int  # rows of the keys, among `rows`
    problem: str | None

    @property
    def folder(self) -> str:
        """The first part of the object's key, e.g. `drops`."""
        return self.key.partition("/")[0]

    @property
    def carries_rows(self) -> bool:
        """Whether the object is of a door of rows, which the time of its event may order."""
        door = door_of(self.key)
        return door is not None and door.carries == "rows"

    @property
    def identity(self) -> tuple[str, str, str]:
        """Distinguishes versions, also in a bucket that keeps none."""
        return self.key, self.version_id, self.etag


@dataclass(frozen=True, slots=True)
class RawNote(Note):
    """All versions with rows of the keys that the phase found, in however many runs."""

    NAME: ClassVar[str] = "scrub"

    held: tuple[AffectedVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class TableNote:
    """What the phase found in one table."""

    rows: int = 0  # rows of the keys that a query returned, at most
    touched: bool = False  # whether the table was rewritten, so that its older snapshots have to be expired
    clean: int = 0  # sequence number of the first snapshot without rows of the keys


@dataclass(frozen=True, slots=True)
class TablesNote(Note):
    """Rows of the keys in the tables."""

    NAME: ClassVar[str] = "purge"

    began: str | None = None  # when the phase began last
    newest: Mapping[str, int | None] = field(default_factory=dict)  # key -> newest version of its rows
    tables: Mapping[str, TableNote] = field(default_factory=dict)  # by full name


@dataclass(frozen=True, slots=True)
class DeadLettersNote(Note):
    """The search of the queues."""

    NAME: ClassVar[str] = "letters"

    searched: int = 0
    removed: int = 0
    found: int = 0  # dead letters of the keys that are still there
    inbound: int | None = None  # messages in the inbound queue, which cannot be searched
    gone_by: str | None = None  # when the last of these will have left the queue


@dataclass(frozen=True, slots=True)
class UnblockNote(Note):
    """The keys that phase `unblock` unblocked; only their number stays when it has ended."""

    NAME: ClassVar[str] = "lifted"

    lifted: int = 0
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SearchedPlace:
    """One place that the proof searched."""

    place: str
    searched: int  # files, versions of objects, items or messages
    rows: int | None  # rows in all of them, where they were counted
    removed: int  # rows of the keys that were there and are gone
    found: int  # rows of the keys that are still there
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proof(Note):
    """The result of an erasure. It names no key."""

    NAME: ClassVar[str] = "proof"

    erasure_id: str
    dataset: str
    key_hashes: tuple[str, ...]
    asked_at: str
    proved_at: str
    places: tuple[SearchedPlace, ...]
    unsearched: tuple[str, ...] = ()  # what cannot be searched, and why
    kept: tuple[str, ...] = ()  # what stays on purpose

    @property
    def is_complete(self) -> bool:
        """Whether nothing was found and nothing was left unsearched."""
        return not self.unsearched and not any(place.found for place in self.places)

    def to_dict(self) -> dict[str, Any]:
        """Its fields as plain values, with `is_complete`."""
        return asdict(self) | {"is_complete": self.is_complete}

    def to_json(self) -> str:
        """As other notes, with `is_complete`."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
