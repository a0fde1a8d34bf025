"""The command that removes a person's rows from everywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from workflows.cli.app import app
from workflows.cli.printing import (
    AsJson,
    DatasetName,
    StackName,
    err,
    out,
    print_json,
    showing_progress,
    speaking_plainly,
)

if TYPE_CHECKING:
    from workflows.dead_letters import Letter


@app.command()
def erase(  # noqa: PLR0913, PLR0917 -- the options of a command
    dataset: DatasetName,
    keys: Annotated[list[str], typer.Argument(help="Key texts, as in the Data API's paths.")],
    lift: Annotated[bool, typer.Option("--lift", help="Let rows of erased keys come again.")] = False,
    remove_unreadable: Annotated[
        bool, typer.Option("--remove-unreadable", help="Delete files that can't be searched, too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Remove the rows of keys from everywhere, for ever, and prove it. Stopped anywhere, it can be run again.

    From DynamoDB, every version of RAW objects, tables and their past, quarantine and dead letters. A
    tombstone of each key stays, so that no replay brings a row back, until --lift.
    """
    from workflows import erase as erasing
    from workflows.erase_report import proof_picture
    from workflows.history import contract_of
    from workflows.target import connect

    with speaking_plainly():
        target = connect(stack)
        erasure = erasing.plan(target, contract_of(target, dataset), keys)
        if not yes:
            _ask_to_erase(erasing.letters_of(target, erasure.keys), dataset, keys, lift=lift)
        with showing_progress(erase_progress) as tell:
            if lift:
                answer: dict[str, Any] = {"lifted": erasing.lift(target, erasure, tell)}
            else:
                answer = erasing.erase(target, erasure, tell, remove_unreadable=remove_unreadable)
    if as_json:
        print_json(answer)
    elif lift:
        out.print(
            f"{answer['lifted']} of {len(keys)} keys were erased; their rows may come again, if they are "
            f"newer. What came meanwhile: glueline parity {dataset} --repair"
        )
    else:
        out.print(proof_picture(answer))
    if not answer.get("is_complete", True):
        raise typer.Exit(1)


def _ask_to_erase(letters: list[Letter], dataset: str, keys: list[str], *, lift: bool) -> None:
    from workflows.erase_report import letters_picture

    if lift:
        typer.confirm(f"Let rows of {len(keys)} erased keys of {dataset} come again?", abort=True, err=True)
        return
    err.print(letters_picture(letters))
    typer.confirm(
        f"Erase {len(keys)} keys of {dataset} for ever, with {len(letters)} dead letters of theirs?",
        abort=True,
        err=True,
    )


def erase_progress(step: str, started: datetime) -> Text:
    """Which phase it is in, or what it waits for."""
    return Text(f"  {(datetime.now(UTC) - started).seconds:>4} s   {step}")
