"""The embedded DynamoDB's point-in-time recovery and exports to S3: AWS's API, real files in the bucket.

The embedded AWS accepts `ExportTableToPointInTime` and writes nothing, and its recovery window is always
empty. So these operations are answered here: from the table's items and its stream (`table_history`), by the
rules of AWS (`export_requests`), in DynamoDB's own files (`export_files`). They are put by ordinary requests
to S3, so that each of them sends its event. All of it is forgotten with the process, as the tables are.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workflows.local.exports.files import Place, change_line, iso, item_line, write_export
from workflows.local.exports.requests import FULL, INCREMENTAL, Plan, Refused, read_request
from workflows.local.exports.table_history import KEPT_SECONDS, items_at, net_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.local.exports.files import Line, Uploads
    from workflows.local.exports.requests import Request
    from workflows.local.exports.table_history import Table

type Answer = dict[str, Any]

_TOKEN_SECONDS: Final = 8 * 60 * 60
_MOST_LISTED: Final = 25
_BROKE_OFF: Final = {
    "ExportStatus": "FAILED",
    "FailureCode": "UNKNOWN",
    "FailureMessage": "The local exporter broke off; emulator.log says why",
}


class UploadRefused(Exception):
    """Raised when S3 takes no object; `code` is the export's FailureCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Token:
    request: Request
    export: str
    at: float


def _on_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True, name="export").start()


