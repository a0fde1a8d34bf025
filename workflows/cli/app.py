"""Operate a Glueline stack: the local one, or one on AWS.

The exit code is 0 only on success. `--json` prints JSON instead of text for people.
"""

from typing import Annotated

import typer

from workflows.cli.exit_codes import Commands

app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)
contract_app = typer.Typer(no_args_is_help=True, help="Check contracts, or draft a new one.")
export_app = typer.Typer(no_args_is_help=True, help="Write what other tools read, from the contracts.")
bi_app = typer.Typer(no_args_is_help=True, help="Write what BI tools need to read the lake.")


def show_version(requested: bool) -> None:
    """Print the version of the package and exit."""
    if requested:
        from importlib.metadata import version

        typer.echo(f"glueline {version('glueline')}")
        raise typer.Exit


@app.callback(help=__doc__)
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that come before a command."""
