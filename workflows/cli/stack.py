"""Commands about a stack: start it, end it, look at it, deploy it."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.app import app
from workflows.cli.confirming import confirm
from workflows.cli.ending import interruptible
from workflows.cli.printing import AsJson, err, out, print_json


@app.command()
def up(as_json: AsJson = False) -> None:
    """Start the local stack: the embedded AWS with the whole template, the local Glue, a warm Spark."""
    from workflows.local.base.environment import act_locally
    from workflows.local.lifecycle import stack

    act_locally()
    with interruptible(lambda: "What was started is ended again; the same command starts the stack."):
        started = stack.up(report=lambda line: err.print(f"  {line}", style="dim"))
    if as_json:
        print_json(started.to_dict())
        return
    out.print(started.notice)
    out.print("Next: make run (real data through every stage), glueline status (logs), make down (end it).")


@app.command()
def down(
    keep: Annotated[bool, typer.Option("--keep", help="Keep its data for the next up.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """End the local stack and every process it started, and delete its data, unless it is to be kept.

    If it holds any, it is counted, and you are asked.
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
            confirm(None, "End the stack and delete all of it (--keep keeps it)", yes=yes)
    elif is_kept(DEFAULT.kept) and not keep:
        err.print("The data of a stack is kept for the next make up.", style="yellow")
        confirm(None, "Delete what was kept", yes=yes)
    out.print(stack.down(keep=keep))


@app.command()
def status(as_json: AsJson = False) -> None:
    """What runs here, where it listens, its latest workflow runs and where its logs are."""
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


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def deploy(context: typer.Context) -> None:
    """Build and deploy to the AWS account of your credentials (deploy --help: stack, region, parameters)."""
    from workflows.deploy import main

    raise typer.Exit(main(context.args))
