"""The page on which a reader runs a SELECT."""

from __future__ import annotations

import io
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from expectations.problems import GluelineError
from workflows.console.answering import Console, Page
from workflows.console.views import contracts as contract_views
from workflows.console.views import results as result_views
from workflows.console.views.masking import HIDDEN
from workflows.query.output import write_csv
from workflows.query.sql import BYTES_READ, query

if TYPE_CHECKING:
    import pyarrow as pa
    from starlette.requests import Request


MOST_ROWS: Final = 1000  # of a result that are shown; a download has all


class NoStatement(GluelineError):
    """Raised when there is no statement to run."""


def sql(console: Console, request: Request) -> Page:
    """The editor and, if the address has a statement, its result."""
    known = console.readings.contracts()
    tables = {name: [column.name for column in one.columns] for name, one in known.items()}
    starts = [one for name in known for one in contract_views.statements(known, name)]
    given = request.query_params.get("sql", "")
    values = {"tables": tables, "statements": starts, "sql": given, "ops": _ops_tables(console)}
    return Page("sql.html", values, "SQL")


def sql_result(console: Console, request: Request) -> Page:
    """The result of a statement as a table and, if it makes one, a chart."""
    statement, unmasked = _statement(request)
    started = perf_counter()
    result = query(console.readings.target, statement)
    seconds = perf_counter() - started
    hidden = _hidden(console, statement, result, unmasked=unmasked)
    found = result_views.table_rows(result.slice(0, MOST_ROWS), hidden)
    return Page(
        "sql_result.html",
        {
            "names": result.column_names,
            "rows": found,
            "chart": result_views.chart(result.column_names, found),
            "total": result.num_rows,
            "seconds": seconds,
            "read": int((result.schema.metadata or {}).get(BYTES_READ, 0)),
            "hidden": sorted(hidden),
            "unmasked": unmasked,
            "sql": statement,
        },
    )


def sql_csv(console: Console, request: Request) -> Response:
    """The whole result of a statement as a CSV file."""
    statement, unmasked = _statement(request)
    result = query(console.readings.target, statement)
    for name in _hidden(console, statement, result, unmasked=unmasked):
        place = result.schema.get_field_index(name)
        result = result.set_column(place, name, [[HIDDEN] * result.num_rows])
    written = io.StringIO()
    write_csv(result, written)
    headers = {"content-disposition": 'attachment; filename="result.csv"'}
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _statement(request: Request) -> tuple[str, bool]:
    """The statement, and whether restricted columns are shown."""
    given: dict[str, Any] = getattr(request.state, "form", None) or dict(request.query_params)
    statement = str(given.get("sql", "")).strip().rstrip(";")
    if not statement:
        raise NoStatement("Expected a SELECT, got nothing. Type one, or choose one of the examples.")
    return statement, given.get("restricted") == "shown"


def _hidden(console: Console, statement: str, result: pa.Table, *, unmasked: bool) -> frozenset[str]:
    if unmasked:
        return frozenset()
    known = console.readings.contracts().values()
    return result_views.hidden_columns(statement, result.column_names, known)


def _ops_tables(console: Console) -> list[str]:
    database = console.readings.target.outputs.get("OpsDatabase", "lake_ops")
    return [f"{database}.{name}" for name in ("batches", "quarantine", "quality_results", "parity_results")]
