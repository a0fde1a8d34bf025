"""Waits until requested exports are written and merged, and counts what became of their items."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs.intake.doors import is_of_table
from workflows.exports.errors import ADVICE, ExportError
from workflows.exports.windows import iso
from workflows.progress.waiting import poll_seconds, receipts, wait
from workflows.query.literals import text
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflows.progress.waiting import Pending
    from workflows.stack.target import Target

type Export = Mapping[str, Any]  # DynamoDB's ExportDescription


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How many exports are written, and then what is pending of their files."""

    exports: int
    written: int
    pending: Pending | None = None


@dataclass(frozen=True, slots=True)
class LoadedExport:
    """The result of one export.

    `items` is from its manifest, the other counts are from the receipts of its files.
    """

    export: str
    taken: str  # the time that it shows, or "… to …" for a window
    items: int
    files: int
    rows_read: int  # of a table with items of several datasets: by all of these together
    accepted: int
    quarantined: int
    batches: tuple[str, ...]
    # Whether the table has items of several datasets, and how many a full export of it has of none.
    is_shared: bool = False
    unclaimed: int | None = None

    @property
    def adds_up(self) -> bool:
        """Whether every item of the export is an accepted change, or is of no dataset."""
        return self.rows_read == self.accepted and (self.is_shared or self.items == self.rows_read)


def load(
    target: Target, exports: Sequence[Export], report: Callable[[ExportProgress], None]
) -> list[LoadedExport]:
    """Wait until the exports are written and merged; the result of each.

    Raises ExportError if one failed or was rejected, WaitTimeout.
    """
    written = wait_until_written(target, [export["ExportArn"] for export in exports], report)
    files = [data_files(target, export) for export in written]

    def watch(pending: Pending) -> None:
        refuse_if_quarantined(target, written)
        report(ExportProgress(len(exports), len(written), pending))

    wait(target, [uri for uris in files for uri in uris], watch, until_quiet=False)
    return [account(target, export, uris) for export, uris in zip(written, files, strict=True)]


def wait_until_written(
    target: Target, arns: Sequence[str], report: Callable[[ExportProgress], None]
) -> list[Export]:
    """The exports, once DynamoDB has written all of them, without a time limit."""
    dynamodb = target.client("dynamodb")
    ended: dict[str, Export] = {}
    while True:
        for arn in (arn for arn in arns if arn not in ended):
            export = dynamodb.describe_export(ExportArn=arn)["ExportDescription"]
            if export["ExportStatus"] == "FAILED":
                raise ExportError(
                    f"DynamoDB failed to write the export {arn} ({export['FailureCode']}: "
                    f"{export['FailureMessage']}). Nothing of it was loaded. "
                    f"{ADVICE.get(export['FailureCode'], 'Run this again.')}"
                )
            if export["ExportStatus"] == "COMPLETED":
                ended[arn] = export
        report(ExportProgress(len(arns), len(ended)))
        if len(ended) == len(arns):
            return [ended[arn] for arn in arns]
        time.sleep(poll_seconds(target))


def data_files(target: Target, export: Export) -> list[str]:
    """The data files (`s3://…`) of an export that contain items. Empty files get no receipt."""
    s3, bucket = target.client("s3"), export["S3Bucket"]
    summary = json.loads(s3.get_object(Bucket=bucket, Key=_summary_key(export))["Body"].read())
    manifest = s3.get_object(Bucket=bucket, Key=summary["manifestFilesS3Key"])["Body"].read().decode()
    entries = (json.loads(line) for line in manifest.split("\n") if line)
    return [f"s3://{bucket}/{entry['dataFileS3Key']}" for entry in entries if entry["itemCount"]]


def refuse_if_quarantined(target: Target, exports: Sequence[Export]) -> None:
    """Raise ExportError if the check job has rejected one of the exports as a whole."""
    summaries = [f"s3://{export['S3Bucket']}/{_summary_key(export)}" for export in exports]
    for receipt in receipts(target, summaries):
        if int(receipt["quarantined"]):
            file = receipt["source_file"]
            table = f"{target.output('OpsDatabase')}.quarantine"
            sql = f"select reasons from {table} where source_file = {text(file)}"  # noqa: S608 -- quoted
            reasons = "; ".join(str(row["reasons"]) for row in rows(query(target, sql)))
            raise ExportError(f"The check job rejected the export {file}: {reasons}")


def account(target: Target, export: Export, files: Sequence[str]) -> LoadedExport:
    """The sum of the receipts of an export's files; a file that was read twice counts once."""
    found = {(receipt["source_file"], receipt["dataset"]): receipt for receipt in receipts(target, files)}

    def total(count: str) -> int:
        return sum(int(receipt[count]) for receipt in found.values())  # Athena returns text

    items, read = export["ItemCount"], total("rows_read")
    is_shared = is_of_table(export["S3Prefix"])
    is_full = "IncrementalExportSpecification" not in export
    return LoadedExport(
        export["ExportArn"],
        _taken(export),
        items,
        len(files),
        read,
        total("accepted"),
        total("quarantined"),
        tuple(sorted({receipt["batch_id"] for receipt in found.values()})),
        is_shared,
        items - read if is_shared and is_full else None,
    )


def _taken(export: Export) -> str:
    window = export.get("IncrementalExportSpecification")
    if window is None:
        return iso(export["ExportTime"])
    return f"{iso(window['ExportFromTime'])} to {iso(window['ExportToTime'])}"


def _summary_key(export: Export) -> str:
    export_id = export["ExportArn"].rpartition("/")[2]
    return f"{export['S3Prefix']}/AWSDynamoDB/{export_id}/manifest-summary.json"
