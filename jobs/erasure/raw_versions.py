"""The versions of objects in the RAW bucket that may hold rows of a dataset, and the taking out of rows.

The bucket keeps what was overwritten or deleted, so every version is looked at, not only the objects: on
Spark's executors, a few at a time, on disk if they are large. So memory is bounded whatever lies there.
"""

import base64
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import batched
from typing import IO, TYPE_CHECKING, Any, Self

from jobs.erasure.failed_batches import InStreamAlone
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.row_filter import FAILURE, filter_rows, rewrite
from jobs.intake.doors import DOORS, EXPORT_SUMMARY, STREAM_FAILURES, door_of
from jobs.intake.first_events import FROM, MD5, ROWS, state_of
from jobs.reading.fetch import DOWNLOADS, IN_MEMORY
from jobs.reading.formats.rows import UnreadableFile
from jobs.runtime.failures import ENDINGS, in_words, is_passing

if TYPE_CHECKING:
    import pyarrow as pa
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import DataFrame, SparkSession

STREAM_KEEPS = timedelta(hours=24)
_NO_ROWS = (EXPORT_SUMMARY, "manifest-files.json", ".checksum", ".md5", "_started", "/")
_TASK_BYTES = 32 * 1024 * 1024
_VERSION = "key string, version_id string, etag string, size long, is_latest boolean, form string, age long"
_LOOKED = """key string, version_id string, etag string, is_latest boolean, form string, rows long,
    erased long, problem string"""
_GONE = ("NoSuchKey", "NoSuchVersion", "404")


class ChangedMeanwhile(Exception):
    """Raised when an object got another state while rows were taken out of it; nothing of that is lost."""


@dataclass(frozen=True, slots=True)
class RawVersion:
    """One version of an object; `form` is None if no door takes a file of this name."""

    key: str
    version_id: str
    etag: str
    size: int
    is_latest: bool
    form: str | None
    age: int  # seconds


@dataclass(frozen=True, slots=True)
class Held:
    """A version with rows to be erased, or with a problem: why that can't be told."""

    key: str
    version_id: str
    etag: str
    is_latest: bool
    form: str | None
    rows: int
    erased: int
    problem: str | None

    @property
    def folder(self) -> str:
        """The folder that it lies in."""
        return self.key.partition("/")[0]

    @property
    def carries_rows(self) -> bool:
        """Whether it came by a door of rows, which the time of its event orders."""
        door = door_of(self.key)
        return door is not None and door.carries == "rows"

    @property
    def state(self) -> str:
        """What tells the version from others."""
        return state_of(self.version_id, self.etag)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What `asdict` made of one."""
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking through the bucket came to."""

    versions: int
    rows: int
    held: tuple[Held, ...]


def list_versions(s3: "S3Client", bucket: str, dataset: str) -> Iterator[RawVersion]:
    """All versions of objects that may hold rows of the dataset."""
    now = datetime.now(UTC)
    for prefix in (*(door.folder(dataset) for door in DOORS.values()), STREAM_FAILURES):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Versions", ()):
                if found["Size"] and not found["Key"].endswith(_NO_ROWS):
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
        return FAILURE
    door = door_of(key)
    return door.format_of(key) if door is not None else None


def look(spark: "SparkSession", bucket: str, versions: Iterable[RawVersion], keys: ErasedKeys) -> Looked:
    """Read the versions, and say which of them hold rows of the keys."""
    from pyspark import StorageLevel
    from pyspark.sql import functions as F

    listed = list(versions)
    looked = _distributed(spark, listed, _VERSION, sum(version.size for version in listed)).mapInArrow(
        partial(_each, partial(_look, bucket, keys), _LOOKED), _LOOKED
    )
    looked = looked.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        rows = (looked.agg(F.sum("rows")).first() or (0,))[0]
        held = looked.where("erased > 0 OR problem IS NOT NULL").orderBy("key", "version_id").collect()
    finally:
        looked.unpersist()
    return Looked(len(listed), int(rows or 0), tuple(Held(**row.asDict()) for row in held))


def take_out(spark: "SparkSession", bucket: str, held: Sequence[Held], keys: ErasedKeys) -> None:
    """Put objects without the rows in the place of the newest versions that hold some, and delete these.

    Versions that are not the newest are deleted as they are, as are those with a problem. Safe to repeat,
    also in parts.
    """
    size = len(held) * _TASK_BYTES // 4  # a few to a task
    act = partial(_take_out, bucket, keys)
    _distributed(spark, held, _LOOKED, size).mapInArrow(partial(_each, act, "done int"), "done int").count()


