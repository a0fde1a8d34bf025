"""`glueline bootstrap` and `glueline catch-up`: load a table from DynamoDB exports while its stream goes on.

Neither needs a pause of the stream, because every change of a key has a position, and the merge depends on
positions alone:

* An item of an export that contains a position (`_version`, or the sequence column) has the position of its
  stream record. So it is one of the states that the stream contains, whichever is merged first: an older
  state loses, the same state changes nothing, a newer one wins.
* An item that contains no position is placed below the stream's changes since the time of the export: in a
  full export, at that time less five minutes, as clocks differ. A change in those five minutes is in the
  stream, which is enabled before an export can be requested (by the template). In an incremental export, each
  line has the time of its write.
* A delete after the time of the export leaves a tombstone at a higher position, so an export that is merged
  late brings no row back. An item that was deleted before it is not in the export.

So both commands may be stopped and run again at any point. They only request and watch: DynamoDB writes the
files, S3 announces them, and the workflow loads them whether or not anyone watches. A full export does not
show that an item is gone: rows of items that were deleted without a stream record are removed by the deletes
that `catch-up` loads, or by `glueline parity --repair`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from workflows.exports.loading import load
from workflows.exports.requests import export_location, find_source, request_export, request_export_once
from workflows.exports.windows import LEAST, LEAST_LOCALLY, Window, reach, windows

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.exports.loading import ExportProgress, LoadedExport
    from workflows.stack.target import Target

_SKEW: Final = timedelta(seconds=1)  # between this machine's clock and DynamoDB's


def bootstrap(target: Target, dataset: str, report: Callable[[ExportProgress], None]) -> LoadedExport:
    """Load the whole table as it is now. Raises ExportError, WaitTimeout."""
    source = find_source(target, dataset)
    location = export_location(target, source)
    export = request_export(target, location.to_parameters() | {"ExportType": "FULL_EXPORT"})
    return load(target, [export], report)[0]


def catch_up(
    target: Target,
    dataset: str,
    start: datetime,
    end: datetime | None,
    report: Callable[[ExportProgress], None],
) -> list[LoadedExport]:
    """Load what changed from `start` until before `end` (by default, now). Raises ExportError, WaitTimeout.

    If it is run again within eight hours, it finds the exports of the same windows and does not pay for them
    twice.
    """
    source = find_source(target, dataset)
    least = LEAST if target.endpoint_url is None else LEAST_LOCALLY
    now = datetime.now(UTC)
    whole = reach(Window(start, end or now), source, now, least)
    time.sleep(max(0.0, (whole.end + _SKEW - now).total_seconds()))  # an export has to end in the past
    location = export_location(target, source).to_parameters()
    exports = [
        request_export_once(
            target,
            {
                **location,
                "ExportType": "INCREMENTAL_EXPORT",
                "IncrementalExportSpecification": {
                    "ExportFromTime": window.start,
                    "ExportToTime": window.end,
                    "ExportViewType": "NEW_AND_OLD_IMAGES",
                },
            },
        )
        for window in windows(whole, least)
    ]
    return load(target, exports, report)
