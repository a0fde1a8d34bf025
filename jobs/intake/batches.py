"""Where a batch stands, as a few small objects in the lake bucket.

    open/<batch_id>                    the batch has begun and is not merged: written first, removed last
    failing/<batch_id>                 how often it failed (`jobs.intake.attempts`), as long as it does
    aside/<batch_id>                   it failed too often: no run takes it up until `glueline batches retry`
    batches/<batch_id>/manifest.json   what it reads; only then may its messages be deleted
    batches/<batch_id>/checked.json    its changes and quarantined rows are in the tables
    batches/<batch_id>/merged.json     its changes are in the datasets' tables, or another batch has its files

Each step writes its object when its work is done, so a run that stops anywhere is taken up by the next one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jobs.intake.attempts import Attempts
from jobs.intake.manifest import Manifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MANIFEST, CHECKED, MERGED = "manifest.json", "checked.json", "merged.json"
_OPEN, _FAILING, _ASIDE = "open/", "failing/", "aside/"


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of one lake bucket."""

    s3: "S3Client"
    bucket: str

    def open(self, manifest: Manifest) -> None:
        """Begin a batch; when this returns, its messages may be deleted."""
        self._put(f"{_OPEN}{manifest.batch_id}", "")
        self._put(_name(manifest.batch_id, MANIFEST), manifest.to_json())

    def begun(self) -> list[str]:
        """The ids of all batches that are not merged, the oldest first."""
        return self._marked(_OPEN)

    def aside(self) -> list[str]:
        """The ids of the batches that are set aside, the one that has been so for longest first."""
        return self._marked(_ASIDE)

    def to_check(self) -> Iterator[str]:
        """Batches that are not checked. One without a manifest is closed: its messages were never deleted."""
        for batch_id in self.begun():
            steps = self.steps(batch_id)
            if MANIFEST not in steps:
                self.close(batch_id)
            elif CHECKED not in steps:
                yield batch_id

    def to_merge(self) -> list[str]:
        """The ids of batches that are checked and not closed, the oldest first."""
        return [batch_id for batch_id in self.begun() if CHECKED in self.steps(batch_id)]

    def failing(self) -> list[str]:
        """The ids of the batches that failed and have not got through since."""
        return self._marked(_FAILING)

    def attempts(self, batch_id: str) -> Attempts:
        """How often the batch has failed."""
        try:
            return Attempts.from_json(self._get(f"{_FAILING}{batch_id}"))
        except self.s3.exceptions.NoSuchKey:
            return Attempts()

    def note_attempts(self, batch_id: str, attempts: Attempts) -> None:
        """Keep how often the batch has failed."""
        self._put(f"{_FAILING}{batch_id}", attempts.to_json())

    def forget_attempts(self, batch_id: str) -> None:
        """The batch has got through, or is taken up anew: it has all its attempts."""
        self.s3.delete_object(Bucket=self.bucket, Key=f"{_FAILING}{batch_id}")

    def set_aside(self, batch_id: str, reason: str, at: datetime) -> None:
        """Put the batch on the list of those that are set aside; it is closed when this is recorded."""
        self._put(f"{_ASIDE}{batch_id}", json.dumps({"reason": reason, "at": at.isoformat()}))

    def why_aside(self, batch_id: str) -> dict[str, Any]:
        """Since when (`at`) and why (`reason`) the batch is set aside."""
        said: dict[str, Any] = json.loads(self._get(f"{_ASIDE}{batch_id}"))
        return said

    def no_longer_aside(self, batch_id: str) -> None:
        """Take the batch off the list of those that are set aside."""
        self.s3.delete_object(Bucket=self.bucket, Key=f"{_ASIDE}{batch_id}")

    def free_id(self, run_id: str) -> str:
        """This id, with a number behind it if there is such a batch (of a run that is a retry, say)."""
        number, batch_id = 1, run_id
        while MANIFEST in self.steps(batch_id):
            number += 1
            batch_id = f"{run_id}-{number}"
        return batch_id

    def steps(self, batch_id: str) -> set[str]:
        """The names of the objects that the batch has."""
        prefix = _name(batch_id, "")
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", ())
        return {item["Key"].removeprefix(prefix) for item in found}

    def manifest(self, batch_id: str) -> Manifest:
        """What the batch reads."""
        return Manifest.from_json(self._get(_name(batch_id, MANIFEST)))

    def checked(self, batch_id: str) -> dict[str, Any]:
        """What was counted when the batch was checked."""
        counted: dict[str, Any] = json.loads(self._get(_name(batch_id, CHECKED)))
        return counted

    def done(self, batch_id: str, step: str, result: Mapping[str, Any]) -> None:
        """Write that a step (`CHECKED`, `MERGED`) is done, and with what result."""
        self._put(_name(batch_id, step), json.dumps({"batch_id": batch_id, **result}, indent=1))

    def close(self, batch_id: str) -> None:
        """Take the batch off the list of those that wait for work."""
        self.s3.delete_object(Bucket=self.bucket, Key=f"{_OPEN}{batch_id}")

    def merged_before(self, time: datetime) -> dict[str, datetime]:
        """The ids of batches that were merged before that time, and when."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="batches/")
        return {
            item["Key"].split("/")[1]: item["LastModified"]
            for page in pages
            for item in page.get("Contents", ())
            if item["Key"].endswith(f"/{MERGED}") and item["LastModified"] < time
        }

    def forget(self, batch_id: str) -> None:
        """Remove the objects of a merged batch; that it is merged is said until the last one goes."""
        for step in (MANIFEST, CHECKED, MERGED):
            self.s3.delete_object(Bucket=self.bucket, Key=_name(batch_id, step))

    def _marked(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        markers = [marker for page in pages for marker in page.get("Contents", ())]
        return [
            marker["Key"].removeprefix(prefix)
            for marker in sorted(markers, key=lambda marker: (marker["LastModified"], marker["Key"]))
        ]

    def _put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def _get(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()


def _name(batch_id: str, step: str) -> str:
    return f"batches/{batch_id}/{step}"
