"""Pages that answer a question of their reader: contracts, rows of a key, SQL, Data Docs."""

from __future__ import annotations

import io
import posixpath
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import yaml
from starlette.responses import HTMLResponse, Response

import expectations
from expectations.keys import decode_key, encode_key
from expectations.openapi import openapi
from expectations.problems import GluelineError
from workflows.console.answering import Console, NotFound, Page
from workflows.console.security import FOREIGN_POLICY
from workflows.console.views import contracts as contract_views
from workflows.console.views import results as result_views
from workflows.console.views import rows as row_views
from workflows.console.views.masking import HIDDEN, restricted_columns
from workflows.console.views.values import moment, truth
from workflows.query.catalog import lake_catalog, load_table
from workflows.query.dialect.errors import NoSuchTable
from workflows.query.history import contract_of, history_sql
from workflows.query.literals import text
from workflows.query.output import write_csv
from workflows.query.results import values
from workflows.query.sql import BYTES_READ, query
from workflows.query.sql import rows as as_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from starlette.requests import Request

    from expectations.contract import Contract

MOST_ROWS: Final = 1000  # of a result that are shown; a download has all
MOST_VERSIONS: Final = 200
MOST_KEYS: Final = 8
_DOCS: Final = "quality/docs"


class NoStatement(GluelineError):
    """Raised when there is no statement to run."""


def contracts(console: Console, request: Request) -> Page:
    """The list of contracts; its part is loaded when it is shown."""
    return Page("contracts.html", {}, "Contracts")


def contracts_list(console: Console, request: Request) -> Page:
    """Every contract in a line."""
    return Page("contracts_list.html", {"contracts": console.readings.contracts()})


def contract(console: Console, request: Request) -> Page:
    """The page of one contract; its part is loaded when it is shown."""
    return Page("contract.html", {"dataset": request.path_params["dataset"]}, "Contracts")


def contract_one(console: Console, request: Request) -> Page:
    """Everything about one contract. Raises UnknownDataset."""
    dataset = request.path_params["dataset"]
    known = console.readings.contracts()
    found = contract_of(console.readings.target, dataset)
    return Page(
        "contract_one.html",
        {
            "contract": found,
            "columns": contract_views.column_lines(found),
            "owner": contract_views.owner(_document(console, found)),
            "routes": contract_views.routes(openapi({dataset: found}), dataset),
            "statements": contract_views.statements(known, dataset),
            "api": console.readings.target.outputs.get("DataApiUrl", ""),
        },
    )


def contract_versions(console: Console, request: Request) -> Page:
    """The schemas that the dataset's table has had, from its metadata."""
    target = console.readings.target
    try:
        table = load_table(
            lake_catalog(target), target.output("LakeDatabase"), request.path_params["dataset"]
        )
    except NoSuchTable:
        return Page("contract_versions.html", {"versions": []})
    schemas = [
        [(field.field_id, field.name, str(field.field_type)) for field in schema.fields]
        for _, schema in sorted(table.schemas().items())
    ]
    return Page("contract_versions.html", {"versions": contract_views.schema_versions(schemas)})


def contract_examples(console: Console, request: Request) -> Page:
    """Some rows of a dataset without its restricted columns. Its reader asks for them: this scans a table."""
    found = contract_of(console.readings.target, request.path_params["dataset"])
    sql = contract_views.example_sql(found)
    if sql is None:
        raise NotFound("Every column of this dataset is restricted, so there are no rows to show.")
    result = query(console.readings.target, sql)
    return Page("result_table.html", {"names": result.column_names, "rows": _rows_of(result)})


def rows(console: Console, request: Request) -> Page:
    """The form for a key and, if one is given, its history."""
    chosen = {name: request.query_params.get(name, "").strip() for name in ("dataset", "key", "restricted")}
    found = console.readings.contracts()
    return Page("rows.html", {"contracts": found, "chosen": chosen, "query": request.url.query}, "Rows")


def rows_history(console: Console, request: Request) -> Page:
    """Every version of a key, and its current state in DynamoDB and in the table. Raises InvalidKey."""
    target = console.readings.target
    key = request.query_params.get("key", "").strip()
    found = contract_of(target, request.query_params.get("dataset", ""))
    decode_key(found, key)
    hidden = () if request.query_params.get("restricted") == "shown" else restricted_columns(found)
    versions = _query_rows(console, history_sql(found, key, limit=MOST_VERSIONS))
    current = _query_rows(console, _row_sql(found, key))
    item = _item(console, found, key)
    row = current[0] if current else None
    return Page(
        "rows_history.html",
        {
            "versions": row_views.versions(versions, found, hidden),
            "sides": row_views.sides(found, item, row, hidden),
            "has_item": item is not None,
            "has_row": row is not None,
            "key": key,
            "dataset": found.dataset,
            "has_restricted": bool(restricted_columns(found)),
            "unmasked": not hidden,
        },
    )


