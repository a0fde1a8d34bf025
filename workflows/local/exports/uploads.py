"""How an export's files get into their bucket: ordinary requests to S3, each of which sends its event."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workflows.local.exports.service import UploadRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.local.exports.requests import Plan

_FAILURE_CODES = {
    "NoSuchBucket": "S3NoSuchBucket",
    "AccessDenied": "S3AccessDenied",
    "KMS.NotFoundException": "KmsNotFoundException",
}


class S3Uploads:
    """Puts objects into the bucket of a plan, encrypted as the plan says."""

    def __init__(self, s3: Any, plan: Plan) -> None:
        self._s3 = s3
        self._bucket = plan.bucket
        encryption = {
            "ServerSideEncryption": "aws:kms" if plan.sse_algorithm == "KMS" else plan.sse_algorithm,
            "SSEKMSKeyId": plan.sse_key,
        }
        self._encryption = {name: value for name, value in encryption.items() if value is not None}

    def put(self, key: str, body: bytes) -> None:
        """Put an object."""
        with _refusals():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, **self._encryption)

    def put_in_parts(self, key: str, body: bytes) -> str:
        """Put an object by a multipart upload of one part; its etag."""
        place = {"Bucket": self._bucket, "Key": key}
        with _refusals():
            upload = self._s3.create_multipart_upload(**place, **self._encryption)["UploadId"]
            part = self._s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=body)
            parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
            done = self._s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
        return str(done["ETag"]).strip('"')


@contextmanager
def _refusals() -> Iterator[None]:
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise UploadRefused(_FAILURE_CODES.get(code, code), str(error)) from error
