"""Commands for the local stack: start, stop, show."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.app import app
from workflows.cli.confirming import confirm
from workflows.cli.exit_codes import interruptible
from workflows.cli.printing import AsJson, err, out, print_json


@app.command()
def up(as_json: AsJson = False) -> None:
    """Start the local stack: the embedded AWS with the whole template, the local Glue, a warm Spark."""
    from workflows.local.base.environment import act_locally
    from workflows.local.lifecycle import stack

    act_locally()
    with interruptible(
        lambda: "What was started is stopped again. Run the command again to start the stack."
    ):
        started = stack.up(report=lambda line: err.print(f"  {line}", style="dim"))
    if as_json:
        print_json(started.to_dict())
        return
    out.print(started.notice)
    out.print("Next: make run (real data through every stage), glueline status (logs), make down (stop it).")


@app.command()
def down(
    keep: Annotated[bool, typer.Option("--keep", help="Keep the data for the next glueline up.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Stop the local stack and all its processes, and delete its data unless --keep is given.

    If the stack has data, it is counted, and you are asked to confirm.
    """
    from workflows.local.base.environment import act_locally
    from workflows.local.base.home import DEFAULT
    from workflows.local.lifecycle import stack
    from workflows.local.lifecycle.holdings import holdings
    from workflows.local.ministack.keeping import is_kept

    act_locally()
    running = stack.running_stack(DEFAULT)
    if running is not None and not keep:
        held = holdings(running)
        if not held.is_empty:
            err.print(f"The stack holds {held}.", style="yellow")
            confirm(None, "Stop the stack and delete all of it (--keep keeps it)", yes=yes)
    elif is_kept(DEFAULT.kept) and not keep:
        err.print("Data of a stopped stack is kept for the next make up.", style="yellow")
        confirm(None, "Delete the kept data", yes=yes)
    out.print(stack.down(keep=keep))


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show what runs here, its addresses, the latest workflow runs and where the logs are."""
    from workflows.local.base.environment import act_locally
    from workflows.local.lifecycle import stack

    act_locally()
    state = stack.status()
    if as_json:
        print_json(state.to_dict())
    else:
        out.print(state.render())
    if not state.running:
        raise typer.Exit(1)
