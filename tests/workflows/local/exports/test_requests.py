"""Which export requests are valid, and under which names DynamoDB refuses the others."""

from typing import Any

import pytest

from workflows.local.exports.requests import ExportPlan, RequestRefused, read_request
from workflows.local.exports.table_history import Table

NOW = 1_000_000.5
EARLIEST = 900_000.0
DAY = 24 * 60 * 60
REQUEST = {"TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t", "S3Bucket": "raw"}
TABLE = Table(REQUEST["TableArn"], "id", "t", ("_key",), {}, [], has_both_images=True)
KEYS_ONLY = Table(REQUEST["TableArn"], "id", "t", ("_key",), {}, [], has_both_images=False)


def incremental(start: float | None, end: float | None, **more: Any) -> dict[str, Any]:
    times = {"ExportFromTime": start, "ExportToTime": end}
    spec = {name: time for name, time in times.items() if time is not None} | more
    return {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": spec}


@pytest.mark.parametrize(
    ("more", "plan"),
    [
        ({}, ExportPlan(TABLE, "raw", None, "AES256", None)),
        ({"ExportType": "FULL_EXPORT", "S3Prefix": "a/b"}, ExportPlan(TABLE, "raw", "a/b", "AES256", None)),
        ({"ExportTime": 950_000}, ExportPlan(TABLE, "raw", None, "AES256", None, at=950_000)),
        ({"S3SseAlgorithm": "KMS", "S3SseKmsKeyId": "k"}, ExportPlan(TABLE, "raw", None, "KMS", "k")),
        (
            incremental(999_999, 1_000_000),
            ExportPlan(TABLE, "raw", None, "AES256", None, window=(999_999, 1_000_000)),
        ),
        (
            incremental(1_000_000 - DAY, None, ExportViewType="NEW_IMAGE"),
            ExportPlan(TABLE, "raw", None, "AES256", None, None, (1_000_000 - DAY, 1_000_000), "NEW_IMAGE"),
        ),
    ],
)
def test_a_valid_request_becomes_a_plan(more: dict[str, Any], plan: ExportPlan) -> None:
    assert read_request({**REQUEST, **more}, TABLE, EARLIEST, NOW) == plan


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"ExportTime": NOW + 1}, "InvalidExportTimeException", "Export Time is invalid"),
        ({"ExportTime": EARLIEST - 1}, "InvalidExportTimeException", "Export Time is invalid"),
        (incremental(EARLIEST - 1, EARLIEST + 9), "InvalidExportTimeException", "before point in time"),
        (incremental(999_990, NOW + 1), "InvalidExportTimeException", "greater than the current time"),
        (incremental(999_990, 999_980), "InvalidExportTimeException", "less than the period to time"),
        (incremental(999_990, 999_990.5), "InvalidExportTimeException", "less than 1 second"),
        (incremental(999_999 - DAY, 1_000_000), "InvalidExportTimeException", "greater than 24 hours"),
        (incremental(None, 1_000_000), "ValidationException", "ExportFromTime must be provided"),
        (incremental(1, 2, ExportViewType="OLD"), "ValidationException", "'exportViewType'"),
        ({"ExportType": "INCREMENTAL_EXPORT"}, "ValidationException", "Specification expected"),
        ({"IncrementalExportSpecification": {}}, "ValidationException", "only for an Export Type"),
        ({**incremental(1, 2), "ExportTime": 1}, "ValidationException", "only for an Export Type"),
        ({"ExportType": "PARTIAL"}, "ValidationException", "[FULL_EXPORT, INCREMENTAL_EXPORT]"),
        ({"ExportFormat": "CSV"}, "ValidationException", "[DYNAMODB_JSON, ION]"),
        ({"ExportFormat": "ION"}, "ValidationException", "not ION"),
        ({"FilterSpecification": {"FilterExpression": "x"}}, "ValidationException", "FilterSpecification"),
        ({"S3SseAlgorithm": "aws:kms"}, "ValidationException", "'s3SseAlgorithm'"),
        ({"S3SseKmsKeyId": "k"}, "ValidationException", "KMS Key Id"),
        ({"S3Bucket": ""}, "ValidationException", "'s3Bucket'"),
        ({"S3Bucket": "arn:aws:s3:::raw"}, "ValidationException", "'s3Bucket'"),
    ],
)
def test_an_invalid_request_is_refused_with_the_code_of_dynamodb(
    more: dict[str, Any], code: str, says: str
) -> None:
    with pytest.raises(RequestRefused) as refused:
        read_request({**REQUEST, **more}, TABLE, EARLIEST, NOW)

    assert refused.value.code == code
    assert says in str(refused.value)


def test_a_table_without_recovery_is_not_exported() -> None:
    with pytest.raises(RequestRefused, match="not enabled for table 't'") as refused:
        read_request(REQUEST, TABLE, None, NOW)

    assert refused.value.code == "PointInTimeRecoveryUnavailableException"


@pytest.mark.parametrize("more", [{"ExportTime": 950_000}, incremental(999_990, 1_000_000)])
def test_an_export_of_the_past_requires_a_stream_with_both_images(more: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused, match="must have the view NEW_AND_OLD_IMAGES"):
        read_request({**REQUEST, **more}, KEYS_ONLY, EARLIEST, NOW)

    assert read_request(REQUEST, KEYS_ONLY, EARLIEST, NOW).at is None
