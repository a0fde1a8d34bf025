"""What keeps an export from being had, with what to do about it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

# By the code of a refused request, or of an export that failed.
ADVICE: Final = {
    "AccessDeniedException": "An export is asked for and written with your rights: "
    "dynamodb:ExportTableToPointInTime on the table, s3:PutObject and s3:AbortMultipartUpload on exports/ of "
    "the RAW bucket, kms:GenerateDataKey and kms:Decrypt on its key.",
    "InvalidExportTimeException": "Compare this machine's clock with the real time, or leave --to out.",
    "KmsNotFoundException": "The key of the RAW bucket is gone or disabled: repair it and run this again.",
    "LimitExceededException": "Wait until those in flight have ended (aws dynamodb list-exports).",
    "PointInTimeRecoveryUnavailableException": "The template switches it on: deploy the stack again.",
    "S3AccessDenied": "You need s3:PutObject and s3:AbortMultipartUpload on exports/ of the RAW bucket.",
    "S3NoSuchBucket": "The RAW bucket is gone: deploy the stack again.",
}


class ExportError(GluelineError):
    """Raised when an export can't be had; the message says why and what to do instead."""


@contextmanager
def explained() -> Iterator[None]:
    """What DynamoDB refuses, as an ExportError if there is advice for it."""
    try:
        yield
    except ClientError as error:
        advice = ADVICE.get(error.response["Error"]["Code"])
        if advice is None:
            raise
        raise ExportError(f"{error}. {advice}") from error
