"""Runs a SELECT in Athena's dialect on this machine.

PyIceberg scans each table of the Glue catalog: only the columns that the statement mentions, from files that
its WHERE does not rule out. sqlglot transpiles the statement, and DuckDB runs it over these Arrow tables.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import sqlglot
from sqlglot import exp

from workflows.query.catalog import DEFAULT_DATABASE, load_table
from workflows.query.errors import QueryError
from workflows.query.row_filters import row_filter

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

METADATA_TABLES: Final = ("files", "history", "manifests", "partitions", "refs", "snapshots")


def query_here(catalog: Catalog, sql: str) -> pa.Table:
    """The rows of one SELECT, run on this machine. Raises QueryError."""
    import duckdb

    statement = _parse(sql)
    tables = {_qualified(node): None for node in _tables(statement)}
    with duckdb.connect(":memory:") as connection:
        connection.load_extension(icu_extension())
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
            raise QueryError(
                f"{error}\nThe statement was run as: {statement.sql(dialect='duckdb')}"
            ) from error


def icu_extension() -> str:
    """Path of DuckDB's time-zone extension in its Python package (DuckDB itself would download it)."""
    folder = files("duckdb_extension_icu") / "extensions" / f"v{version('duckdb')}"
    return str(folder / "icu.duckdb_extension")


def _parse(sql: str) -> exp.Query:
    try:
        statement = sqlglot.parse_one(sql, dialect="athena")
    except sqlglot.errors.ParseError as error:
        raise QueryError(f"The statement is not valid SQL in Athena's dialect: {error}") from error
    if not isinstance(statement, exp.Query):
        raise QueryError(f"Expected a SELECT, got {statement.key.upper()}: only jobs write to the lake.")
    return statement


def _tables(statement: exp.Query) -> list[exp.Table]:
    """The catalog tables that a statement reads: its table nodes, except names that a WITH clause defines."""
    defined = {cte.alias_or_name for cte in statement.find_all(exp.CTE)}
    return [node for node in statement.find_all(exp.Table) if node.db or node.name not in defined]


def _qualified(node: exp.Table) -> tuple[str, str]:
    return node.db or DEFAULT_DATABASE, node.name


def _point_at(node: exp.Table, view: str) -> None:
    """Replace the table by `view` in the statement, under the name that the statement uses for the table."""
    alias = node.alias_or_name
    for part in ("db", "catalog"):
        node.set(part, None)
    node.set("this", exp.to_identifier(view))
    node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def _columns(statement: exp.Query) -> set[str] | None:
    """Names of all columns that a statement mentions, in lower case; None if it selects every column."""
    counts = {star for count in statement.find_all(exp.Count) for star in count.find_all(exp.Star)}
    if any(star not in counts for star in statement.find_all(exp.Star)):
        return None
    joins = list(statement.find_all(exp.Join))
    if any(join.method == "NATURAL" for join in joins):
        return None
    using = {column.name.lower() for join in joins for column in join.args.get("using") or ()}
    return using | {column.name.lower() for column in statement.find_all(exp.Column)}


def _scan(catalog: Catalog, statement: exp.Query, database: str, name: str) -> pa.Table:
    """The columns that the statement mentions, read from files that can hold rows which it selects."""
    nodes = [node for node in _tables(statement) if _qualified(node) == (database, name)]
    name, _, metadata = name.partition("$")  # Athena's spelling of Iceberg metadata: "transactions$snapshots"
    table = load_table(catalog, database, name)
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
        raise QueryError(f"No metadata table ${name}. Metadata tables: {', '.join(METADATA_TABLES)}.")
    found: pa.Table = getattr(table.inspect, name)()
    return found
