"""Commands for what could not be processed: quarantined rows, dead letters, given-up stream batches."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from workflows.cli.app import app
from workflows.cli.confirming import name_target
from workflows.cli.exit_codes import interruptible
from workflows.cli.printing import (
    AsJson,
    StackName,
    out,
    print_json,
    read_time,
)
from workflows.cli.showing import Step, connected, pending_step, showing

if TYPE_CHECKING:
    from workflows.operations.dead_letters import Redriven
    from workflows.operations.replay import Replay
    from workflows.operations.stream_failures import StreamFailure

_REPLAY_STOPPED: Final = (
    "Files that were announced are read; the others are not. The command may be run again and announces all "
    "of them: reading a file twice changes nothing."
)
_REDRIVE_STOPPED: Final = (
    "What was redriven is processed; the rest stays where it is (glueline redrive --dry-run). "
    "Run the command again to continue."
)


@app.command()
def replay(  # noqa: PLR0913, PLR0917 -- the options of a command
    batch: Annotated[str | None, typer.Argument(help="A batch whose files are all read again.")] = None,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Read files of quarantined rows again.")
    ] = False,
    dataset: Annotated[str | None, typer.Option(help="Only quarantined rows of this dataset.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only quarantined rows with this text in a reason.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only rows quarantined since this time (ISO 8601, UTC).")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the files are merged.")] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Read files again under the current contracts: all of a batch, or those of quarantined rows.

    Safe to repeat: rows that were accepted before keep their position and change nothing.
    """
    from workflows.operations import replay as replays
    from workflows.query.history import contract_of

    if (batch is not None) == quarantine or (batch is not None and (dataset or reason or since)):
        raise typer.BadParameter(
            "expected either BATCH, or --quarantine (optionally with --dataset, --reason, --since)"
        )
    chosen = replays.Selection(dataset, reason, None if since is None else read_time("--since", since))
    target = connected(stack)
    name_target(target)
    name = f"replay{' --wait' if wait else ''}"
    with interruptible(lambda: _REPLAY_STOPPED), showing(name, target) as show:
        show("finding the files")
        if dataset is not None:
            contract_of(target, dataset)
        if batch is None:
            found = replays.of_quarantine(target, chosen, target.contracts())
        else:
            found = replays.of_batch(target, batch, target.contracts())
        show(Step("announcing the files", f"{len(found.files):,}"))
        merging = "waiting until the files are merged"
        read = replays.read_again(
            target, found, (lambda pending: show(pending_step(pending, merging))) if wait else None
        )
    if as_json:
        print_json(asdict(found) | {"read": read})
    else:
        _show_replay(found, read, target.output("OpsDatabase"))
    if found.lost:
        raise typer.Exit(1)


def _show_replay(found: Replay, read: dict[str, int] | None, ops_database: str) -> None:
    if found.rows == 0:
        out.print("No row in quarantine is selected. Nothing was announced. Next: select by other options.")
        return
    asked = "" if found.rows is None else f", for {found.rows:,} rows in quarantine"
    out.print(f"Announced {len(found.files):,} files of {len(found.batches):,} batches again{asked}.")
    for lost in found.lost:
        name = lost.source_file or "a message"
        out.print(Text(f"  {name} (batch {lost.batch_id}): {lost.why}", style="red"))
    if read is not None:
        counts = f"{read['accepted']:,} accepted, {read['quarantined']:,} quarantined"
        out.print(f"Read {read['rows_read']:,} rows: {counts}.", style="green")
    elif found.files:
        out.print("The next run of ingest reads them (--wait waits for it).")
    if found.files:
        out.print(
            f"Rows that are rejected again will be in {ops_database}.quarantine, with the new batch id. "
            "Next: glueline status"
        )
    else:
        out.print("Next: drop corrected files under drops/DATASET/ of the RAW bucket.")


@app.command()
def redrive(  # noqa: PLR0913, PLR0917 -- the options of a command
    stream: Annotated[
        bool, typer.Option("--stream", help="Redrive stream batches that the forwarder gave up.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Only dead letters with this reason.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only those that came since this time (ISO 8601, UTC).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be redriven; move nothing.")
    ] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Send dead letters or, with --stream, given-up stream batches on their way again."""
    from workflows.operations import dead_letters, stream_failures

    if stream and reason:
        raise typer.BadParameter("expected --reason without --stream: stream batches have no reason")
    at = None if since is None else read_time("--since", since)
    target = connected(stack)
    name_target(target)
    command = f"redrive{' --stream' if stream else ''}"
    with interruptible(lambda: _REDRIVE_STOPPED), showing(command, target) as show:
        name = "reading what the forwarder gave up" if stream else "reading the dead letters"
        show(name)

        def report(left: int) -> None:
            show(Step(name, left=left))

        if stream:
            failures = stream_failures.redrive(target, at, report, dry_run=dry_run)
            good = not any(failure.problem for failure in failures)
            answer: Any = [asdict(failure) for failure in failures]
        else:
            redriven = dead_letters.redrive(target, reason, at, report, dry_run=dry_run)
            good = dry_run or not (redriven.unsent or redriven.too_large)
            answer = asdict(redriven)
    if as_json:
        print_json(answer)
    elif stream:
        _show_stream_failures(failures, dry_run)
    else:
        _show_dead_letters(redriven, dry_run)
    if not good:
        raise typer.Exit(1)


def _show_stream_failures(failures: list[StreamFailure], dry_run: bool) -> None:
    table = Table("given up", "records", "raw object, or why it was not written")
    for failure in failures:
        came_to = "\n".join(failure.raw) if failure.problem is None else Text(failure.problem, style="red")
        table.add_row(f"{failure.last_modified:%Y-%m-%d %H:%M}\n{failure.key}", str(failure.records), came_to)
    if not failures:
        out.print("The forwarder gave up no batch. Next: glueline status")
        return
    out.print(table)
    if dry_run:
        out.print("Nothing was moved. Next: glueline redrive --stream")
    else:
        out.print(
            "The raw objects are merged in a minute or so. Their failures are now in aws/lambda/redriven/. "
            "Next: glueline parity"
        )


def _show_dead_letters(redriven: Redriven, dry_run: bool) -> None:
    table = Table("reason", "would go back" if dry_run else "sent back")
    for reason, count in sorted(redriven.moved.items()):
        table.add_row(Text(reason), f"{count:,}")
    if redriven.moved:
        out.print(table)
    out.print(f"{redriven.stay:,} other dead letters stay in the queue.")
    if redriven.unsent:
        out.print(
            f"The inbound queue refused {redriven.unsent:,} messages, which stay. Run this again.",
            style="red",
        )
    if redriven.too_large:
        out.print(Text(redriven.not_sent, style="red"))
    if dry_run:
        out.print("Nothing was moved. Next: glueline redrive --reason CODE")
        return
    if redriven.came:
        out.print(f"{redriven.came:,} arrived meanwhile: new, or rejected again.", style="yellow")
    out.print("Messages that are rejected again return with their reasons. Next: glueline redrive --dry-run")
