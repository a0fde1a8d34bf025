"""Validates requests of `ExportTableToPointInTime`: each becomes a plan, or a refusal with the code of AWS.

One rule is looser than on AWS: an incremental export may cover one second, where AWS requires fifteen
minutes, because a trial on one machine can't wait that long. Amazon Ion and FilterSpecification are refused,
because the local exporter does not write them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from workflows.local.exports.table_history import Table

type Request = Mapping[str, Any]

LEAST_WINDOW: Final = timedelta(seconds=1)  # AWS: 15 minutes
MOST_WINDOW: Final = timedelta(hours=24)
FULL, INCREMENTAL = "FULL_EXPORT", "INCREMENTAL_EXPORT"
VIEWS: Final = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
_BUCKET: Final = re.compile(r"[a-z0-9A-Z]+[.\-\w]*[a-z0-9A-Z]+")


class RequestRefused(Exception):
    """Raised for a request that DynamoDB refuses; `code` is the error name that AWS SDKs raise for it.

    It is an answer of the emulated API and never leaves the emulator, so it does not derive from
    GluelineError.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """A valid export. Times are seconds since the epoch, `end` is exclusive."""

    table: Table
    bucket: str
    prefix: str | None
    sse_algorithm: str
    sse_key: str | None
    at: float | None = None  # a full export of the past; None: of now
    window: tuple[float, float] | None = None  # an incremental export
    view: str = "NEW_AND_OLD_IMAGES"


def read_request(request: Request, table: Table, earliest: float | None, now: float) -> ExportPlan:
    """The plan of a request about that table; raises RequestRefused.

    `earliest` is the earliest time of the table's point-in-time recovery, None if it is off.
    """
    if earliest is None:
        raise RequestRefused(
            "PointInTimeRecoveryUnavailableException",
            f"Point in time recovery is not enabled for table '{table.name}'",
        )
    export_type = _one_of(request, "ExportType", (FULL, INCREMENTAL), FULL)
    _check_format(request)
    algorithm, key = _encryption(request)
    plan = ExportPlan(table, _bucket(request), request.get("S3Prefix"), algorithm, key)
    spec = request.get("IncrementalExportSpecification")
    if export_type == FULL and spec is not None:
        raise _invalid("Incremental Export Specification is only for an Export Type of INCREMENTAL_EXPORT")
    if export_type == FULL:
        return replace(plan, at=_export_time(request, table, earliest, now))
    if spec is None:
        raise _invalid("Incremental Export Specification expected when export type is Incremental Export")
    if request.get("ExportTime") is not None:
        raise _invalid("ExportTime is only for an Export Type of FULL_EXPORT")
    view = _one_of(spec, "ExportViewType", VIEWS, VIEWS[-1])
    return replace(plan, window=_window(spec, table, earliest, now), view=view)


def _export_time(request: Request, table: Table, earliest: float, now: float) -> float | None:
    at: float | None = request.get("ExportTime")
    if at is None:
        return None
    if not earliest <= at <= now:
        raise RequestRefused("InvalidExportTimeException", "Export Time is invalid")
    _check_stream(table)
    return at


def _window(spec: Request, table: Table, earliest: float, now: float) -> tuple[float, float]:
    if spec.get("ExportFromTime") is None:
        raise _invalid("ExportFromTime must be provided in IncrementalExportSpecification")
    start = float(spec["ExportFromTime"])
    end = float(int(now) if spec.get("ExportToTime") is None else spec["ExportToTime"])
    length = timedelta(seconds=end - start)
    between = "Difference between export period from time and export period to time is"
    for wrong, message in (
        (start < earliest, "Incremental export period from time is before point in time recovery began"),
        (end > now, "Incremental export period to time cannot be greater than the current time"),
        (start >= end, "Incremental export period from time should be less than the period to time"),
        (length < LEAST_WINDOW, f"{between} less than {LEAST_WINDOW.seconds} second (AWS: 15 minutes)"),
        (length > MOST_WINDOW, f"{between} greater than 24 hours"),
    ):
        if wrong:
            raise RequestRefused("InvalidExportTimeException", message)
    _check_stream(table)
    return start, end


def _check_stream(table: Table) -> None:
    if not table.has_both_images:
        raise _invalid(
            f"the local exporter reads the history of {table.name} from its stream, which must have the view "
            "NEW_AND_OLD_IMAGES"
        )


def _check_format(request: Request) -> None:
    if _one_of(request, "ExportFormat", ("DYNAMODB_JSON", "ION"), "DYNAMODB_JSON") == "ION":
        raise _invalid("the local exporter writes DYNAMODB_JSON, not ION")
    if request.get("FilterSpecification") is not None:
        raise _invalid("the local exporter does not support FilterSpecification")


def _encryption(request: Request) -> tuple[str, str | None]:
    algorithm = _one_of(request, "S3SseAlgorithm", ("AES256", "KMS"), "AES256")
    key = request.get("S3SseKmsKeyId")
    if key is not None and algorithm != "KMS":
        raise _invalid("KMS Key Id is not supported for this encryption type")
    return algorithm, key


def _bucket(request: Request) -> str:
    bucket = request.get("S3Bucket")
    if not isinstance(bucket, str) or not _BUCKET.fullmatch(bucket):
        raise _unsatisfied(bucket, "S3Bucket", f"regular expression pattern: {_BUCKET.pattern}")
    return bucket


def _one_of(request: Request, member: str, allowed: Sequence[str], default: str) -> str:
    value = request.get(member)
    if value is None:
        return default
    if value not in allowed:
        raise _unsatisfied(value, member, f"enum value set: [{', '.join(allowed)}]")
    return str(value)


def _unsatisfied(value: object, member: str, what: str) -> RequestRefused:
    name = member[0].lower() + member[1:]
    return RequestRefused(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must satisfy {what}",
    )


def _invalid(message: str) -> RequestRefused:
    return RequestRefused("ValidationException", f"Invalid Request: {message}")
