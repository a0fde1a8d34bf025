"""Replaces an announced export by its data files, as files of a batch, once all of the export is there.

While a part is missing (a checksum, a data file that is still being copied), the message that announced the
export stays in the queue. After `PATIENCE` the export is quarantined, with a reason that names what is
missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from expectations.problems import RetryableError
from jobs.intake.doors import EXPORT_SUMMARY, JSON_LINES_GZ
from jobs.intake.export_manifest import CHECKSUMS, UnreadableExport, check, read_files, read_summary
from jobs.intake.manifest import Manifest, ManifestFile, Refused, read_message
from jobs.reading.fetch import unreadable
from jobs.runtime.failures import ENDINGS, in_one_line, is_retryable
from jobs.runtime.log import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PATIENCE = timedelta(hours=24)
SOONEST, LATEST = 60, 900  # seconds until an incomplete export is looked at again
_REQUESTS = 16  # at the same time
NO_TABLES: Mapping[str, Sequence[str]] = MappingProxyType({})


class IncompleteExport(RetryableError):
    """Raised when a part of an export is not there yet; the message says which."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A manifest with data files in place of complete exports, and the exports that are incomplete."""

    manifest: Manifest
    waiting: frozenset[tuple[str, str]]  # bucket and key

    def waits(self, body: str, now: datetime) -> int | None:
        """How many seconds to hide the message of an incomplete export; None if its message is done with.

        The time grows with the age of the export: few requests ask for it, and its message is not counted as
        backlog.
        """
        if not self.waiting:
            return None
        item = read_message(body, {key.split("/")[1] for _, key in self.waiting})
        if not isinstance(item, ManifestFile) or (item.bucket, item.key) not in self.waiting:
            return None
        return max(SOONEST, min(int(_age(item, now).total_seconds()), LATEST))


def open_exports(
    s3: "S3Client", manifest: Manifest, now: datetime, folders: Mapping[str, Sequence[str]] = NO_TABLES
) -> Opened:
    """Replace the exports of the manifest by their data files, and refuse those that can't be read.

    A file is read once for each dataset that has rows in its folder (`jobs.intake.doors`).
    """
    files: list[ManifestFile] = []
    refused: list[Refused] = []
    waiting: set[tuple[str, str]] = set()
    for file in manifest.files:
        if file.format != EXPORT_SUMMARY:
            files.append(file)
            continue
        try:
            found = open_export(s3, file)
            datasets = folders.get(file.dataset, (file.dataset,))
            files += [replace(one, dataset=dataset) for dataset in datasets for one in found]
        except UnreadableExport as problem:
            refused.append(Refused(file.source_file, str(problem), ""))
        except ENDINGS:
            raise
        except BaseException as error:  # noqa: BLE001 -- any error ends this export alone
            missing = _why_incomplete(error)
            if missing is None:
                reason = str(unreadable(error, file))
                refused.append(Refused(file.source_file, reason, ""))
            elif _age(file, now) < PATIENCE:
                log("intake: an export is waited for", source_file=file.source_file, problem=missing)
                waiting.add((file.bucket, file.key))
            else:
                refused.append(Refused(file.source_file, f"incomplete: {missing}", ""))
    opened = replace(manifest, files=tuple(files), refused=(*manifest.refused, *refused))
    return Opened(opened, frozenset(waiting))


def _why_incomplete(error: BaseException) -> str | None:
    """What is missing, or how AWS failed; None if the export does not become complete by waiting."""
    if isinstance(error, IncompleteExport):
        return str(error)
    return in_one_line(error) if is_retryable(error) else None


def open_export(s3: "S3Client", export: ManifestFile) -> list[ManifestFile]:
    """The data files of the export with this summary. Raises UnreadableExport or IncompleteExport."""
    summary = read_summary(export.key, _checked(s3, export.bucket, export.key))
    names = read_files(summary, _checked(s3, export.bucket, summary.manifest_key))
    with ThreadPoolExecutor(_REQUESTS) as pool:
        found = list(pool.map(lambda file: _state(s3, export.bucket, file.key), names))
    if missing := [file.key for file, state in zip(names, found, strict=True) if state is None]:
        raise IncompleteExport(
            f"expected {len(names)} data files, got all but {len(missing)}: {', '.join(missing[:5])}"
            f"{', …' if len(missing) > 5 else ''}; copy them to these names, and put {export.key} again"
        )
    return [
        ManifestFile(
            export.bucket, file.key, *state, summary.time,
            export.dataset, export.door, JSON_LINES_GZ, file.md5, file.items,
        )
        for file, state in zip(names, found, strict=True)
        if state is not None
    ]  # fmt: skip


def _checked(s3: "S3Client", bucket: str, key: str) -> bytes:
    content = _get(s3, bucket, key)
    name = key.removesuffix(".json")
    expected = next(_present(s3, bucket, name), None)
    if content is None or expected is None:
        missing = key if content is None else f"{name}.checksum or .md5"
        raise IncompleteExport(f"expected {missing}, got no such object; copy it there, and put {key} again")
    check(key, content, expected)
    return content


def _present(s3: "S3Client", bucket: str, name: str) -> Iterator[bytes]:
    for suffix in CHECKSUMS:
        content = _get(s3, bucket, name + suffix)
        if content is not None:
            yield content


def _age(file: ManifestFile, now: datetime) -> timedelta:
    return now - datetime.fromisoformat(file.event_time).astimezone(UTC)


def _get(s3: "S3Client", bucket: str, key: str) -> bytes | None:
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None


def _state(s3: "S3Client", bucket: str, key: str) -> tuple[str, str | None, int] | None:
    """Etag, version and size of an object; None if there is none."""
    from botocore.exceptions import ClientError

    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            return None
        raise
    return head["ETag"].strip('"'), head.get("VersionId"), head["ContentLength"]