def _distributed(spark: "SparkSession", items: Sequence[Any], schema: str, size: int) -> "DataFrame":
    import pyarrow as pa

    listed = pa.Table.from_pylist([asdict(item) for item in items], _arrow_schema(schema))
    tasks = max(spark.sparkContext.defaultParallelism, size // _TASK_BYTES)
    return spark.createDataFrame(listed).repartition(max(1, min(tasks, len(items))))


def _arrow_schema(columns: str) -> "pa.Schema":
    import pyarrow as pa

    types = {"string": pa.string(), "long": pa.int64(), "int": pa.int32(), "boolean": pa.bool_()}
    return pa.schema([(name, types[kind]) for name, kind in (part.split() for part in columns.split(","))])


def _each(
    act: Callable[[dict[str, Any]], tuple[Any, ...]], schema: str, batches: "Iterable[pa.RecordBatch]"
) -> "Iterator[pa.RecordBatch]":
    """What one Spark task does: acts on its rows, a few at a time."""
    import pyarrow as pa

    columns = _arrow_schema(schema)
    with ThreadPoolExecutor(DOWNLOADS) as pool:
        for batch in batches:
            for some in batched(batch.to_pylist(), DOWNLOADS * 16, strict=False):
                values = zip(*pool.map(act, some), strict=True)
                arrays = [pa.array(of, column.type) for of, column in zip(values, columns, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=columns)


def _look(bucket: str, keys: ErasedKeys, row: dict[str, Any]) -> tuple[Any, ...]:
    version = RawVersion(**row)
    rows, erased, problem = 0, 0, None
    try:
        if version.form is None:
            raise UnreadableFile("name: no door takes a file of this name")
        with _fetch(bucket, version.key, version.version_id) as content:
            rows, erased = filter_rows(version.form, content, keys)
    except InStreamAlone as reason:
        problem = str(reason) if version.age < STREAM_KEEPS.total_seconds() else None
    except UnreadableFile as reason:
        problem = str(reason)
    except FileNotFoundError:  # deleted since it was listed
        pass
    except ENDINGS:
        raise
    except BaseException as error:
        if is_passing(error):
            raise
        problem = in_words(error)  # whatever it is, it is about this version alone
    return (
        version.key, version.version_id, version.etag, version.is_latest, version.form, rows, erased, problem
    )  # fmt: skip


def _take_out(bucket: str, keys: ErasedKeys, row: dict[str, Any]) -> tuple[int]:
    held = Held(**row)
    if held.is_latest and held.problem is None and not (held.form == FAILURE and held.rows == held.erased):
        _replace(bucket, held, keys)
    else:
        _delete(bucket, held)
    return (1,)


def _replace(bucket: str, held: Held, keys: ErasedKeys) -> None:
    """Put the rewritten object over the version, then delete that. Done again, it finds what is done."""
    head: Any = _s3().head_object(Bucket=bucket, Key=held.key)
    before = head["Metadata"]
    if before.get(FROM) == held.state:
        if held.version_id != "null":
            _s3().delete_object(Bucket=bucket, Key=held.key, VersionId=held.version_id)
        return
    if head["ETag"].strip('"') != held.etag:
        raise _changed(bucket, held)
    with _fetch(bucket, held.key, held.version_id) as source, tempfile.TemporaryFile() as target:
        counts = rewrite(str(held.form), source, keys, target)
        told = {
            **before,
            FROM: held.state,
            MD5: _md5(target),
            ROWS: str(counts.rows - counts.erased),
        }
        kept = {name: head[name] for name in ("ContentType", "ContentEncoding") if name in head}
        _put(bucket, held, target, {"Metadata": told, **kept})
    if held.version_id != "null":  # in a bucket without versions the old state is gone already
        _s3().delete_object(Bucket=bucket, Key=held.key, VersionId=held.version_id)


def _put(bucket: str, held: Held, content: IO[bytes], told: Mapping[str, Any]) -> None:
    """Put the object unless it has another state by now."""
    from botocore.exceptions import ClientError

    try:
        _s3().put_object(Bucket=bucket, Key=held.key, Body=content, IfMatch=f'"{held.etag}"', **told)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
            raise
        raise _changed(bucket, held) from error


def _delete(bucket: str, held: Held) -> None:
    """Delete the version; the newest gets a mark of deletion first, or an older one would be the newest."""
    if held.is_latest:
        found = _s3().list_object_versions(Bucket=bucket, Prefix=held.key).get("Versions", ())
        newest = [one["VersionId"] for one in found if one["IsLatest"] and one["Key"] == held.key]
        if newest == [held.version_id]:
            _s3().delete_object(Bucket=bucket, Key=held.key)
    if held.version_id != "null" or not held.is_latest:
        _s3().delete_object(Bucket=bucket, Key=held.key, VersionId=held.version_id)


def _changed(bucket: str, held: Held) -> ChangedMeanwhile:
    return ChangedMeanwhile(
        f"s3://{bucket}/{held.key} was replaced while rows were taken out of it; run this again, so that its "
        "new state is looked at too"
    )


def _fetch(bucket: str, key: str, version_id: str) -> IO[bytes]:
    """The version's bytes as they lie there. FileNotFoundError if it is gone."""
    from botocore.exceptions import ClientError

    try:
        body: Any = _s3().get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        raise FileNotFoundError(f"s3://{bucket}/{key}") from None
    content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- its user closes it
    with closing(body):
        shutil.copyfileobj(body, content)
    content.seek(0)
    return content


def _md5(content: IO[bytes]) -> str:
    digest = hashlib.file_digest(content, partial(hashlib.md5, usedforsecurity=False))  # type: ignore[arg-type]
    content.seek(0)
    return base64.b64encode(digest.digest()).decode()


@cache
def _s3() -> "S3Client":
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "max_attempts": 6}
    return boto3.client("s3", config=Config(max_pool_connections=DOWNLOADS, retries=retries))
