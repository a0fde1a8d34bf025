"""`glueline erase`: remove the rows of keys from everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.app import app
from workflows.cli.printing import (
    AsJson,
    DatasetName,
    StackName,
    err,
    out,
    print_json,
)
from workflows.cli.showing import Step, connected, showing


@app.command()
def erase(  # noqa: PLR0913, PLR0917 -- the options of a command
    dataset: DatasetName,
    keys: Annotated[list[str], typer.Argument(help="Key texts, as in the Data API's paths.")],
    lift: Annotated[bool, typer.Option("--lift", help="Accept rows of erased keys again.")] = False,
    remove_unreadable: Annotated[
        bool, typer.Option("--remove-unreadable", help="Also delete files that can't be searched.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Remove the rows of keys from everywhere, for ever, and prove it. After a stop, run it again.

    It removes them from DynamoDB, from every version of RAW objects, from tables and their snapshots, from
    quarantine and dead letters. Until --lift, writes of the keys are refused (410), and no replay or late
    message brings a row back.
    """
    from workflows.cli.confirming import confirm
    from workflows.cli.exit_codes import interruptible
    from workflows.operations import erase as erasing
    from workflows.operations.erase_messages import dead_letters_of
    from workflows.operations.erase_report import dead_letters_report, proof_report
    from workflows.query.history import contract_of

    target = connected(stack)
    with showing("erase: find", target) as show:
        show("hashing the keys")
        erasure = erasing.plan(target, contract_of(target, dataset), keys)
        show("searching the dead letters")
        letters = [] if lift or yes else dead_letters_of(target, erasure.keys)
    number = len(erasure.keys.texts)
    if lift:
        confirm(target, f"Accept rows of {number} erased keys of {dataset} again", yes=yes)
    else:
        err.print(dead_letters_report(letters))
        action = f"Erase {number} keys of {dataset} for ever, and their {len(letters)} dead letters"
        confirm(target, action, yes=yes)
    progress = erasing.Progress(lambda line: None)
    with (
        interruptible(lambda: f"{progress} The same command goes on from there."),
        showing(f"erase{' --lift' if lift else ''}", target) as show,
    ):
        progress.report = lambda line: show(erase_step(line))
        result = (
            erasing.unblock(target, erasure, progress)
            if lift
            else erasing.erase(target, erasure, progress, remove_unreadable=remove_unreadable)
        )
    if isinstance(result, int):
        print_unblocked(result, dataset, len(keys), as_json=as_json)
        return
    if as_json:
        print_json(result.to_dict())
    else:
        out.print(proof_report(result, target.output("OpsDatabase")))
        if result.is_complete:
            out.print("Next: nothing. To accept rows of the keys again one day: the same command with --lift")
    if not result.is_complete:
        raise typer.Exit(1)


def print_unblocked(unblocked: int, dataset: str, keys: int, *, as_json: bool) -> None:
    """How many of the keys were unblocked, and how to get their rows back."""
    if as_json:
        print_json({"lifted": unblocked})
    else:
        out.print(
            f"{unblocked} of {keys} keys were erased; rows of them that are newer are accepted again. "
            f"Next, for rows that came in the meantime: glueline parity {dataset} --repair"
        )


def erase_step(line: str) -> Step:
    """A line of an erasure, such as "1 of 6, block the keys: starting the job"."""
    name, _, state = line.partition(": ")
    return Step(name, state)
