"""Uploads of export files to S3: objects, etags, encryption and the failure codes of exports."""

import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from workflows.local.exports.requests import ExportPlan
from workflows.local.exports.service import UploadRefused
from workflows.local.exports.table_history import Table
from workflows.local.exports.uploads import S3Uploads

TABLE = Table("arn", "id", "t", ("_key",), {}, [], has_both_images=True)
BUCKET = "uploads-of-exports"


@pytest.fixture
def s3(aws: str) -> Iterator[Any]:
    client = boto3.client("s3", endpoint_url=aws)
    client.create_bucket(Bucket=BUCKET)
    yield client
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)


def test_a_file_is_stored_with_the_encryption_of_the_plan(s3: Any) -> None:
    S3Uploads(s3, ExportPlan(TABLE, BUCKET, None, "KMS", "a-key")).put("_started", b"x")

    stored = s3.get_object(Bucket=BUCKET, Key="_started")
    assert stored["Body"].read() == b"x"
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", "a-key")


def test_a_data_file_has_the_etag_of_a_multipart_upload_of_one_part(s3: Any) -> None:
    etag = S3Uploads(s3, ExportPlan(TABLE, BUCKET, None, "AES256", None)).put_in_parts("data", b"body")

    part = hashlib.md5(b"body").digest()  # noqa: S324 -- what S3 calls an ETag
    assert etag == f"{hashlib.md5(part).hexdigest()}-1"  # noqa: S324 -- what S3 calls an ETag
    assert s3.get_object(Bucket=BUCKET, Key="data")["Body"].read() == b"body"


def test_a_refused_upload_has_the_failure_code_of_dynamodb(s3: Any) -> None:
    uploads = S3Uploads(s3, ExportPlan(TABLE, "no-such-bucket", None, "AES256", None))

    with pytest.raises(UploadRefused) as refused:
        uploads.put("_started", b"")
    assert refused.value.code == "S3NoSuchBucket"
