"""The versions of objects in the RAW bucket, and the search for rows of erased keys in them.

The bucket keeps what was overwritten or deleted, so every version is searched, not only the newest: on
Spark's executors, a few at a time, on disk if they are large. So memory is bounded whatever the bucket
contains.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
from botocore.exceptions import ClientError
from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.erasure.failed_batches import STREAM_RETENTION, RecordsInStreamOnly
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.notes import AffectedVersion
from jobs.erasure.on_executors import Row, on_executors
from jobs.erasure.row_filter import FAILED_BATCH, filter_rows
from jobs.intake.doors import DOORS, EXPORT_SUMMARY, STREAM_FAILURES, door_of, export_folder
from jobs.reading.fetch import DOWNLOADS, IN_MEMORY
from jobs.reading.formats.rows import UnreadableFile
from jobs.runtime.failures import ENDINGS, in_one_line, is_retryable
from jobs.runtime.s3 import s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TASK_BYTES = 32 * 1024 * 1024
_WITHOUT_ROWS = (EXPORT_SUMMARY, "manifest-files.json", ".checksum", ".md5", "_started", "/")
_GONE = ("NoSuchKey", "NoSuchVersion", "404")
_VERSION = pa.schema({
    "key": pa.string(), "version_id": pa.string(), "etag": pa.string(), "size": pa.int64(),
    "is_latest": pa.bool_(), "form": pa.string(), "age": pa.int64(),
})  # fmt: skip
AFFECTED_VERSION = pa.schema({
    "key": pa.string(), "version_id": pa.string(), "etag": pa.string(), "is_latest": pa.bool_(),
    "form": pa.string(), "rows": pa.int64(), "erased": pa.int64(), "problem": pa.string(),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawVersion:
    """One version of an object; `form` is None if no door takes an object of this name."""

    key: str
    version_id: str
    etag: str
    size: int
    is_latest: bool
    form: str | None
    age: int  # seconds


@dataclass(frozen=True, slots=True)
class RawSearch:
    """The result of a search: how many versions, their rows, and the versions with rows of the keys."""

    versions: int
    rows: int
    affected: tuple[AffectedVersion, ...]


def list_versions(s3: "S3Client", bucket: str, contract: Contract) -> Iterator[RawVersion]:
    """All versions of objects that may hold rows of the dataset."""
    now = datetime.now(UTC)
    folders = (*(door.folder(contract.dataset) for door in DOORS.values()), export_folder(contract))
    for prefix in dict.fromkeys((*folders, STREAM_FAILURES)):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Versions", ()):
                if found["Size"] and not found["Key"].endswith(_WITHOUT_ROWS):
                    yield RawVersion(
                        found["Key"],
                        found["VersionId"],
                        found["ETag"].strip('"'),
                        found["Size"],
                        found["IsLatest"],
                        form_of(found["Key"]),
                        int((now - found["LastModified"]).total_seconds()),
                    )


def form_of(key: str) -> str | None:
    """How the object of this key is read; None if no door takes it."""
    if key.startswith(STREAM_FAILURES):
        return FAILED_BATCH
    door = door_of(key)
    return door.format_of(key) if door is not None else None


def search_versions(
    spark: SparkSession, bucket: str, versions: Iterable[RawVersion], keys: ErasedKeys
) -> RawSearch:
    """Read the versions, and return those that hold rows of the keys or cannot be searched."""
    listed = list(versions)
    searched = on_executors(
        spark,
        [asdict(version) for version in listed],
        _VERSION,
        partial(_search_row, bucket, keys),
        AFFECTED_VERSION,
        tasks=sum(version.size for version in listed) // TASK_BYTES,
        threads=DOWNLOADS,
    ).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        rows = (searched.agg(F.sum("rows")).first() or (0,))[0]
        affected = searched.where("erased > 0 OR problem IS NOT NULL").orderBy("key", "version_id").collect()
    finally:
        searched.unpersist()
    return RawSearch(len(listed), int(rows or 0), tuple(AffectedVersion(**row.asDict()) for row in affected))


def _search_row(bucket: str, keys: ErasedKeys, row: Row) -> Row:
    return asdict(search_version(bucket, RawVersion(**row), keys))


def search_version(bucket: str, version: RawVersion, keys: ErasedKeys) -> AffectedVersion:
    """Count a version's rows, and those of the keys among them.

    Whatever the content makes impossible is a `problem` of this version; a failure of AWS or of the machine
    is raised. A version that was deleted since it was listed has no rows.
    """
    rows, erased, problem = 0, 0, None
    try:
        if version.form is None:
            raise UnreadableFile("name: no door takes a file of this name")
        with open_version(bucket, version.key, version.version_id) as content:
            rows, erased = filter_rows(version.form, content, keys)
    except RecordsInStreamOnly as reason:
        problem = str(reason) if version.age < STREAM_RETENTION.total_seconds() else None
    except UnreadableFile as reason:
        problem = str(reason)
    except FileNotFoundError:
        pass
    except ENDINGS:
        raise
    except BaseException as error:
        if is_retryable(error):
            raise
        problem = in_one_line(error)  # whatever it is, it is about this version alone
    return AffectedVersion(
        version.key, version.version_id, version.etag, version.is_latest, version.form, rows, erased, problem
    )


def open_version(bucket: str, key: str, version_id: str) -> IO[bytes]:
    """The version's bytes as they are stored. Raises FileNotFoundError if it does not exist."""
    try:
        body: Any = s3_client().get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        raise FileNotFoundError(f"s3://{bucket}/{key}") from None
    content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- its user closes it
    with closing(body):
        shutil.copyfileobj(body, content)
    content.seek(0)
    return content
