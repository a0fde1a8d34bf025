"""Errors of exports, with what to do about them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

# By the error code of a refused request or of a failed export.
ADVICE: Final = {
    "AccessDeniedException": "An export is requested and written with your permissions: "
    "dynamodb:ExportTableToPointInTime on the table, s3:PutObject and s3:AbortMultipartUpload on exports/ of "
    "the RAW bucket, kms:GenerateDataKey and kms:Decrypt on its key.",
    "InvalidExportTimeException": "Compare this machine's clock with the real time, or omit --to.",
    "KmsNotFoundException": "The key of the RAW bucket is gone or disabled: enable it and run this again.",
    "LimitExceededException": "Wait until the active exports have ended (aws dynamodb list-exports).",
    "PointInTimeRecoveryUnavailableException": "The template switches it on: deploy the stack again.",
    "S3AccessDenied": "You need s3:PutObject and s3:AbortMultipartUpload on exports/ of the RAW bucket.",
    "S3NoSuchBucket": "The RAW bucket is gone: deploy the stack again.",
}


class ExportError(GluelineError):
    """Raised when an export is not possible; the message says why and what to do instead."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn a refusal of DynamoDB into an ExportError, if there is advice for it."""
    try:
        yield
    except ClientError as error:
        advice = ADVICE.get(error.response["Error"]["Code"])
        if advice is None:
            raise
        raise ExportError(f"{error}. {advice}") from error
