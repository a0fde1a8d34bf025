"""Commands that load by DynamoDB's exports: everything, or what a gap in the stream hid."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from workflows.cli.app import app
from workflows.cli.confirming import name_target
from workflows.cli.ending import interruptible
from workflows.cli.printing import (
    AsJson,
    DatasetName,
    StackName,
    out,
    print_json,
    read_time,
    showing_progress,
)

if TYPE_CHECKING:
    from workflows.exports.loading import Loaded
    from workflows.exports.loading import Progress as ExportProgress

_EXPORTS_GO_ON: Final = (
    "Exports that DynamoDB has begun go on and are loaded when they are written; nothing was counted. "
    "The same command may be run again: loading twice changes nothing."
)


@app.command()
def bootstrap(dataset: DatasetName, as_json: AsJson = False, stack: StackName = None) -> None:
    """Load a whole table into the lake, by a full export of DynamoDB, while the stream flows on.

    It may be stopped at any point: the export goes on, and is loaded when it is there.
    """
    from workflows.exports.bootstrap import bootstrap as load_all
    from workflows.stack.target import connect

    target = connect(stack)
    name_target(target)
    with interruptible(lambda: _EXPORTS_GO_ON), showing_progress(export_progress) as tell:
        loaded = [load_all(target, dataset, tell)]
    _show_loaded(dataset, loaded, as_json)


@app.command("catch-up")
def catch_up(
    dataset: DatasetName,
    start: Annotated[str, typer.Option("--from", help="Last time known to be good (ISO 8601, UTC).")],
    end: Annotated[str | None, typer.Option("--to", help="End of the gap; without it, now.")] = None,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Load what changed in a table since a time, by DynamoDB's incremental exports: for a gap in the stream.

    It may be stopped at any point: the exports go on, and are loaded when they are there.
    """
    from workflows.exports.bootstrap import catch_up as load_changes
    from workflows.stack.target import connect

    times = read_time("--from", start), None if end is None else read_time("--to", end)
    target = connect(stack)
    name_target(target)
    with interruptible(lambda: _EXPORTS_GO_ON), showing_progress(export_progress) as tell:
        loaded = load_changes(target, dataset, *times, tell)
    _show_loaded(dataset, loaded, as_json)


def export_progress(step: ExportProgress, started: datetime) -> Text:
    """First DynamoDB writes, then the workflow loads."""
    seconds = (datetime.now(UTC) - started).seconds
    if step.stage is None:
        return Text(f"  {seconds:>5} s   exports written by DynamoDB: {step.written} of {step.exports}")
    return Text(
        f"  {seconds:>5} s   files to merge {step.stage.files:>4}   intake queue {step.stage.intake:>4}   "
        f"open batches {step.stage.batches}"
    )


def _show_loaded(dataset: str, loaded: list[Loaded], as_json: bool) -> None:
    good = all(export.adds_up for export in loaded)
    if as_json:
        exports = [asdict(export) | {"adds_up": export.adds_up} for export in loaded]
        print_json({"dataset": dataset, "exports": exports, "adds_up": good})
    else:
        table = Table("export of", "items", "files", "rows read", "accepted", "quarantined", "batches")
        for export in loaded:
            counts = (export.items, export.files, export.rows_read, export.accepted, export.quarantined)
            table.add_row(export.taken, *(f"{count:,}" for count in counts), "\n".join(export.batches))
        out.print(table)
        out.print(
            f"Loaded. Next: glueline parity {dataset} (proves that the table is what DynamoDB holds)."
            if good
            else "Not every item is an accepted change: lake_ops.quarantine has the reasons. Mend the "
            "contract or the items, then glueline replay --quarantine.",
            style="green" if good else "red",
        )
    if not good:
        raise typer.Exit(1)
