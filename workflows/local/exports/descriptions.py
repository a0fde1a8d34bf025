"""An export as DynamoDB describes it: ExportDescription of its API, and the summary in its manifest."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from workflows.local.exports.files import ExportTotals, iso
from workflows.local.exports.requests import FULL, INCREMENTAL, ExportPlan, Request

type Description = dict[str, Any]  # ExportDescription, with the members of the API reference

INTERRUPTED: Final = {
    "ExportStatus": "FAILED",
    "FailureCode": "UNKNOWN",
    "FailureMessage": "The local exporter was interrupted; emulator.log has the reason",
}
# Members of a request that its description repeats. ExportType appears only if it was given, as on AWS.
_REPEATED: Final = ("S3Bucket", "S3BucketOwner", "S3Prefix", "S3SseKmsKeyId", "ExportType")


def describe_start(plan: ExportPlan, request: Request, token: str, now: float) -> Description:
    """The description of an export that begins."""
    millis = int(now * 1000) if plan.window is None else int(now) * 1000
    description = {
        "ExportArn": f"{plan.table.arn}/export/{millis:014d}-{secrets.token_hex(4)}",
        "ExportStatus": "IN_PROGRESS",
        "StartTime": millis / 1000,
        "TableArn": plan.table.arn,
        "TableId": plan.table.id,
        "ClientToken": token,
        "S3SseAlgorithm": plan.sse_algorithm,
        "ExportFormat": "DYNAMODB_JSON",
        **{name: request[name] for name in _REPEATED if name in request},
    }
    if plan.window is None:
        return {**description, "ExportTime": millis / 1000 if plan.at is None else plan.at}
    names = ("ExportFromTime", "ExportToTime")
    spec = {**dict(zip(names, plan.window, strict=True)), "ExportViewType": plan.view}
    return {**description, "IncrementalExportSpecification": spec}


def describe_success(manifest: str, totals: ExportTotals) -> Description:
    """What the end of an export adds to its description."""
    return {
        "ExportStatus": "COMPLETED",
        "ExportManifest": manifest,
        "ItemCount": totals.items,
        "BilledSizeBytes": totals.size,
    }


def summarise(description: Description) -> Mapping[str, str]:
    """One entry of ListExports."""
    return {
        "ExportArn": description["ExportArn"],
        "ExportStatus": description["ExportStatus"],
        "ExportType": description.get("ExportType", FULL),
    }


def manifest_summary(plan: ExportPlan, description: Description) -> dict[str, Any]:
    """The manifest's summary without the members that only the end of the export gives."""
    summary = {
        "version": "2020-06-30" if plan.window is None else "2023-08-01",
        "exportArn": description["ExportArn"],
        "startTime": iso(description["StartTime"]),
        "tableArn": plan.table.arn,
        "tableId": plan.table.id,
        "s3Bucket": plan.bucket,
        "s3Prefix": plan.prefix,
        "s3SseAlgorithm": plan.sse_algorithm,
        "s3SseKmsKeyId": plan.sse_key,
        "outputFormat": "DYNAMODB_JSON",
    }
    if plan.window is None:
        return {**summary, "exportTime": iso(description["ExportTime"])}
    start, end = (iso(seconds) for seconds in plan.window)
    return {
        **summary,
        "exportFromTime": start,
        "exportToTime": end,
        "outputView": plan.view,
        "exportType": INCREMENTAL,
    }
