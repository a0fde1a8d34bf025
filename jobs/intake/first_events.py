"""When the rows of an object were announced first, for objects that `erase` rewrote without erased rows.

    erase/rewritten/<dataset>/<hash of the object's key>/<hash of the version it replaces>.json

A rewritten object is announced again, which must not make its remaining rows newer. Its metadata can't carry
the first announcement: whoever may put files into `drops/` may give them any metadata. So `erase` writes a
note here, in the lake bucket, before it puts the object. A manifest takes along the notes of its files. The
reader uses a note only for an object whose metadata names the replaced version and the MD5 of its content,
and only if the note is not later than the object's own event.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from jobs.intake.doors import doors_of_rows
from jobs.intake.manifest import FirstEvent, Manifest, ManifestFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The metadata of a rewritten object.
FROM, MD5, ROWS = (f"glueline-{name}" for name in ("rewritten-from", "md5", "rows"))
_PREFIX = "erase/rewritten/"


@dataclass(frozen=True, slots=True)
class RewriteNote:
    """One note: a version of an object that was replaced, and the event that announced its rows first."""

    state: str  # of the replaced version, as of `state_of`
    event: FirstEvent

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(
            {"state": self.state, "event_time": self.event.event_time, "sequencer": self.event.sequencer}
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """What `to_json` wrote."""
        plain: dict[str, Any] = json.loads(text)
        return cls(plain["state"], FirstEvent(plain["event_time"], plain["sequencer"]))


@dataclass(frozen=True, slots=True)
class FirstEvents:
    """The notes in one lake bucket."""

    s3: "S3Client"
    bucket: str

    def keep(self, dataset: str, key: str, state: str, first: FirstEvent) -> None:
        """Write the first event of an object's version, which is about to be replaced."""
        name = f"{_folder(dataset, key)}{_hash(state)}.json"
        note = RewriteNote(state, first)
        self.s3.put_object(Bucket=self.bucket, Key=name, Body=note.to_json().encode())

    def of(self, dataset: str, key: str) -> dict[str, FirstEvent]:
        """Replaced version -> first event, of one object."""
        notes = map(self._get, self._names(_folder(dataset, key)))
        return {note.state: note.event for note in notes}

    def add_to(self, manifest: Manifest) -> Manifest:
        """The manifest with the first events of its drops. One request a dataset if there are none."""
        datasets = {file.dataset for file in manifest.files if file.door in doors_of_rows()}
        folders = {
            name.rpartition("/")[0] + "/" for one in datasets for name in self._names(f"{_PREFIX}{one}/")
        }
        if not folders:
            return manifest
        files = tuple(
            self._with_first_events(file) if _folder(file.dataset, file.key) in folders else file
            for file in manifest.files
        )
        return replace(manifest, files=files)

    def _with_first_events(self, file: ManifestFile) -> ManifestFile:
        known = self.of(file.dataset, file.key).items()
        first = {state: one for state, one in known if _at(one.event_time) <= _at(file.event_time)}
        return replace(file, first_events=first)

    def _names(self, prefix: str) -> Iterator[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return (item["Key"] for page in pages for item in page.get("Contents", ()))

    def _get(self, name: str) -> RewriteNote:
        return RewriteNote.from_json(self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read())


def state_of(version_id: str, etag: str) -> str:
    """Identifies a version of an object, also in a bucket that keeps no versions."""
    return f"{version_id} {etag}"


def _at(event_time: str) -> datetime:
    at = datetime.fromisoformat(event_time)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _folder(dataset: str, key: str) -> str:
    return f"{_PREFIX}{dataset}/{_hash(key)}/"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
