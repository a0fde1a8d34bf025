"""When the rows of an object were announced first, of objects that `erase` wrote anew without erased rows.

    erase/rewritten/<dataset>/<hash of the object's key>/<hash of the version it replaces>.json

Such an object is announced anew, and its other rows must not become newer by that. Its metadata can't say
so: whoever may put files into `drops/` may give them any metadata. So `erase` writes it down here, in the
lake bucket, before it puts the object. A manifest takes along what is known of its files. The reader believes
it of an object whose metadata names the replaced version and the MD5 of its content; it is never later than
the object's own event.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jobs.intake.doors import doors_of_rows
from jobs.intake.manifest import FirstEvent, Manifest, ManifestFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What a rewritten object says of itself.
FROM, MD5, ROWS = (f"glueline-{name}" for name in ("rewritten-from", "md5", "rows"))
_PREFIX = "erase/rewritten/"


@dataclass(frozen=True, slots=True)
class FirstEvents:
    """What `erase` wrote down in one lake bucket."""

    s3: "S3Client"
    bucket: str

    def keep(self, dataset: str, key: str, state: str, first: FirstEvent) -> None:
        """Write down the first event of an object's version, which is about to be replaced."""
        content = {"state": state, "event_time": first.event_time, "sequencer": first.sequencer}
        name = f"{_folder(dataset, key)}{_hash(state)}.json"
        self.s3.put_object(Bucket=self.bucket, Key=name, Body=json.dumps(content).encode())

    def of(self, dataset: str, key: str) -> dict[str, FirstEvent]:
        """Replaced version -> first event, of one object."""
        found = map(self._get, self._names(_folder(dataset, key)))
        return {one["state"]: FirstEvent(one["event_time"], one["sequencer"]) for one in found}

    def add_to(self, manifest: Manifest) -> Manifest:
        """The manifest whose drops know their first events. Where there are none, one request a dataset."""
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

    def _get(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read())
        return content


def state_of(version_id: str, etag: str) -> str:
    """What tells a version of an object from others, also where the bucket keeps no versions."""
    return f"{version_id} {etag}"


def _at(event_time: str) -> datetime:
    at = datetime.fromisoformat(event_time)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _folder(dataset: str, key: str) -> str:
    return f"{_PREFIX}{dataset}/{_hash(key)}/"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
