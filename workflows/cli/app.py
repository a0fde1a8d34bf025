"""The command line `glueline`. Each command parses, calls one function, prints, and says what to do next.

Exit code 0 only on success. `--json` prints the answer for a program in place of the picture for a person.
"""

import typer

from workflows.cli.ending import Commands

app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)
contract_app = typer.Typer(no_args_is_help=True, help="Check the contracts, or start a new one.")
