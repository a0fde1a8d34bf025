"""What a batch reads: the objects that S3 announced, each with door, dataset and format, or why not.

Pure: events in, manifest out. `jobs.intake.queue` receives messages, `jobs.intake.batches` keeps manifests.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, Self

from jobs.intake.doors import DOORS, OF_TABLE, door_of


@dataclass(frozen=True, slots=True)
class FirstEvent:
    """The event that first announced an object's rows."""

    event_time: str  # ISO 8601, UTC
    sequencer: str | None  # as in `ManifestFile`


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One object to read, as it was when its event was sent."""

    bucket: str
    key: str
    etag: str
    version_id: str | None
    size: int
    event_time: str  # ISO 8601, UTC
    dataset: str
    door: str
    format: str
    # Only of data files of an export, from its manifest:
    md5: str | None = None
    items: int | None = None
    # Orders the events of one object (a hexadecimal number), whose times are whole seconds.
    sequencer: str | None = None
    # Replaced version -> first event, if `erase` wrote the object anew (`jobs.intake.first_events`).
    first_events: Mapping[str, FirstEvent] = field(default_factory=dict, hash=False)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """A file from the values of its JSON object."""
        first = {state: FirstEvent(**event) for state, event in plain.get("first_events", {}).items()}
        return cls(**{**plain, "first_events": first})

    @property
    def place(self) -> tuple[str, str]:
        """Orders the events of one object."""
        return self.event_time, padded(self.sequencer)

    @property
    def source_file(self) -> str:
        """The name of the file in tables and errors."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Refused:
    """A message or object that no door takes, with the reason."""

    key: str
    reason: str
    payload: str  # the message as it was received


