"""Commands for the local stack: start it, stop it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.app import app
from workflows.cli.confirming import confirm
from workflows.cli.exit_codes import interruptible
from workflows.cli.printing import AsJson, err, out, print_json
from workflows.cli.showing import showing

if TYPE_CHECKING:
    from workflows.local.lifecycle.ours import UpOptions
    from workflows.local.lifecycle.running import Stack


class IngestMode(StrEnum):
    """How landed objects reach the tables."""

    WORKFLOW = "workflow"
    CONTINUOUS = "continuous"


@app.command()
def up(
    watch: Annotated[
        bool, typer.Option("--watch", help="Deploy again after each save, until Ctrl-C.")
    ] = False,
    as_aws: Annotated[
        bool,
        typer.Option(
            "--as-aws",
            help="Wait for batching windows as AWS does: a minute for ingest, instead of two seconds.",
        ),
    ] = False,
    mode: Annotated[
        IngestMode | None,
        typer.Option(
            help="How landed objects are merged: by the workflow ingest, or continuously by a streaming job. "
            "A stack that runs or was kept stays in its mode; a new one begins in workflow.",
            show_default=False,
        ),
    ] = None,
    enable_stream: Annotated[
        bool, typer.Option("--enable-stream", help="Enable the streams of existing tables that have none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start the local stack: the embedded AWS with the whole template, the local Glue, a warm Spark.

    To a stack that runs, deploy the contracts, functions and jobs that have changed; its data, its timing and
    its mode are kept.
    """
    from workflows.local.base.environment import act_locally
    from workflows.local.lifecycle.ours import UpOptions

    if watch and as_json:
        raise typer.BadParameter("expected --watch or --json, got both", param_hint="--watch")
    act_locally()
    options = UpOptions(as_aws=as_aws, mode=mode, enables_streams=enable_stream)
    if watch:
        from workflows.cli.watching import deploy_saves

        deploy_saves(lambda: start(options).notice)
        return
    started = start(options)
    if as_json:
        print_json({**started.to_dict(), "changes": started.changes and started.changes.to_dict()})
        return
    out.print(started.notice, soft_wrap=True, markup=False)
    if "Next: " not in started.notice:
        first = "glueline send FILE" if started.changes else "make run (real data through every stage)"
        out.print(f"Next: {first}, glueline status (is anything wrong?), make down (stop it).")


def start(options: UpOptions) -> Stack:
    """Start the stack or deploy to it, with a line on stderr about each step."""
    from workflows.local.base.home import DEFAULT
    from workflows.local.lifecycle import stack

    def summary() -> str:
        if stack.running_stack(DEFAULT) is None:
            return "What was started is stopped again. Run the command again to start the stack."
        return "The stack still runs. Run the command again to deploy what has changed."

    with interruptible(summary), showing("up") as show:
        return stack.up(show.say, options=options, begin=show)


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
        with showing("down: count") as show:
            show("counting what the stack holds")
            held = holdings(running)
        if not held.is_empty:
            err.print(f"The stack holds {held}.", style="yellow")
            confirm(None, "Stop the stack and delete all of it (--keep keeps it)", yes=yes)
    elif is_kept(DEFAULT.kept) and not keep:
        err.print("Data of a stopped stack is kept for the next make up.", style="yellow")
        confirm(None, "Delete the kept data", yes=yes)
    with showing(f"down{' --keep' if keep else ''}") as show:
        show("storing the data and ending the processes" if keep else "ending the processes")
        done = stack.down(keep=keep)
    out.print(f"{done} Next: make up (starts it{' with its data' if keep else ' empty'}).")
