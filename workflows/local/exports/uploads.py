"""Puts the files of an export into their bucket by ordinary requests to S3, each of which sends its event."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workflows.local.exports.requests import ExportPlan
from workflows.local.exports.service import UploadRefused

_FAILURE_CODES = {
    "NoSuchBucket": "S3NoSuchBucket",
    "AccessDenied": "S3AccessDenied",
    "KMS.NotFoundException": "KmsNotFoundException",
}


class S3Uploads:
    """Puts objects into the bucket of a plan, with the encryption of the plan."""

    def __init__(self, s3: Any, plan: ExportPlan) -> None:
        self._s3 = s3
        self._bucket = plan.bucket
        encryption = {
            "ServerSideEncryption": "aws:kms" if plan.sse_algorithm == "KMS" else plan.sse_algorithm,
            "SSEKMSKeyId": plan.sse_key,
        }
        self._encryption = {name: value for name, value in encryption.items() if value is not None}

    def put(self, key: str, body: bytes) -> None:
        """Put an object."""
        with _upload_errors():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, **self._encryption)

    def put_in_parts(self, key: str, body: bytes) -> str:
        """Put an object by a multipart upload of one part; its etag."""
        target = {"Bucket": self._bucket, "Key": key}
        with _upload_errors():
            upload = self._s3.create_multipart_upload(**target, **self._encryption)["UploadId"]
            part = self._s3.upload_part(**target, UploadId=upload, PartNumber=1, Body=body)
            parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
            done = self._s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload=parts)
        return str(done["ETag"]).strip('"')


@contextmanager
def _upload_errors() -> Iterator[None]:
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise UploadRefused(_FAILURE_CODES.get(code, code), str(error)) from error
