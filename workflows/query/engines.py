"""SQL over the lake, written in Athena's dialect.

On AWS, Athena runs it. On this machine PyIceberg scans each table of the same Glue catalog (the columns
asked for, of the files that the WHERE does not rule out) and DuckDB runs the statement, transpiled by
sqlglot.
"""

from __future__ import annotations

import time
from collections import Counter
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import sqlglot
from sqlglot import exp

from expectations.problems import GluelineError
from workflows.query.row_filters import row_filter
from workflows.stack.target import LOCAL_KEY

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

    from workflows.stack.target import Target

DEFAULT_DATABASE: Final = "lake"
METADATA_TABLES: Final = ("files", "history", "manifests", "partitions", "refs", "snapshots")
_POLL_SECONDS: Final = 0.5


class QueryError(GluelineError):
    """Raised when a statement can't be run: what is wrong with it, and what there is instead."""


def query(target: Target, sql: str) -> pa.Table:
    """The rows of one SELECT in Athena's dialect, as Arrow."""
    return query_athena(target, sql) if target.endpoint_url is None else query_here(lake_catalog(target), sql)


def lake_catalog(target: Target) -> Catalog:
    """The Glue Data Catalog as PyIceberg sees it."""
    from pyiceberg.catalog import load_catalog

    properties = {"type": "glue", "client.region": target.region}
    if target.endpoint_url is not None:
        properties |= {
            "glue.endpoint": target.endpoint_url,
            "s3.endpoint": target.endpoint_url,
            "client.access-key-id": LOCAL_KEY,
            "client.secret-access-key": LOCAL_KEY,
        }
    return load_catalog("lake", **properties)


def query_here(catalog: Catalog, sql: str) -> pa.Table:
    """Run one SELECT on this machine. Raises QueryError if it is wrong or reads what isn't there."""
    import duckdb

    statement = _parse(sql)
    tables = {_qualified(node): None for node in _tables(statement)}
    with duckdb.connect(":memory:") as connection:
        connection.load_extension(_icu())
        connection.execute("set TimeZone = 'UTC'")
        for number, (database, name) in enumerate(tables):
            view = f"scan_{number}"
            connection.register(view, _scan(catalog, statement, database, name))
            for node in _tables(statement):
                if _qualified(node) == (database, name):
                    _point_at(node, view)
        try:
            return connection.execute(statement.sql(dialect="duckdb")).to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(f"{error}\nThe statement ran as: {statement.sql(dialect='duckdb')}") from error


def query_athena(target: Target, sql: str) -> pa.Table:
    """Run one statement with Athena in the stack's workgroup; every value comes back as Athena's text."""
    athena = target.client("athena")
    run = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": target.output("LakeDatabase")},
        WorkGroup=target.output("AthenaWorkGroup"),
    )["QueryExecutionId"]
    while (status := athena.get_query_execution(QueryExecutionId=run)["QueryExecution"]["Status"])[
        "State"
    ] in (
        "QUEUED",
        "RUNNING",
    ):
        time.sleep(_POLL_SECONDS)
    if status["State"] != "SUCCEEDED":
        raise QueryError(
            f"Athena says {status['State']}: {status.get('StateChangeReason', 'no reason given')}"
        )
    pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=run))
    names = [column["Name"] for column in pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    cells = [
        [cell.get("VarCharValue") for cell in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ][1:]  # the first row is the names
    columns = [pa.array([row[place] for row in cells], pa.string()) for place in range(len(names))]
    return pa.table(columns, names=names)


def _icu() -> str:
    """The time-zone extension of DuckDB, as its package carries it (DuckDB itself would download it)."""
    folder = files("duckdb_extension_icu") / "extensions" / f"v{version('duckdb')}"
    return str(folder / "icu.duckdb_extension")


def _parse(sql: str) -> exp.Query:
    try:
        statement = sqlglot.parse_one(sql, dialect="athena")
    except sqlglot.errors.ParseError as error:
        raise QueryError(f"This is not SQL that Athena's dialect knows: {error}") from error
    if not isinstance(statement, exp.Query):
        raise QueryError(
            f"Expected a SELECT, got {statement.key.upper()}: the lake is written by its jobs alone."
        )
    return statement


def _tables(statement: exp.Query) -> list[exp.Table]:
    """The catalog tables a statement reads: its table nodes less the names its WITH clauses define."""
    defined = {cte.alias_or_name for cte in statement.find_all(exp.CTE)}
    return [node for node in statement.find_all(exp.Table) if node.db or node.name not in defined]


def _qualified(node: exp.Table) -> tuple[str, str]:
    return node.db or DEFAULT_DATABASE, node.name


def _point_at(node: exp.Table, view: str) -> None:
    """Read `view` where the statement reads the table, under the name the statement uses for it."""
    alias = node.alias_or_name
    for part in ("db", "catalog"):
        node.set(part, None)
    node.set("this", exp.to_identifier(view))
    node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def _columns(statement: exp.Query) -> set[str] | None:
    """Names of all columns a statement mentions, in lower case; None if it asks for every column."""
    counts = {star for count in statement.find_all(exp.Count) for star in count.find_all(exp.Star)}
    if any(star not in counts for star in statement.find_all(exp.Star)):
        return None
    joins = list(statement.find_all(exp.Join))
    if any(join.method == "NATURAL" for join in joins):
        return None
    using = {column.name.lower() for join in joins for column in join.args.get("using") or ()}
    return using | {column.name.lower() for column in statement.find_all(exp.Column)}


def _scan(catalog: Catalog, statement: exp.Query, database: str, name: str) -> pa.Table:
    """The columns that the statement mentions, of the files that can hold rows which it asks for."""
    nodes = [node for node in _tables(statement) if _qualified(node) == (database, name)]
    name, _, metadata = name.partition("$")  # Athena: "transactions$snapshots" is Iceberg's own bookkeeping
    table = _load(catalog, database, name)
    if metadata:
        return _metadata(table, metadata)
    columns = _columns(statement)
    fields = [field.name for field in table.schema().fields]
    wanted = fields if columns is None else [field for field in fields if field.lower() in columns]
    return table.scan(
        row_filter=row_filter(nodes, table.schema()), selected_fields=tuple(wanted or fields[:1])
    ).to_arrow()


def _metadata(table: Table, name: str) -> pa.Table:
    if name not in METADATA_TABLES:
        raise QueryError(f"No metadata table ${name}: there are {', '.join(METADATA_TABLES)}.")
    found: pa.Table = getattr(table.inspect, name)()
    return found


def _load(catalog: Catalog, database: str, name: str) -> Table:
    from pyiceberg.exceptions import NoSuchTableError

    try:
        return catalog.load_table((database, name))
    except NoSuchTableError as error:
        there = (
            ", ".join(sorted(identifier[-1] for identifier in catalog.list_tables(database))) or "none yet"
        )
        raise QueryError(
            f"No table {database}.{name}. Tables in {database}: {there}. "
            "A table appears when the first batch of its dataset has been merged."
        ) from error


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as dictionaries, for reports and for --json. Raises QueryError if two columns have one name."""
    doubled = [name for name, count in Counter(table.column_names).items() if count > 1]
    if doubled:
        raise QueryError(
            f"Expected a name of its own for each column in JSON, got several of {', '.join(doubled)}: "
            "give them other names with AS."
        )
    return list(table.to_pylist())
