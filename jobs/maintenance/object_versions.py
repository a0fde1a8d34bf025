"""Lists and deletes objects of S3, by version where a bucket keeps versions.

boto3 rather than `pyarrow.fs`, which neither lists nor deletes versions of objects.
"""

from collections.abc import Collection, Iterator
from itertools import batched
from typing import TYPE_CHECKING, Any, NamedTuple

from expectations.problems import RetryableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PER_CALL = 1000  # the most that DeleteObjects takes


class ObjectsNotDeleted(RetryableError):
    """Raised when S3 refuses to delete objects; the next run deletes them."""


class ObjectVersion(NamedTuple):
    """One version of an object; without an id, the object as it is."""

    bucket: str
    key: str
    version_id: str | None = None


def list_objects(s3: "S3Client", bucket: str, prefix: str) -> Iterator[Any]:
    """The objects with the prefix, as ListObjectsV2 returns them."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def list_versions(s3: "S3Client", bucket: str, prefix: str) -> Iterator[Any]:
    """The versions of objects with the prefix, as ListObjectVersions returns them; no delete markers."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Versions", ())


def versions_of(s3: "S3Client", bucket: str, key: str, etag: str | None = None) -> Iterator[ObjectVersion]:
    """The versions of one object; with an ETag, those with that content."""
    for version in list_versions(s3, bucket, key):
        if version["Key"] == key and etag in (None, version["ETag"].strip('"')):
            yield ObjectVersion(bucket, key, version["VersionId"])


def delete_versions(s3: "S3Client", versions: Collection[ObjectVersion]) -> int:
    """Delete versions; returns their number, in which those that are gone already are counted.

    Raises ObjectsNotDeleted.
    """
    by_bucket: dict[str, list[Any]] = {}
    for bucket, key, version_id in versions:
        entry = {"Key": key} if version_id is None else {"Key": key, "VersionId": version_id}
        by_bucket.setdefault(bucket, []).append(entry)
    for bucket, entries in by_bucket.items():
        for some in batched(entries, _PER_CALL, strict=False):
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": list(some), "Quiet": True})
            if problems := answer.get("Errors"):
                raise ObjectsNotDeleted(
                    f"expected to delete {len(some)} objects of {bucket}, S3 refused: {problems[:3]}"
                )
    return len(versions)