def rows_keys(console: Console, request: Request) -> Page:
    """Some keys of a dataset to begin with. Its reader asks for them: this scans a table."""
    found = contract_of(console.readings.target, request.query_params.get("dataset", ""))
    if not restricted_columns(found).isdisjoint(found.key):
        raise NotFound(
            "The key of this dataset is restricted, so none is proposed. Type the one you look for."
        )
    sql = f"select {', '.join(found.key)} from {found.dataset} limit {MOST_KEYS}"  # noqa: S608 -- names of a contract
    keys = [encode_key(found, _key_values(found, row)) for row in _query_rows(console, sql)]
    return Page("rows_keys.html", {"keys": keys, "dataset": found.dataset})


def _key_values(found: Contract, row: dict[str, Any]) -> dict[str, Any]:
    """The values of a key as `encode_key` reads them, of either engine."""
    kinds = {column.name: column.kind for column in found.key_columns}
    return {name: _as_sent(kinds[name], value) for name, value in row.items()}


def _as_sent(kind: str, value: Any) -> Any:
    if kind in ("int", "long"):
        return int(value)
    if kind == "decimal":
        return Decimal(str(value))
    if kind == "boolean":
        return truth(value)
    if kind.startswith("timestamp"):
        at = moment(value)
        return at and at.isoformat().replace("+00:00", "Z")
    return str(value)


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
    found = _rows_of(result.slice(0, MOST_ROWS), hidden)
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


def data_docs(console: Console, request: Request) -> Response:
    """A page of the Data Docs, in which no script runs. Raises NotFound."""
    target = console.readings.target
    path = posixpath.normpath(f"/{request.path_params['path']}").lstrip("/") or "index.html"
    found = console.readings.text(target.output("LakeBucket"), f"{_DOCS}/{path}")
    if found is None:
        raise NotFound(
            "There are no Data Docs of this name yet. Great Expectations writes them with each batch."
        )
    return HTMLResponse(found, headers={"content-security-policy": FOREIGN_POLICY})


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


def _rows_of(result: pa.Table, hidden: frozenset[str] = frozenset()) -> list[tuple[Any, ...]]:
    columns = [
        [HIDDEN] * result.num_rows if name in hidden else values(column)
        for name, column in zip(result.column_names, result.columns, strict=True)
    ]
    return list(zip(*columns, strict=True))


def _query_rows(console: Console, sql: str) -> list[dict[str, Any]]:
    """The rows of a statement; none before its table exists."""
    try:
        return as_rows(query(console.readings.target, sql))
    except NoSuchTable:
        return []


def _row_sql(found: Contract, key: str) -> str:
    """The current row of a key."""
    names = {column.name: column for column in found.key_columns}
    conditions = [
        f"{name} = {_literal(names[name].kind, value)}" for name, value in decode_key(found, key).items()
    ]
    return f"select * from {found.dataset} where {' and '.join(conditions)}"  # noqa: S608 -- values are quoted


def _literal(kind: str, value: Any) -> str:
    if kind in ("int", "long"):
        return str(int(value))
    return text(str(value)) if kind == "string" else f"cast({text(str(value))} as {kind})"


def _item(console: Console, found: Contract, key: str) -> dict[str, Any] | None:
    """The key's item in DynamoDB; None if there is none, or if it is marked as deleted or erased."""
    from boto3.dynamodb.types import TypeDeserializer

    target = console.readings.target
    answer = target.client("dynamodb").get_item(
        TableName=f"{target.output('TablePrefix')}{found.dataset}",
        Key={"_key": {"S": key}},
        ConsistentRead=True,
    )
    if "Item" not in answer:
        return None
    read = TypeDeserializer().deserialize
    item = {name: read(value) for name, value in answer["Item"].items()}
    if item.get("_deleted") or item.get("_erased"):
        return None
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Any) -> Any:
    """A value of boto3 without its class for binaries."""
    return getattr(value, "value", value)


def _document(console: Console, found: Contract) -> dict[str, Any]:
    """The contract's file as it is written; empty if it can't be read."""
    folder = console.readings.target.deployed_contracts or Path(*expectations.__path__)
    try:
        content = yaml.safe_load((folder / found.source).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _ops_tables(console: Console) -> list[str]:
    database = console.readings.target.outputs.get("OpsDatabase", "lake_ops")
    return [f"{database}.{name}" for name in ("batches", "quarantine", "quality_results", "parity_results")]
