"""Commands that load DynamoDB exports: a whole table, or the changes of a gap in its stream."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from workflows.cli.app import app
from workflows.cli.confirming import name_target
from workflows.cli.exit_codes import interruptible
from workflows.cli.printing import (
    AsJson,
    DatasetName,
    StackName,
    out,
    print_json,
    read_time,
)
from workflows.cli.showing import Step, connected, showing

if TYPE_CHECKING:
    from workflows.exports.loading import ExportProgress, LoadedExport

_EXPORTS_CONTINUE: Final = (
    "Exports that DynamoDB has started continue, and are loaded when they are written. Their items were not "
    "counted. The command may be run again: loading an export twice changes nothing."
)


@app.command()
def bootstrap(dataset: DatasetName, as_json: AsJson = False, stack: StackName = None) -> None:
    """Load a whole table into the lake from a full DynamoDB export, while its stream goes on.

    It may be stopped at any point: the export continues, and is loaded when it is written.
    """
    from workflows.exports.backfill import bootstrap as load_all

    target = connected(stack)
    name_target(target)
    with interruptible(lambda: _EXPORTS_CONTINUE), showing(f"bootstrap {dataset}", target) as show:
        show("asking DynamoDB for an export")
        loaded = [load_all(target, dataset, lambda step: show(export_step(step)))]
    _show_loaded(dataset, loaded, target.output("OpsDatabase"), as_json)


@app.command("catch-up")
def catch_up(
    dataset: DatasetName,
    start: Annotated[
        str,
        typer.Option("--from", help="Start of the gap: the last time known to be complete (ISO 8601, UTC)."),
    ],
    end: Annotated[str | None, typer.Option("--to", help="End of the gap (default: now).")] = None,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Load the changes of a table since a time from incremental DynamoDB exports.

    This closes a gap in the stream. It may be stopped at any point: the exports continue, and are loaded when
    they are written.
    """
    from workflows.exports.backfill import catch_up as load_changes

    times = read_time("--from", start), None if end is None else read_time("--to", end)
    target = connected(stack)
    name_target(target)
    with interruptible(lambda: _EXPORTS_CONTINUE), showing(f"catch-up {dataset}", target) as show:
        show("asking DynamoDB for exports")
        loaded = load_changes(target, dataset, *times, lambda step: show(export_step(step)))
    _show_loaded(dataset, loaded, target.output("OpsDatabase"), as_json)


def export_step(step: ExportProgress) -> Step:
    """The progress of exports: first what DynamoDB has still to write, then the files still to merge."""
    if step.pending is None:
        return Step("waiting until DynamoDB has written the exports", left=step.exports - step.written)
    name = "waiting until the files are merged"
    return Step(name, f"open batches {step.pending.batches:,}", left=step.pending.files)


def _show_loaded(dataset: str, loaded: list[LoadedExport], ops_database: str, as_json: bool) -> None:
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
        for unclaimed in (export.unclaimed for export in loaded if export.unclaimed):
            out.print(f"{unclaimed:,} items of the table are of no dataset: no contract's entity has them.")
        out.print(
            f"Loaded. Next: glueline parity {dataset} (compares the table with DynamoDB)."
            if good
            else f"Not every item is an accepted change; the reasons are in {ops_database}.quarantine. "
            "Correct the contract or the items, then run glueline replay --quarantine.",
            style="green" if good else "red",
        )
    if not good:
        raise typer.Exit(1)
