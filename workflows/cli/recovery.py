"""Commands for what got stuck: quarantined rows, dead letters, stream batches that were given up."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from workflows.cli.app import app
from workflows.cli.confirming import name_target
from workflows.cli.ending import interruptible
from workflows.cli.printing import (
    AsJson,
    StackName,
    out,
    print_json,
    progress,
    read_time,
    showing_progress,
)

if TYPE_CHECKING:
    from workflows.operations.dead_letters import Redriven
    from workflows.operations.replay import Replay
    from workflows.operations.stream_failures import Failure

_REPLAY_GOES_ON: Final = (
    "Files that were announced are read; those that were not stay as they are. The same command announces "
    "all of them: reading a file twice changes nothing."
)
_REDRIVE_GOES_ON: Final = (
    "What was put on its way goes on; the rest stays where it is (glueline redrive --dry-run). The same "
    "command goes on from there."
)


@app.command()
def replay(  # noqa: PLR0913, PLR0917 -- the options of a command
    batch: Annotated[str | None, typer.Argument(help="A batch: all its files are read again.")] = None,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="The files of quarantined rows.")] = False,
    dataset: Annotated[str | None, typer.Option(help="Quarantined rows of this dataset.")] = None,
    reason: Annotated[str | None, typer.Option(help="Quarantined rows with this text in a reason.")] = None,
    since: Annotated[str | None, typer.Option(help="Rows quarantined since then (ISO 8601, UTC).")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return when the files are merged.")] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Read files again by the contracts as they are now: a batch's, or those of quarantined rows.

    Harmless: what was accepted before keeps its place in the order and changes nothing.
    """
    from workflows.operations import replay as replays
    from workflows.query.history import contract_of
    from workflows.stack.target import connect

    if (batch is not None) == quarantine or (batch is not None and (dataset or reason or since)):
        raise typer.BadParameter(
            "expected BATCH, or --quarantine with or without --dataset, --reason, --since"
        )
    chosen = replays.Selection(dataset, reason, None if since is None else read_time("--since", since))
    target = connect(stack)
    name_target(target)
    if dataset is not None:
        contract_of(target, dataset)
    if batch is None:
        found = replays.of_quarantine(target, chosen, target.contracts())
    else:
        found = replays.of_batch(target, batch, target.contracts())
    with interruptible(lambda: _REPLAY_GOES_ON):
        if wait:
            with showing_progress(progress) as tell:
                read = replays.read_again(target, found, tell)
        else:
            read = replays.read_again(target, found)
    if as_json:
        print_json(asdict(found) | {"read": read})
    else:
        _show_replay(found, read)
    if found.lost:
        raise typer.Exit(1)


def _show_replay(found: Replay, read: dict[str, int] | None) -> None:
    if found.rows == 0:
        out.print("No row in quarantine is selected: nothing was announced.")
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
        out.print("Rows that are refused again are in lake_ops.quarantine, under the new batch.")


@app.command()
def redrive(  # noqa: PLR0913, PLR0917 -- the options of a command
    stream: Annotated[bool, typer.Option("--stream", help="What the stream's forwarder gave up.")] = False,
    reason: Annotated[str | None, typer.Option(help="Dead letters of this reason only.")] = None,
    since: Annotated[str | None, typer.Option(help="What ended there since then (ISO 8601, UTC).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is there, move nothing.")] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Put what ended in a dead end on its way again: refused messages or, with --stream, stream batches."""
    from workflows.operations import dead_letters, stream_failures
    from workflows.stack.target import connect

    if stream and reason:
        raise typer.BadParameter("expected --reason without --stream: a stream batch has none")
    at = None if since is None else read_time("--since", since)
    target = connect(stack)
    name_target(target)
    with interruptible(lambda: _REDRIVE_GOES_ON):
        if stream:
            failures = stream_failures.redrive(target, at, dry_run=dry_run)
            good = not any(failure.problem for failure in failures)
            answer: Any = [asdict(failure) for failure in failures]
        else:
            letters = dead_letters.redrive(target, reason, at, dry_run=dry_run)
            good, answer = letters.unsent == 0, asdict(letters)
    if as_json:
        print_json(answer)
    elif stream:
        _show_failures(failures, dry_run)
    else:
        _show_letters(letters, dry_run)
    if not good:
        raise typer.Exit(1)


def _show_failures(failures: list[Failure], dry_run: bool) -> None:
    table = Table("given up", "records", "raw object, or why not")
    for failure in failures:
        came_to = "\n".join(failure.raw) if failure.problem is None else Text(failure.problem, style="red")
        table.add_row(f"{failure.last_modified:%Y-%m-%d %H:%M}\n{failure.key}", str(failure.records), came_to)
    if not failures:
        out.print("The forwarder gave up no batch.")
        return
    out.print(table)
    if dry_run:
        out.print("Nothing was moved. Next: glueline redrive --stream")
    else:
        out.print("The raw objects are merged in a minute or so; their failures lie in aws/lambda/redriven/.")


def _show_letters(letters: Redriven, dry_run: bool) -> None:
    table = Table("reason", "would go back" if dry_run else "sent back")
    for reason, count in sorted(letters.moved.items()):
        table.add_row(Text(reason), f"{count:,}")
    if letters.moved:
        out.print(table)
    out.print(f"{letters.stay:,} other letters stay in the dead-letter queue.")
    if letters.unsent:
        out.print(f"The inbound queue did not take {letters.unsent:,}: they stay, try again.", style="red")
    if dry_run:
        out.print("Nothing was moved. Next: glueline redrive --reason CODE")
        return
    if letters.came:
        out.print(f"{letters.came:,} came meanwhile: new, or refused again.", style="yellow")
    out.print("What is refused again comes back there, with its reasons: glueline redrive --dry-run")
