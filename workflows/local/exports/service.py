"""The embedded DynamoDB's point-in-time recovery and exports to S3: AWS's API, with real files in the bucket.

The embedded AWS accepts `ExportTableToPointInTime` and writes nothing, and its recovery window is always
empty. So these operations are answered here: from the table's items and its stream (`table_history`), by the
rules of AWS (`requests`), in the files of DynamoDB (`files`). Ordinary requests to S3 put the files, so that
each sends its event.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from workflows.local.exports.descriptions import (
    INTERRUPTED,
    Description,
    describe_start,
    describe_success,
    manifest_summary,
    summarise,
)
from workflows.local.exports.files import (
    ExportLine,
    ExportLocation,
    Uploads,
    change_line,
    item_line,
    write_export,
)
from workflows.local.exports.requests import ExportPlan, Request, RequestRefused, read_request
from workflows.local.exports.table_history import KEPT_SECONDS, Table, items_at, net_changes

type Answer = dict[str, Any]

_TOKEN_SECONDS: Final = 8 * 60 * 60
_MOST_LISTED: Final = 25


class UploadRefused(Exception):
    """Raised when S3 refuses an object; `code` is the export's FailureCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ClientToken:
    """What makes a repeated request the same export."""

    request: Request
    export: str
    at: float


@dataclass(frozen=True, slots=True)
class ExportState:
    """All that the service remembers: what `down --keep` stores for its successor."""

    recoverable_since: dict[str, float]  # by the table's id: a new table of the same name has another
    exports: dict[str, Description]
    tokens: dict[str, ClientToken]


def _on_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True, name="export").start()


class ExportService:
    """Answers the operations of OPERATIONS.

    It is called on the thread that serves DynamoDB, so no table changes while it reads one. Files are written
    on other threads. `find_table` finds a table by name, `uploads` gives access to a plan's bucket.
    """

    def __init__(
        self,
        find_table: Callable[[str], Table | None],
        uploads: Callable[[ExportPlan], Uploads],
        clock: Callable[[], float] = time.time,
        start: Callable[[Callable[[], None]], None] = _on_a_thread,
    ) -> None:
        self._find_table = find_table
        self._uploads = uploads
        self._clock = clock
        self._start = start
        self._recoverable_since: dict[str, float] = {}
        self._exports: dict[str, Description] = {}
        self._tokens: dict[str, ClientToken] = {}

    def answer(self, operation: str, request: Request) -> tuple[int, Answer]:
        """Status and body, errors in the form that AWS SDKs read."""
        try:
            return 200, OPERATIONS[operation](self, request)
        except RequestRefused as refused:
            return 400, {"__type": f"com.amazonaws.dynamodb#{refused.code}", "message": str(refused)}

    def state(self) -> ExportState:
        """The state for a successor."""
        return ExportState(self._recoverable_since, self._exports, self._tokens)

    def take_state(self, state: ExportState) -> None:
        """Continue from the state of a predecessor; exports that it was writing have failed."""
        self._recoverable_since, self._tokens = state.recoverable_since, state.tokens
        self._exports = {
            arn: {**export, **INTERRUPTED} if export["ExportStatus"] == "IN_PROGRESS" else export
            for arn, export in state.exports.items()
        }

    # --- point-in-time recovery -----------------------------------------------------------------------------

    def set_recovery(self, table_name: str, enabled: bool) -> None:
        """Switch point-in-time recovery on or off. It reaches back to when it was last switched on."""
        table = self._table(table_name)
        if enabled:
            self._recoverable_since.setdefault(table.id, float(int(self._clock())))
        else:
            self._recoverable_since.pop(table.id, None)

    def earliest(self, table: Table) -> float | None:
        """The earliest recoverable time, None if recovery is off. Stream records limit it to 24 hours."""
        since = self._recoverable_since.get(table.id)
        return None if since is None else max(since, float(int(self._clock()) - KEPT_SECONDS))

    def _update_backups(self, request: Request) -> Answer:
        enabled = request["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        self.set_recovery(request["TableName"], enabled)
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
            raise RequestRefused("ValidationException", "tableArn is not a valid ARN")
        table = self._table(arn)
        token = request.get("ClientToken") or secrets.token_hex(16)
        known = self._tokens.get(token)
        if known is not None and now < known.at + _TOKEN_SECONDS:
            if known.request != request:
                raise RequestRefused(
                    "ExportConflictException",
                    "Export conflict: Duplicate request detected with conflicting parameters",
                )
            return {"ExportDescription": self._exports[known.export]}
        plan = read_request(request, table, self.earliest(table), now)
        description = describe_start(plan, request, token, now)
        export = description["ExportArn"]
        self._exports[export] = description
        self._tokens[token] = ClientToken(dict(request), export, now)
        lines = _lines(plan)
        self._start(lambda: self._write(plan, description, lines))
        return {"ExportDescription": description}

    def _write(self, plan: ExportPlan, description: Description, lines: Iterator[ExportLine]) -> None:
        ended: Description = INTERRUPTED
        export_id = description["ExportArn"].rpartition("/")[2]
        location = ExportLocation(plan.prefix, export_id, is_full=plan.window is None)
        summary = manifest_summary(plan, description)
        try:
            totals = write_export(location, lines, summary, self._uploads(plan), self._clock)
            ended = describe_success(location.manifest, totals)
        except UploadRefused as refused:
            ended = {"ExportStatus": "FAILED", "FailureCode": refused.code, "FailureMessage": str(refused)}
        finally:
            self._exports[description["ExportArn"]] = {**description, "EndTime": self._clock(), **ended}

    def _describe_export(self, request: Request) -> Answer:
        arn = request.get("ExportArn", "")
        if "/export/" not in arn:
            raise RequestRefused("ValidationException", "Invalid Export ARN")
        if arn not in self._exports:
            raise RequestRefused("ExportNotFoundException", f"Export not found: {arn}")
        return {"ExportDescription": self._exports[arn]}

    def _list_exports(self, request: Request) -> Answer:
        """The newest first; the token is the last export of the page before."""
        table, token = request.get("TableArn"), request.get("NextToken")
        found = [one for one in self._exports.values() if table in (None, one["TableArn"])][::-1]
        if token is not None:
            arns = [one["ExportArn"] for one in found]
            if token not in arns:
                raise RequestRefused("ValidationException", "Invalid Request: Provided nextToken is invalid")
            found = found[arns.index(token) + 1 :]
        page = found[: request.get("MaxResults", _MOST_LISTED)]
        more = {"NextToken": page[-1]["ExportArn"]} if len(page) < len(found) else {}
        return {"ExportSummaries": [summarise(one) for one in page], **more}

    def _table(self, name_or_arn: str) -> Table:
        table = self._find_table(name_or_arn.rpartition("table/")[2])
        if table is None:
            raise RequestRefused("TableNotFoundException", f"Table not found: {name_or_arn}")
        return table


OPERATIONS: Final[dict[str, Callable[[ExportService, Request], Answer]]] = {
    "DescribeContinuousBackups": ExportService._describe_backups,
    "UpdateContinuousBackups": ExportService._update_backups,
    "ExportTableToPointInTime": ExportService._export,
    "DescribeExport": ExportService._describe_export,
    "ListExports": ExportService._list_exports,
}


def _lines(plan: ExportPlan) -> Iterator[ExportLine]:
    """The lines of an export: as of this moment, although each text is made when it is read."""
    table = plan.table
    if plan.window is not None:
        return (change_line(change, plan.view) for change in net_changes(table, *plan.window))
    items = list(table.items()) if plan.at is None else items_at(table, plan.at)
    return (item_line(table.key_of(item), item) for item in items)
