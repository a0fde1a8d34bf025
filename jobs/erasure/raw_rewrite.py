"""Removes rows of erased keys from versions of objects in the RAW bucket.

The newest version of an object is replaced by one without the rows, and then deleted. A version that is not
the newest is deleted as a whole, since nothing can be put into its place; so is one that cannot be searched.
"""

import base64
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import IO, Any

import pyarrow as pa
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from expectations.problems import RetryableError
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.notes import AffectedVersion
from jobs.erasure.on_executors import Row, on_executors
from jobs.erasure.raw_versions import AFFECTED_VERSION, open_version
from jobs.erasure.row_filter import FAILED_BATCH, rewrite
from jobs.intake.first_events import FROM, MD5, ROWS, state_of
from jobs.reading.fetch import DOWNLOADS
from jobs.runtime.s3 import s3_client

_VERSIONS_PER_TASK = 4
_REPLACED = ("PreconditionFailed", "412", "ConditionalRequestConflict")


class ObjectReplaced(RetryableError):
    """Raised when an object was replaced while rows were removed from it; nothing was lost."""


def remove_from_versions(
    spark: SparkSession, bucket: str, affected: Sequence[AffectedVersion], keys: ErasedKeys
) -> None:
    """Remove the rows of the keys from the versions. Safe to repeat, also after a part of it.

    Raises ObjectReplaced, from a task, if an object was replaced meanwhile.
    """
    on_executors(
        spark,
        [asdict(version) for version in affected],
        AFFECTED_VERSION,
        partial(_remove_from_row, bucket, keys),
        pa.schema({"key": pa.string()}),
        tasks=len(affected) // _VERSIONS_PER_TASK,
        threads=DOWNLOADS,
    ).count()


def _remove_from_row(bucket: str, keys: ErasedKeys, row: Row) -> Row:
    remove_from_version(bucket, AffectedVersion(**row), keys)
    return {"key": row["key"]}


def remove_from_version(bucket: str, version: AffectedVersion, keys: ErasedKeys) -> None:
    """Replace the version if it is the newest and keeps something, else delete it. Safe to repeat.

    Raises ObjectReplaced if the object has another state by now.
    """
    is_emptied = version.form == FAILED_BATCH and version.rows == version.erased
    if version.is_latest and version.problem is None and not is_emptied:
        _replace(bucket, version, keys)
    else:
        _delete(bucket, version)


def _replace(bucket: str, version: AffectedVersion, keys: ErasedKeys) -> None:
    """Write the object without the rows, then delete the version. Repeated, it does what is left to do."""
    state = state_of(version.version_id, version.etag)
    head: Any = s3_client().head_object(Bucket=bucket, Key=version.key)
    metadata = head["Metadata"]
    if metadata.get(FROM) != state:
        if head["ETag"].strip('"') != version.etag:
            raise _replaced(bucket, version)
        with (
            open_version(bucket, version.key, version.version_id) as source,
            tempfile.TemporaryFile() as target,
        ):
            counts = rewrite(str(version.form), source, keys, target)
            rewritten = {FROM: state, MD5: _md5(target), ROWS: str(counts.rows - counts.erased)}
            headers = {name: head[name] for name in ("ContentType", "ContentEncoding") if name in head}
            _put(bucket, version, target, {**headers, "Metadata": {**metadata, **rewritten}})
    if version.version_id != "null":  # in a bucket without versions the old state is gone already
        s3_client().delete_object(Bucket=bucket, Key=version.key, VersionId=version.version_id)


def _put(bucket: str, version: AffectedVersion, content: IO[bytes], headers: Mapping[str, Any]) -> None:
    """Write the object if it still has the version's state."""
    try:
        s3_client().put_object(
            Bucket=bucket, Key=version.key, Body=content, IfMatch=f'"{version.etag}"', **headers
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REPLACED:
            raise
        raise _replaced(bucket, version) from error


def _delete(bucket: str, version: AffectedVersion) -> None:
    """Delete the version.

    If it is the newest, a delete marker comes first, so that no older version becomes the newest.
    """
    s3 = s3_client()
    if version.is_latest:
        listed = s3.list_object_versions(Bucket=bucket, Prefix=version.key).get("Versions", ())
        newest = [one["VersionId"] for one in listed if one["IsLatest"] and one["Key"] == version.key]
        if newest == [version.version_id]:
            s3.delete_object(Bucket=bucket, Key=version.key)
    if version.version_id != "null" or not version.is_latest:
        s3.delete_object(Bucket=bucket, Key=version.key, VersionId=version.version_id)


def _replaced(bucket: str, version: AffectedVersion) -> ObjectReplaced:
    return ObjectReplaced(
        f"s3://{bucket}/{version.key} was replaced while rows were removed from it; run this again, so that "
        "its new content is searched too"
    )


def _md5(content: IO[bytes]) -> str:
    """The MD5 (base64) of a file, which is at its start again afterwards."""
    digest = hashlib.file_digest(content, partial(hashlib.md5, usedforsecurity=False))  # type: ignore[arg-type]
    content.seek(0)
    return base64.b64encode(digest.digest()).decode()
