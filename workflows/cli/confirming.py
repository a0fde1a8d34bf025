"""Asks for confirmation before a command changes or deletes something that can't be restored."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from workflows.cli.printing import err

if TYPE_CHECKING:
    from workflows.stack.target import Target


def name_target(target: Target) -> None:
    """Print on stderr which stack on AWS a command acts on; nothing for the local stack."""
    if target.is_on_aws:
        err.print(f"On AWS: {target.description}", style="yellow")


def confirm(target: Target | None, action: str, *, yes: bool) -> None:
    """Return if the user agrees to `action` ("Erase 2 keys of orders for ever"), else end the command.

    With `yes`, no question is asked. For a stack on AWS the user has to type its name, so that an exported
    GLUELINE_STACK is never overlooked; for the local stack, or without a target, y is enough. Without a
    terminal the command is refused with exit code 2.
    """
    if target is not None:
        name_target(target)
    if yes:
        return
    if not is_interactive():
        raise typer.BadParameter(
            f"expected --yes, as there is no terminal to confirm at: {action}?", param_hint="--yes"
        )
    if target is None or not target.is_on_aws:
        typer.confirm(f"{action}?", abort=True, err=True)
        return
    typed = typer.prompt(f"{action}? Type the stack's name ({target.stack}) to continue", err=True)
    if typed.strip() != target.stack:
        err.print(f"Expected {target.stack}, got {typed.strip()!r}: nothing was changed.", style="red")
        raise typer.Exit(1)


def is_interactive() -> bool:
    """Whether a user at a terminal can answer."""
    return sys.stdin.isatty()
