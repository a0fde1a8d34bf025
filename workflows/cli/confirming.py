"""Asks before a command changes or deletes something that can't be had back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from workflows.cli.printing import err

if TYPE_CHECKING:
    from workflows.stack.target import Target


def name_target(target: Target) -> None:
    """Say on stderr which stack on AWS a command acts on; the local stack goes without saying."""
    if target.is_on_aws:
        err.print(f"On AWS: {target.description}", style="yellow")


def confirm(target: Target | None, action: str, *, yes: bool) -> None:
    """Return if the user agrees to `action` ("Erase 2 keys of orders for ever"), else end the command.

    With `yes` nobody is asked. For a stack on AWS the user types its name, so that an exported
    GLUELINE_STACK never goes unnoticed; for the local stack (or no target) a y is enough. Without a terminal
    to ask at, the command is refused with exit code 2.
    """
    if target is not None:
        name_target(target)
    if yes:
        return
    if not is_interactive():
        raise typer.BadParameter(
            f"expected --yes, since there is no terminal to ask at: {action}?", param_hint="--yes"
        )
    if target is None or not target.is_on_aws:
        typer.confirm(f"{action}?", abort=True, err=True)
        return
    typed = typer.prompt(f"{action}? Type the stack's name ({target.stack}) to go on", err=True)
    if typed.strip() != target.stack:
        err.print(f"Expected {target.stack}, got {typed.strip()!r}: nothing was changed.", style="red")
        raise typer.Exit(1)


def is_interactive() -> bool:
    """Whether there is a user at a terminal who can answer."""
    return sys.stdin.isatty()
