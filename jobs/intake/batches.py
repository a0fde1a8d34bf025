"""Where a batch stands, as a few small objects in the lake bucket.

    open/<batch_id>                    the batch has begun and is not merged: written first, removed last
    failing/<batch_id>                 how often it failed (`jobs.intake.attempts`), as long as it does
    aside/<batch_id>                   it failed too often: no run works on it until `glueline batches retry`
    batches/<batch_id>/manifest.json   what it reads; only then may its messages be deleted
    batches/<batch_id>/checked.json    its changes and quarantined rows are in the tables
    batches/<batch_id>/merged.json     its changes are in the datasets' tables, or another batch has its files

Each step writes its object when its work is done, so the next run continues where a run stopped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobs.intake.attempts import Attempts
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch, MergedBatch, SetAside
from jobs.lineage.events_log import LineageLog

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MANIFEST, CHECKED, MERGED = "manifest.json", "checked.json", "merged.json"
_OPEN, _FAILING, _ASIDE = "open/", "failing/", "aside/"


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of one lake bucket."""

    s3: "S3Client"
    bucket: str
    retry_pause: timedelta = timedelta()  # for which `to_check` and `to_merge` leave a batch that failed
    lineage: LineageLog | None = None  # where their steps tell what they read and wrote

    def open(self, manifest: Manifest) -> None:
        """Begin a batch, or replace what an open one reads. Its messages may be deleted afterwards."""
        self._put(f"{_OPEN}{manifest.batch_id}", "")
        self._put(_key(manifest.batch_id, MANIFEST), manifest.to_json())

    def begun(self) -> list[str]:
        """The ids of all batches that are open, oldest first."""
        return self._ids_under(_OPEN)

    def aside(self) -> list[str]:
        """The ids of the batches that are set aside, in the order in which that happened."""
        return self._ids_under(_ASIDE)

    def to_check(self) -> Iterator[str]:
        """The ids of open batches that are not checked and do not rest, oldest first.

        A batch without a manifest is closed: its messages were never deleted, so they come again.
        """
        begun = self.begun()
        resting = self._resting(begun)
        for batch_id in begun:
            steps = self.steps(batch_id)
            if MANIFEST not in steps:
                self.close(batch_id)
            elif CHECKED not in steps and batch_id not in resting:
                yield batch_id

    def to_merge(self) -> list[str]:
        """The ids of open batches that are checked, oldest first; none while one of them rests.

        They are merged in their order, so none overtakes another.
        """
        checked = [batch_id for batch_id in self.begun() if CHECKED in self.steps(batch_id)]
        return [] if self._resting(checked) else checked

    def failing(self) -> list[str]:
        """The ids of the batches that failed and have not succeeded since."""
        return self._ids_under(_FAILING)

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
        """Give the batch all its attempts back: it has succeeded, or an operator retries it."""
        self._delete(f"{_FAILING}{batch_id}")

    def set_aside(self, batch_id: str, reason: str, at: datetime) -> None:
        """Write that the batch is set aside. `close` follows when the tables show this."""
        self._put(f"{_ASIDE}{batch_id}", SetAside(reason, at.isoformat()).to_json())

    def why_aside(self, batch_id: str) -> SetAside:
        """Why the batch is set aside, and since when."""
        return SetAside.from_json(self._get(f"{_ASIDE}{batch_id}"))

    def no_longer_aside(self, batch_id: str) -> None:
        """Remove the note that the batch is set aside."""
        self._delete(f"{_ASIDE}{batch_id}")

    def free_id(self, run_id: str) -> str:
        """This id, with a number appended if a batch of this id exists: the run may be a retry of another."""
        number, batch_id = 1, run_id
        while MANIFEST in self.steps(batch_id):
            number += 1
            batch_id = f"{run_id}-{number}"
        return batch_id

    def steps(self, batch_id: str) -> set[str]:
        """The names of the objects that the batch has: `MANIFEST`, `CHECKED`, `MERGED`."""
        prefix = _key(batch_id, "")
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", ())
        return {item["Key"].removeprefix(prefix) for item in found}

    def manifest(self, batch_id: str) -> Manifest:
        """What the batch reads."""
        return Manifest.from_json(self._get(_key(batch_id, MANIFEST)))

    def checked(self, batch_id: str) -> CheckedBatch:
        """What was counted when the batch was checked."""
        return CheckedBatch.from_json(self._get(_key(batch_id, CHECKED)))

    def mark_checked(self, checked: CheckedBatch) -> None:
        """Write that the batch is checked."""
        self._put(_key(checked.batch_id, CHECKED), checked.to_json())

    def mark_merged(self, merged: MergedBatch) -> None:
        """Write that the batch is merged, or that another batch has its files."""
        self._put(_key(merged.batch_id, MERGED), merged.to_json())

    def close(self, batch_id: str) -> None:
        """Remove the batch from those that are open."""
        self._delete(f"{_OPEN}{batch_id}")

    def merged_before(self, time: datetime) -> dict[str, datetime]:
        """The ids of batches that were merged before that time, each with its time."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="batches/")
        return {
            item["Key"].split("/")[1]: item["LastModified"]
            for page in pages
            for item in page.get("Contents", ())
            if item["Key"].endswith(f"/{MERGED}") and item["LastModified"] < time
        }

    def forget(self, batch_id: str) -> None:
        """Remove the objects of a merged batch; the one that says that it is merged goes last."""
        for step in (MANIFEST, CHECKED, MERGED):
            self._delete(_key(batch_id, step))

    def _resting(self, batch_ids: Sequence[str]) -> set[str]:
        """Those of the batches that failed less than `retry_pause` ago."""
        if not self.retry_pause or not batch_ids:
            return set()
        since = datetime.now(UTC) - self.retry_pause
        failing = set(self.failing()).intersection(batch_ids)
        return {batch_id for batch_id in failing if self.attempts(batch_id).has_failed_since(since)}

    def _ids_under(self, prefix: str) -> list[str]:
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

    def _delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)


def _key(batch_id: str, step: str) -> str:
    return f"batches/{batch_id}/{step}"
