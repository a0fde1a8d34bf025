"""What `ExportTableToPointInTime` takes: a request in, a plan or a refusal out, with the codes of AWS.

One rule is looser than on AWS: an incremental export may cover as little as one second, where AWS wants
fifteen minutes, since no one who tries a gap out on one machine can wait that long. And only what the local
exporter can write is taken: no Amazon Ion, no FilterSpecification.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflows.local.exports.table_history import Table

type Request = Mapping[str, Any]

LEAST_WINDOW: Final = timedelta(seconds=1)  # AWS: 15 minutes
MOST_WINDOW: Final = timedelta(hours=24)
FULL, INCREMENTAL = "FULL_EXPORT", "INCREMENTAL_EXPORT"
VIEWS: Final = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
_BUCKET: Final = re.compile(r"[a-z0-9A-Z]+[.\-\w]*[a-z0-9A-Z]+")


class Refused(Exception):
    """Raised when DynamoDB would refuse a request; `code` is the error name that AWS SDKs raise for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Plan:
    """An export that can be made. Times are seconds since the epoch, `end` is exclusive."""

    table: Table
    bucket: str
    prefix: str | None
    sse_algorithm: str
    sse_key: str | None
    at: float | None = None  # a full export of the past; None: of now
    window: tuple[float, float] | None = None  # an incremental export
    view: str = "NEW_AND_OLD_IMAGES"


def read_request(request: Request, table: Table, earliest: float | None, now: float) -> Plan:
    """The plan of a request about that table, or Refused.

    `earliest` is how far back the table's point-in-time recovery reaches, None if it is off.
    """
    if earliest is None:
        raise Refused(
            "PointInTimeRecoveryUnavailableException",
            f"Point in time recovery is not enabled for table '{table.name}'",
        )
    export_type = _one_of(request, "ExportType", (FULL, INCREMENTAL), FULL)
    _check_what_is_written(request)
    algorithm, key = _encryption(request)
    plan = Plan(table, _bucket(request), request.get("S3Prefix"), algorithm, key)
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
        raise Refused("InvalidExportTimeException", "Export Time is invalid")
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
            raise Refused("InvalidExportTimeException", message)
    _check_stream(table)
    return start, end


def _check_stream(table: Table) -> None:
    if not table.has_both_images:
        raise _invalid(
            f"the local exporter learns the past of {table.name} from its stream, which must have the view "
            "NEW_AND_OLD_IMAGES"
        )


def _check_what_is_written(request: Request) -> None:
    if _one_of(request, "ExportFormat", ("DYNAMODB_JSON", "ION"), "DYNAMODB_JSON") == "ION":
        raise _invalid("the local exporter writes DYNAMODB_JSON, not ION")
    if request.get("FilterSpecification") is not None:
        raise _invalid("the local exporter knows no FilterSpecification")


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


def _unsatisfied(value: object, member: str, what: str) -> Refused:
    name = member[0].lower() + member[1:]
    return Refused(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must satisfy {what}",
    )


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", f"Invalid Request: {message}")
