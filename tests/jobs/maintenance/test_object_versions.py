"""Listing and deleting versions of objects."""

from typing import TYPE_CHECKING, Any

import pytest

from jobs.maintenance.object_versions import (
    ObjectsNotDeleted,
    ObjectVersion,
    delete_versions,
    list_objects,
    versions_of,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def versioned(s3: "S3Client") -> "S3Client":
    s3.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    for key, body in (("a", "old"), ("a", "new"), ("ab", "old")):
        s3.put_object(Bucket="raw", Key=key, Body=body.encode())
    return s3


def test_versions_are_those_of_exactly_this_object(versioned: "S3Client") -> None:
    etag = versioned.head_object(Bucket="raw", Key="a")["ETag"].strip('"')

    assert len(list(versions_of(versioned, "raw", "a"))) == 2
    assert len(list(versions_of(versioned, "raw", "a", etag))) == 1


def test_versions_are_deleted_and_can_be_deleted_again(versioned: "S3Client") -> None:
    versions = list(versions_of(versioned, "raw", "a"))

    assert delete_versions(versioned, versions) == 2
    assert delete_versions(versioned, versions) == 2
    assert [item["Key"] for item in list_objects(versioned, "raw", "")] == ["ab"]


def test_an_object_without_a_version_is_deleted_as_it_is(s3: "S3Client") -> None:
    s3.put_object(Bucket="lake", Key="a", Body=b"")

    assert delete_versions(s3, [ObjectVersion("lake", "a")]) == 1
    assert list(list_objects(s3, "lake", "")) == []


def test_what_s3_refuses_is_an_error() -> None:
    class Refusing:
        def delete_objects(self, **_: Any) -> Any:
            return {"Errors": [{"Key": "a", "Code": "AccessDenied"}]}

    with pytest.raises(ObjectsNotDeleted, match=r"delete 1 objects of raw, S3 refused: .*AccessDenied"):
        delete_versions(Refusing(), [ObjectVersion("raw", "a")])  # type: ignore[arg-type]