@dataclass(frozen=True, slots=True)
class Manifest:
    """`manifest.json`: all that one batch reads. A batch may become smaller: its parts have what it lost."""

    batch_id: str
    created_at: str
    files: tuple[ManifestFile, ...] = ()
    refused: tuple[Refused, ...] = ()
    # Earlier batches of these files, which may have appended to `<dataset>_changes`: `merge` merges their
    # changes with this batch's own.
    origins: tuple[str, ...] = ()

    @property
    def begun(self) -> datetime:
        """When the batch began."""
        return datetime.fromisoformat(self.created_at)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @property
    def datasets(self) -> list[str]:
        """The datasets of its files."""
        return list(dict.fromkeys(file.dataset for file in self.files))

    def part(self, batch_id: str, datasets: Collection[str]) -> "Manifest":
        """A batch of that id with the files of these datasets alone."""
        files = tuple(file for file in self.files if file.dataset in datasets)
        return replace(
            self, batch_id=batch_id, files=files, refused=(), origins=(self.batch_id, *self.origins)
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Manifest":
        plain = json.loads(text)
        return cls(
            plain["batch_id"],
            plain["created_at"],
            tuple(map(ManifestFile.from_dict, plain["files"])),
            tuple(Refused(**refused) for refused in plain["refused"]),
            tuple(plain.get("origins", ())),  # missing in manifests of earlier versions
        )


def make_manifest(
    batch_id: str, created_at: datetime, bodies: Iterable[str], datasets: Collection[str]
) -> Manifest:
    """The manifest of the messages with these bodies.

    An object state that was announced several times is read once, as of its last event: the later change wins
    anyway.
    """
    files: dict[tuple[str, str, str], ManifestFile] = {}
    refused: dict[str, Refused] = {}
    for body in bodies:
        item = read_message(body, datasets)
        if isinstance(item, ManifestFile):
            state = (item.bucket, item.key, item.version_id or item.etag)
            files[state] = max(item, files.get(state, item), key=attrgetter("place"))
        elif item is not None:
            refused.setdefault(body, item)
    ordered = sorted(files.values(), key=lambda file: (file.key, file.place))
    return Manifest(batch_id, created_at.isoformat(), tuple(ordered), tuple(refused.values()))


def read_message(body: str, datasets: Collection[str]) -> ManifestFile | Refused | None:
    """The object that an intake message announces, or why it is refused.

    None for objects that are not read by themselves: a folder's placeholder, a part of an export.
    """
    try:
        event = json.loads(body)
        detail = event["detail"]
        bucket, s3_object = detail["bucket"]["name"], detail["object"]
        key = s3_object["key"]
        if not isinstance(key, str):
            raise TypeError(f"a key of {key!r}")
        state = (
            str(s3_object["etag"]).strip('"'),
            s3_object.get("version-id") or None,
            int(s3_object.get("size", 0)),
            datetime.fromisoformat(event["time"]).isoformat(),
        )
        f"{bucket}/{key}{state}".encode()  # raises on half of a surrogate pair, which can't be stored
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as problem:
        got = repr(problem)[:200]
        reason = f"intake: expected an S3 'Object Created' event, got something else ({got})"
        return Refused("", reason, body)
    if key.endswith("/") and state[2] == 0:
        return None
    place = classify(key, datasets)
    if place is None:
        return None
    if isinstance(place, str):
        return Refused(key, place, body)
    return ManifestFile(bucket, key, *state, *place, sequencer=_sequencer(s3_object))


def padded(sequencer: str | None) -> str:
    """A sequencer as a text that sorts by its value; empty if there is none."""
    return "" if sequencer is None else sequencer.rjust(SEQUENCER_DIGITS, "0")


def _sequencer(s3_object: Mapping[str, Any]) -> str | None:
    """The event's sequencer in lower case; None if it is not a hexadecimal number."""
    found = s3_object.get("sequencer")
    return found.lower() if isinstance(found, str) and _SEQUENCER.fullmatch(found) else None


def classify(key: str, datasets: Collection[str]) -> tuple[str, str, str] | str | None:
    """Dataset, door and format of an object key, or the reason why no door takes it.

    None for a part of an export: only its summary makes a batch read it.
    """
    if not {".", ".."}.isdisjoint(key.split("/")):  # clients differ in whether they resolve them
        return f"intake: expected a key without . and .. in it, got {key}; move it"
    door = door_of(key)
    dataset, _, name = key.removeprefix(door.prefix if door else "").partition("/")
    if door is None or not name:
        expected = " or ".join(door.folder("<dataset>") + "…" for door in DOORS.values())
        return f"intake: expected {expected}, got {key}; move it"
    if dataset not in datasets or (dataset.startswith(OF_TABLE) and door.listed_by is None):
        known = ", ".join(sorted(datasets))
        return f"intake: expected a dataset that has a contract ({known}), got {dataset!r} in {key}"
    if door.listed_by is not None:
        return _classify_listed(key, dataset, door.name, door.listed_by)
    file_format = door.format_of(key)
    if file_format is None:
        return f"intake: expected a file named {door.names}, got {key}; save it as one of these"
    return dataset, door.name, file_format


def _classify_listed(key: str, dataset: str, door: str, listed_by: str) -> tuple[str, str, str] | str | None:
    """As `classify`, for a part of an export. A batch opens the summary, which leads to the data files."""
    if _SUMMARY.search(key):
        return dataset, door, listed_by
    if _EXPORT_PART.search(key):
        return None
    return (
        f"intake: expected the files of a DynamoDB export (…/AWSDynamoDB/<export id>/…), got {key}; move it"
    )


SEQUENCER_DIGITS = 32  # S3 sends 16 to 18
_SEQUENCER = re.compile(rf"[0-9A-Fa-f]{{1,{SEQUENCER_DIGITS}}}", re.ASCII)
_SUMMARY = re.compile(r"/AWSDynamoDB/[^/]+/manifest-summary\.json$")
_EXPORT_PART = re.compile(
    r"/AWSDynamoDB/([^/]+/)?(data/[^/]+|_started|manifest-(summary|files)\.(json|md5|checksum))$"
)
