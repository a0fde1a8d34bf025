"""Commands that read from the stack: SQL, history, a token for the Data API."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from workflows.cli.app import app
from workflows.cli.printing import (
    AsJson,
    DatasetName,
    StackName,
    arrow_table,
    cell,
    out,
    print_json,
    read_time,
)
from workflows.cli.showing import connected, showing

MOST_ROWS: Final = 2**31 - 1


@app.command()
def query(
    sql: str,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write a .csv or .parquet file.")] = None,
    stack: StackName = None,
) -> None:
    """Run one SELECT in Athena's dialect over the lake.

    Locally the datasets are in the database `lake` and bookkeeping in `lake_ops`; a stack on AWS has
    `<stack>_lake` and `<stack>_ops`. Tables of datasets need no database.
    A result that is wider than the terminal is printed row by row.
    """
    from workflows.query.output import write_csv, write_file
    from workflows.query.sql import BYTES_READ, rows
    from workflows.query.sql import query as run_query

    if as_json + as_csv + (output is not None) > 1:
        raise typer.BadParameter("choose one of --json, --csv and --output")
    target = connected(stack)
    started = perf_counter()
    statement = sha256(sql.encode()).hexdigest()[:12]  # how long another one took says nothing
    with showing(f"query {statement}", target) as show:
        show("waiting for the result")
        result = run_query(target, sql)
    seconds = perf_counter() - started
    if as_json:
        print_json(rows(result))
    elif as_csv:
        write_csv(result, sys.stdout)
    else:
        if output:
            write_file(result, output)
            out.print(f"Wrote {output}.")
        else:
            out.print(arrow_table(result, out.width))
        read = int((result.schema.metadata or {}).get(BYTES_READ, 0))
        out.print(
            f"{result.num_rows} rows, {seconds:.1f} s, {_size(read)} read. Next: --output FILE keeps it",
            style="dim",
        )


def _size(count: int) -> str:
    """Bytes as people write them."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


@app.command()
def history(  # noqa: PLR0913, PLR0917 -- the options of a command
    dataset: DatasetName,
    key: Annotated[str | None, typer.Option(help="Key text, as in paths of the Data API.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Only versions valid at this time (ISO 8601, UTC).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Maximum number of rows.")] = 1000,
    as_json: AsJson = False,
    stack: StackName = None,
) -> None:
    """Show every version of a dataset's rows and when it was valid (SCD type 2).

    The versions are all accepted changes.
    """
    from workflows.query import history as histories
    from workflows.query.sql import rows

    at = None if as_of is None else read_time("--as-of", as_of)
    target = connected(stack)
    with showing(f"history {dataset}{' --key' if key else ''}", target) as show:
        show("reading the contracts")
        contract = histories.contract_of(target, dataset)
        show("reading the changes")
        versions = rows(histories.history(target, contract, key, at, limit))
    if as_json:
        print_json(versions)
        return
    table = Table("key", "from", "to", "what changed")
    for version, changed in zip(versions, histories.what_changed(versions, contract), strict=True):
        description = "deleted" if changed is None else _describe(changed)
        coarse = " (from an export)" if version["is_coarse"] in (True, "true") else ""
        times = (str(version[name] or "") for name in ("valid_from", "valid_to"))
        table.add_row(Text(version["_key"]), *times, Text(description + coarse))
    out.print(table)
    cut = "; there may be more: --limit, --key" if len(versions) == limit else ""
    out.print(
        f"{len(versions)} versions{cut}. Next: glueline console shows where each came from", style="dim"
    )


def _describe(changed: dict[str, Any]) -> str:
    values = {name: "null" if value is None else cell(value) for name, value in changed.items()}
    return "  ".join(f"{name} {value}" for name, value in values.items()) or "nothing"


@app.command()
def token(
    scope: Annotated[
        str, typer.Option(help="Requested scopes, separated by blanks.")
    ] = "glueline/read glueline/write glueline/delete",
    stack: StackName = None,
) -> None:
    """Print a bearer token of the stack's client, for calls to the Data API."""
    from workflows.stack.access_token import fetch_token

    target = connected(stack)
    with showing("token", target) as show:
        show("waiting for the token")
        found = fetch_token(target, scope)
    sys.stdout.write(found + "\n")
