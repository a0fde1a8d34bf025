"""The command line `glueline`. Each command parses, calls one function, prints, and says what to do next.

Exit code 0 only on success. `--json` prints the answer for a program in place of the picture for a person.
"""

from typing import Annotated

import typer

from workflows.cli.ending import Commands

app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)
contract_app = typer.Typer(no_args_is_help=True, help="Check the contracts, or start a new one.")


def show_version(asked: bool) -> None:
    """Print the version of the package and end."""
    if asked:
        from importlib.metadata import version

        typer.echo(f"glueline {version('glueline')}")
        raise typer.Exit


@app.callback(help=__doc__)
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What goes before a command."""
