"""What commands print: consoles, JSON, tables. Also the options that commands share."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    import pyarrow as pa

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
StackName = Annotated[
    str | None,
    typer.Option("--stack", help="A stack on AWS (default: GLUELINE_STACK, else the local stack)."),
]

DatasetName = Annotated[str, typer.Argument(help="Name of the dataset, e.g. transactions.")]

_PAGE_WIDTH: Final = 130  # when output goes to a file or a pipe


def console_on(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else _PAGE_WIDTH)


out = console_on(stderr=False)
err = console_on(stderr=True)


def print_json(result: Any) -> None:
    """Print one JSON document on stdout. Decimals become text with all digits, times ISO 8601."""
    sys.stdout.write(json.dumps(result, default=_plain, indent=2) + "\n")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def arrow_table(result: pa.Table, width: int) -> RenderableType:
    """A result as a table, or row by row if the table is wider than `width` characters."""
    from workflows.query.results import values

    cells = [
        [Text("" if value is None else cell(value)) for value in values(column)] for column in result.columns
    ]
    names = [Text(name) for name in result.column_names]
    needed = 1 + sum(
        3 + max(text.cell_len for text in (name, *column)) for name, column in zip(names, cells, strict=True)
    )
    if needed > width and result.num_rows:
        return _records(names, cells)
    table = Table(*map(Column, names))
    for row in zip(*cells, strict=True):
        table.add_row(*row)
    return table


def _records(names: list[Text], cells: list[list[Text]]) -> Table:
    """Two columns, name and value, with a section for each row."""
    table = Table(show_header=False)
    for row in zip(*cells, strict=True):
        for name, value in zip(names, row, strict=True):
            table.add_row(name, value)
        table.add_section()
    return table


def cell(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def read_time(option: str, text: str) -> datetime:
    from expectations.timestamps import parse

    time = parse(text)
    if time is None:
        raise typer.BadParameter(
            f"expected a time in ISO 8601, such as 2026-11-24T12:00:00Z, got {text!r}", param_hint=option
        )
    return time
