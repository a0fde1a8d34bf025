"""The command that serves the console."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.app import app
from workflows.cli.printing import StackName, err, out
from workflows.cli.showing import connected


@app.command()
def console(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1 (default: 4620, else a free one).")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in your browser.")] = False,
    stack: StackName = None,
) -> None:
    """Serve web pages on this machine that show what the stack knows, until Ctrl-C.

    Only the browser that opens the printed address gets in. Nothing is deployed: the pages ask the stack with
    your own credentials, and an action of theirs does what a command would do.
    """
    from workflows.console.server import serve

    target = connected(stack)
    if target.is_on_aws:
        err.print(f"On AWS: {target.description}", style="yellow")

    def opened(address: str) -> None:
        out.print(f"The console is at {address}", soft_wrap=True, markup=False)
        out.print("Next: open it in a browser. Ctrl-C ends it.", style="dim")
        if open_browser:
            import webbrowser

            webbrowser.open(address)

    serve(target, port, opened)
