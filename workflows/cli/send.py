"""The command that puts a file of messages on the inbound queue, or shows what they would become."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from workflows.cli.app import app
from workflows.cli.confirming import name_target
from workflows.cli.exit_codes import interruptible
from workflows.cli.printing import AsJson, StackName, cell, out, print_json
from workflows.cli.showing import Step, connected, showing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.operations.previews import Preview

_LONGEST_ID: Final = 40  # characters that are shown
MOST_SHOWN: Final = 20  # accepted events, column by column; rejected ones are all shown


@app.command()
def send(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Send nothing: show what each message would become. Needs no stack."),
    ] = False,
    dataset: Annotated[
        str | None,
        typer.Option(help="With --dry-run: read the messages by the contract of this dataset alone."),
    ] = None,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Put the lines of FILE on the inbound queue: CloudEvents as JSON, or what a contract describes.

    With --dry-run, show each event column by column, with what alignment changes and every violation; exit
    with 1 if one would be rejected.
    """
    from workflows.operations.sending import read_messages

    with showing("send: read") as show:
        show("reading the messages")
        bodies = read_messages(file)
    if dry_run:
        _show(bodies, dataset, as_json=as_json)
    elif dataset is not None:
        raise typer.BadParameter("Expected --dataset with --dry-run alone; messages say their dataset.")
    else:
        _send(bodies, stack, as_json=as_json)


def _send(bodies: Sequence[str], stack: str | None, *, as_json: bool) -> None:
    from workflows.operations.sending import send as send_bodies

    target = connected(stack)
    name_target(target)
    sent = Counter[str]()

    def summary() -> str:
        return (
            f"{sent['messages']:,} of {len(bodies):,} messages are sent, possibly a few more. Run the "
            "command again to send all of them: a message that arrives twice changes nothing."
        )

    with interruptible(summary), showing(f"send {len(bodies)}", target) as show:

        def report(more: int) -> None:
            sent.update(messages=more)
            show(Step("sending messages", left=len(bodies) - sent["messages"]))

        show(Step("sending messages", left=len(bodies)))
        send_bodies(target, bodies, report)
    queue = target.output("InboundQueueUrl")
    if as_json:
        print_json({"messages": len(bodies), "queue": queue})
        return
    out.print(
        f"Sent {len(bodies):,} messages to {queue}. Rejected messages go to "
        "the dead-letter queue with their reasons; the others are in the table in a minute or so. "
        "Next: glueline status"
    )


def _show(bodies: Sequence[str], dataset: str | None, *, as_json: bool) -> None:
    from expectations.odcs import load_contracts
    from workflows.operations.previews import previews

    found: list[Preview] = []
    with showing(f"send --dry-run {len(bodies)}") as show:
        show("reading the contracts")
        contracts = load_contracts()
        if dataset is not None and dataset not in contracts:
            raise typer.BadParameter(f"Expected one of {', '.join(contracts)}, got {dataset}.")
        for one in previews(bodies, contracts if dataset is None else {dataset: contracts[dataset]}):
            found.append(one)
            show(Step("checking the messages", left=len(bodies) - one.number))
    rejected = [one for one in found if not one.is_accepted]
    accepted = [one for one in found if one.is_accepted]
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        for one in sorted(chain(accepted[:MOST_SHOWN], rejected), key=lambda one: one.number):
            _show_event(one)
        if (more := len(accepted) - MOST_SHOWN) > 0:
            out.print(f"{more:,} more accepted events are not shown; --json has all of them.")
        out.print(f"{len(accepted):,} of {len(found):,} events keep their contract. Nothing was sent.")
        out.print(
            "Next: correct the messages, or the contract, and run this again."
            if rejected
            else "Next: run the command without --dry-run to send the messages."
        )
    if rejected:
        raise typer.Exit(1)


def _show_event(one: Preview) -> None:
    if one.skipped:
        out.print(f"message {one.number}: skipped, {one.skipped}", markup=False)
        return
    what = " ".join(filter(None, (one.dataset, one.op))) or "no dataset"
    event = one.event_id if len(one.event_id) <= _LONGEST_ID else one.event_id[: _LONGEST_ID - 1] + "…"
    head = f"message {one.number}: {what}, event {event or '-'}"
    if not one.is_accepted:
        out.print(f"{head}: {one.reason}", style="red", markup=False)
        for path, message in one.violations:
            out.print(f"  {path}: {message}", markup=False)
        return
    out.print(f"{head}, at {one.time or 'the time of sending'}", style="green", markup=False)
    table = Table("column", "value", "changed")
    for value in one.values:
        changes = ", ".join(
            rule if before is None else f"{rule}: {before!r}" for rule, before in value.changes
        )
        table.add_row(value.column, Text("null" if value.value is None else cell(value.value)), Text(changes))
    out.print(table)