class Exports:
    """Answers the operations of OPERATIONS.

    Called on the thread that serves DynamoDB, where nothing is written while it looks; the files are made on
    threads of their own. `find_table` takes a table's name, `uploads` makes the way to a plan's bucket.
    """

    def __init__(
        self,
        find_table: Callable[[str], Table | None],
        uploads: Callable[[Plan], Uploads],
        clock: Callable[[], float] = time.time,
        start: Callable[[Callable[[], None]], None] = _on_a_thread,
    ) -> None:
        self._find_table = find_table
        self._uploads = uploads
        self._clock = clock
        self._start = start
        self._recoverable_since: dict[str, float] = {}  # by the table's id: one of the same name is another
        self._exports: dict[str, Answer] = {}
        self._tokens: dict[str, _Token] = {}

    def answer(self, operation: str, request: Request) -> tuple[int, Answer]:
        """Status and body, errors in the form that AWS SDKs read."""
        try:
            return 200, OPERATIONS[operation](self, request)
        except Refused as refused:
            return 400, {"__type": f"com.amazonaws.dynamodb#{refused.code}", "message": str(refused)}

    # --- being kept -----------------------------------------------------------------------------------------

    def state(self) -> Answer:
        """All that it knows, for `take_state` of another."""
        return {"since": self._recoverable_since, "exports": self._exports, "tokens": self._tokens}

    def take_state(self, state: Answer) -> None:
        """Be as the one that told this state; exports that were being written have failed."""
        self._recoverable_since, self._tokens = state["since"], state["tokens"]
        self._exports = {
            arn: {**export, **_BROKE_OFF} if export["ExportStatus"] == "IN_PROGRESS" else export
            for arn, export in state["exports"].items()
        }

    # --- point-in-time recovery -----------------------------------------------------------------------------

    def set_recovery(self, table_name: str, enabled: bool) -> None:
        """Switch point-in-time recovery. It reaches back to when it was switched on last."""
        table = self._table(table_name)
        if enabled:
            self._recoverable_since.setdefault(table.id, float(int(self._clock())))
        else:
            self._recoverable_since.pop(table.id, None)

    def earliest(self, table: Table) -> float | None:
        """How far back its recovery reaches; None if it is off. No further than the stream's records."""
        since = self._recoverable_since.get(table.id)
        return None if since is None else max(since, float(int(self._clock()) - KEPT_SECONDS))

    def _update_backups(self, request: Request) -> Answer:
        self.set_recovery(
            request["TableName"], request["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        )
        return self._describe_backups(request)

    def _describe_backups(self, request: Request) -> Answer:
        earliest = self.earliest(self._table(request["TableName"]))
        recovery: Answer = {"PointInTimeRecoveryStatus": "DISABLED" if earliest is None else "ENABLED"}
        if earliest is not None:
            recovery |= {
                "RecoveryPeriodInDays": 35,
                "EarliestRestorableDateTime": earliest,
                "LatestRestorableDateTime": int(self._clock()),
            }
        status = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        return {"ContinuousBackupsDescription": status}

    # --- exports --------------------------------------------------------------------------------------------

    def _export(self, request: Request) -> Answer:
        now = self._clock()
        arn = request.get("TableArn", "")
        if not arn.startswith("arn:"):
            raise Refused("ValidationException", "tableArn is not a valid ARN")
        table = self._table(arn)
        token = request.get("ClientToken") or secrets.token_hex(16)
        known = self._tokens.get(token)
        if known is not None and now < known.at + _TOKEN_SECONDS:
            if known.request != request:
                raise Refused(
                    "ExportConflictException",
                    "Export conflict: Duplicate request detected with conflicting parameters",
                )
            return {"ExportDescription": self._exports[known.export]}
        plan = read_request(request, table, self.earliest(table), now)
        description = _describe(plan, request, token, now)
        export = description["ExportArn"]
        self._exports[export] = description
        self._tokens[token] = _Token(dict(request), export, now)
        lines = _lines(plan)
        self._start(lambda: self._write(plan, description, lines))
        return {"ExportDescription": description}

    def _write(self, plan: Plan, description: Answer, lines: Iterator[Line]) -> None:
        ended: Answer = _BROKE_OFF
        export_id = description["ExportArn"].rpartition("/")[2]
        place = Place(plan.prefix, export_id, is_full=plan.window is None)
        summary = _summary(plan, description)
        try:
            written = write_export(place, lines, summary, self._uploads(plan), self._clock)
            ended = {
                "ExportStatus": "COMPLETED",
                "ExportManifest": f"{place.folder}/manifest-summary.json",
                "ItemCount": written.items,
                "BilledSizeBytes": written.size,
            }
        except UploadRefused as refused:
            ended = {
                "ExportStatus": "FAILED",
                "FailureCode": refused.code,
                "FailureMessage": str(refused),
            }
        finally:
            self._exports[description["ExportArn"]] = {**description, "EndTime": self._clock(), **ended}

    def _describe_export(self, request: Request) -> Answer:
        arn = request.get("ExportArn", "")
        if "/export/" not in arn:
            raise Refused("ValidationException", "Invalid Export ARN")
        if arn not in self._exports:
            raise Refused("ExportNotFoundException", f"Export not found: {arn}")
        return {"ExportDescription": self._exports[arn]}

    def _list_exports(self, request: Request) -> Answer:
        """The newest first; the token is the last export told."""
        table, token = request.get("TableArn"), request.get("NextToken")
        found = [one for one in self._exports.values() if table in (None, one["TableArn"])][::-1]
        if token is not None:
            places = [place for place, one in enumerate(found, 1) if one["ExportArn"] == token]
            if not places:
                raise Refused("ValidationException", "Invalid Request: Provided nextToken is invalid")
            found = found[places[0] :]
        page = found[: request.get("MaxResults", _MOST_LISTED)]
        summaries = [
            {
                "ExportArn": one["ExportArn"],
                "ExportStatus": one["ExportStatus"],
                "ExportType": one.get("ExportType", FULL),
            }
            for one in page
        ]
        more = {"NextToken": page[-1]["ExportArn"]} if len(page) < len(found) else {}
        return {"ExportSummaries": summaries, **more}

    def _table(self, name_or_arn: str) -> Table:
        table = self._find_table(name_or_arn.rpartition("table/")[2])
        if table is None:
            raise Refused("TableNotFoundException", f"Table not found: {name_or_arn}")
        return table


OPERATIONS: Final[dict[str, Callable[[Exports, Request], Answer]]] = {
    "DescribeContinuousBackups": Exports._describe_backups,
    "UpdateContinuousBackups": Exports._update_backups,
    "ExportTableToPointInTime": Exports._export,
    "DescribeExport": Exports._describe_export,
    "ListExports": Exports._list_exports,
}


def _lines(plan: Plan) -> Iterator[Line]:
    """What the export will hold: as of this moment, though the text is made when it is asked for."""
    table = plan.table
    if plan.window is not None:
        return (change_line(change, plan.view) for change in net_changes(table, *plan.window))
    items = list(table.items()) if plan.at is None else items_at(table, plan.at)
    return (item_line(table.key_of(item), item) for item in items)


def _describe(plan: Plan, request: Request, token: str, now: float) -> Answer:
    """ExportDescription of an export that begins. Its type is told only if it was given, as on AWS."""
    millis = int(now * 1000) if plan.window is None else int(now) * 1000
    told = ("S3Bucket", "S3BucketOwner", "S3Prefix", "S3SseKmsKeyId", "ExportType")
    description = {
        "ExportArn": f"{plan.table.arn}/export/{millis:014d}-{secrets.token_hex(4)}",
        "ExportStatus": "IN_PROGRESS",
        "StartTime": millis / 1000,
        "TableArn": plan.table.arn,
        "TableId": plan.table.id,
        "ClientToken": token,
        "S3SseAlgorithm": plan.sse_algorithm,
        "ExportFormat": "DYNAMODB_JSON",
        **{name: request[name] for name in told if name in request},
    }
    if plan.window is None:
        return {**description, "ExportTime": millis / 1000 if plan.at is None else plan.at}
    names = ("ExportFromTime", "ExportToTime")
    spec = {**dict(zip(names, plan.window, strict=True)), "ExportViewType": plan.view}
    return {**description, "IncrementalExportSpecification": spec}


def _summary(plan: Plan, description: Answer) -> Answer:
    """The manifest's summary without what only the end of the export tells."""
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
