"""`glueline replay`: announces files again, as S3 announced them, so that they are read again.

Safe to repeat for any files: rows that were accepted keep their position and change nothing; rows that were
rejected are checked against the current contract.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from expectations.problems import GluelineError
from jobs.intake.batches import Batches
from jobs.intake.doors import EXPORT
from jobs.intake.manifest import ManifestFile, read_message
from workflows.operations.export_summaries import summaries_of
from workflows.progress.announcements import announce
from workflows.progress.waiting import open_batches, receipts, wait
from workflows.query.literals import instant, text
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    from jobs.intake.manifest import Manifest
    from workflows.progress.waiting import Pending
    from workflows.stack.target import Target

_AT_ONCE: Final = 16
_NO_SUMMARY: Final = "no summary of an export lists it any more; request the export again"
_NOT_FOUND: Final = ("NoSuchKey", "NoSuchVersion", "404", "405", "MethodNotAllowed")  # 405: a delete marker


class ReplayError(GluelineError):
    """Raised when a replay can't be done; the message says what exists instead, or what to do."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which quarantined rows: of a dataset, with a text in their reasons, quarantined since a time."""

    dataset: str | None = None
    reason: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LostFile:
    """A file that can't be announced again, and why."""

    source_file: str
    batch_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What is to be read again: `files`.

    `rows` is the number of selected rows in quarantine, None for a batch.
    """

    batches: tuple[str, ...]
    files: tuple[ManifestFile, ...]
    lost: tuple[LostFile, ...]
    rows: int | None = None
    summaries: tuple[ManifestFile, ...] = ()  # of the exports that have some of the files

    @property
    def announced(self) -> list[ManifestFile]:
        """The objects to announce: the files, or the summaries of exports in place of their data files."""
        return [*(file for file in self.files if file.door != EXPORT.name), *self.summaries]

    @property
    def source_files(self) -> frozenset[str]:
        return frozenset(file.source_file for file in self.files)


def of_batch(target: Target, batch_id: str, datasets: Collection[str]) -> Replay:
    """All files that a batch has read. Raises ReplayError if there is no such batch."""
    manifest = _manifest(target, batch_id)
    if manifest is None:
        raise ReplayError(
            f"There is no batch {batch_id}, or its manifest is gone. {target.output('OpsDatabase')}.batches "
            "lists which batch read which file: batch_id, source_file, checked_at."
        )
    return _replay(target, [(manifest, None)], datasets)


def of_quarantine(target: Target, selection: Selection, datasets: Collection[str]) -> Replay:
    """The files that contained the selected rows of quarantine, each state of a file once."""
    found = rows(query(target, quarantine_sql(selection, target.output("OpsDatabase"))))
    wanted: dict[str, set[str]] = {}
    for row in found:
        wanted.setdefault(row["batch_id"], set()).add(row["source_file"])
    manifests = {batch_id: _manifest(target, batch_id) for batch_id in wanted}
    lost = [
        LostFile(source_file, batch_id, "the manifest of its batch is gone; drop the file again")
        for batch_id, manifest in manifests.items()
        if manifest is None
        for source_file in sorted(wanted[batch_id])
    ]
    chosen = [(manifest, wanted[batch_id]) for batch_id, manifest in manifests.items() if manifest]
    return _replay(target, chosen, datasets, lost, sum(int(row["quarantined"]) for row in found))


def quarantine_sql(selection: Selection, database: str) -> str:
    """A SELECT of the selected rows of quarantine, counted by batch and file.

    A message that no door accepted has no dataset; its source file is the key of its object, which may
    contain a dataset.
    """
    conditions = ["true"]
    if selection.dataset is not None:
        name = text(selection.dataset)
        conditions.append(
            f"(dataset = {name} or (dataset is null and split_part(source_file, '/', 2) = {name}))"
        )
    if selection.reason is not None:
        reasons = "lower(array_join(reasons, '; '))"
        conditions.append(f"strpos({reasons}, {text(selection.reason.lower())}) > 0")
    if selection.since is not None:
        conditions.append(f"quarantined_at >= {instant(selection.since)}")
    return (
        f"select batch_id, source_file, count(*) as quarantined from {database}.quarantine "  # noqa: S608 -- values are quoted
        f"where {' and '.join(conditions)} group by 1, 2 order by 1, 2"
    )


def read_again(
    target: Target, replay: Replay, report: Callable[[Pending], None] | None = None
) -> dict[str, int] | None:
    """Announce the files. With `report`, also wait until they are merged; the counts of rows then read."""
    if report is None or not replay.files:
        announce(target, replay.announced)
        return None
    before = batches_so_far(target, replay)
    announce(target, replay.announced)
    wait(target, replay.source_files, report, until_quiet=False, before=before)
    return counts_since(target, replay, before)


def batches_so_far(target: Target, replay: Replay) -> frozenset[str]:
    """The batches that have read the files, or may still read them, before they are announced again."""
    read = {receipt["batch_id"] for receipt in receipts(target, replay.source_files)}
    return frozenset(read | open_batches(target))


def counts_since(target: Target, replay: Replay, before: Collection[str]) -> dict[str, int]:
    """The counts of rows read, accepted and quarantined of the files, in batches other than `before`."""
    new = [receipt for receipt in receipts(target, replay.source_files) if receipt["batch_id"] not in before]
    names = ("rows_read", "accepted", "quarantined")
    return {name: sum(int(receipt[name]) for receipt in new) for name in names}


def _replay(
    target: Target,
    chosen: Iterable[tuple[Manifest, Collection[str] | None]],
    datasets: Collection[str],
    lost: Iterable[LostFile] = (),
    quarantined: int | None = None,
) -> Replay:
    """The files of the manifests (all, or those named), each state once, without those that are gone."""
    files: dict[tuple[str, str, str], tuple[str, ManifestFile]] = {}
    batches, losses = [], list(lost)
    for manifest, names in chosen:
        batches.append(manifest.batch_id)
        for item in _items(manifest, names, datasets):
            if isinstance(item, LostFile):
                losses.append(item)
            else:
                files[item.bucket, item.key, item.version_id or item.etag] = manifest.batch_id, item
    s3 = target.client("s3")
    exported = [file for _, file in files.values() if file.door == EXPORT.name]
    summaries = summaries_of(s3, exported)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        problems = pool.map(partial(_problem, s3), (file for _, file in files.values()))
        existing = []
        for (batch_id, file), problem in zip(files.values(), problems, strict=True):
            if file.door == EXPORT.name and file.key not in summaries:
                losses.append(LostFile(file.source_file, batch_id, _NO_SUMMARY))
            elif problem is None:
                existing.append(file)
            else:
                losses.append(LostFile(file.source_file, batch_id, problem))
    whole = {one.key: one for file in existing if (one := summaries.get(file.key))}
    return Replay(tuple(batches), tuple(existing), tuple(losses), quarantined, tuple(whole.values()))


def _items(
    manifest: Manifest, names: Collection[str] | None, datasets: Collection[str]
) -> Iterator[ManifestFile | LostFile]:
    """The files of a manifest, including those that no door accepted then and one accepts now."""
    for file in manifest.files:
        if names is None or file.source_file in names:
            yield file
    for refused in manifest.refused:
        if names is None or refused.key in names:
            item = read_message(refused.payload, datasets)
            if isinstance(item, ManifestFile):
                yield item
            elif item is not None:
                yield LostFile(item.key, manifest.batch_id, f"no door accepts it: {item.reason}")


def _problem(s3: Any, file: ManifestFile) -> str | None:
    """Why the announced state of the object can't be read any more; None if it can."""
    version = {"VersionId": file.version_id} if file.version_id else {}
    try:
        found = s3.head_object(Bucket=file.bucket, Key=file.key, **version)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_FOUND:
            raise
        return "the object is gone; put it there again"
    if not file.version_id and found["ETag"].strip('"') != file.etag:
        return "the object was replaced; its new content was announced separately"
    return None


def _manifest(target: Target, batch_id: str) -> Manifest | None:
    try:
        return Batches(target.client("s3"), target.output("LakeBucket")).manifest(batch_id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_FOUND:
            raise
        return None
