"""The command that removes a person's rows from everywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

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
)


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

    From DynamoDB, every version of RAW objects, tables and their past, quarantine and dead letters. Until
    --lift, writes of the keys are refused (410), and no replay or late message brings a row back.
    """
    from workflows.cli.confirming import confirm
    from workflows.cli.exit_codes import interruptible
    from workflows.operations import erase as erasing
    from workflows.operations.erase_report import letters_picture, proof_picture
    from workflows.query.history import contract_of
    from workflows.stack.target import connect

    target = connect(stack)
    erasure = erasing.plan(target, contract_of(target, dataset), keys)
    number = len(erasure.keys.texts)
    if lift:
        confirm(target, f"Let rows of {number} erased keys of {dataset} come again", yes=yes)
    else:
        letters = [] if yes else erasing.letters_of(target, erasure.keys)
        err.print(letters_picture(letters))
        action = f"Erase {number} keys of {dataset} for ever, with {len(letters)} dead letters of theirs"
        confirm(target, action, yes=yes)
    with showing_progress(erase_progress) as tell:
        course = erasing.Course(tell)
        with interruptible(lambda: f"{course} The same command goes on from there."):
            if lift:
                answer: dict[str, Any] = {"lifted": erasing.lift(target, erasure, course)}
            else:
                answer = erasing.erase(target, erasure, course, remove_unreadable=remove_unreadable)
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


def erase_progress(step: str, started: datetime) -> Text:
    """Which phase it is in, or what it waits for."""
    return Text(f"  {(datetime.now(UTC) - started).seconds:>4} s   {step}")
