"""Reads what a statement needs of the tables of the catalog.

PyIceberg scans each table once: only the columns that the statement mentions, from files that its WHERE does
not rule out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from workflows.query.catalog import load_table
from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.scope import DuckDBAsWritten
from workflows.query.row_filters import row_filter

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import DataScan, Table

METADATA_TABLES: Final = ("files", "history", "manifests", "partitions", "refs", "snapshots")


class Source(NamedTuple):
    """A table of the catalog as a statement reads it: now, at a snapshot, or at a time."""

    database: str
    name: str
    version: exp.Version | None = None


def read_sources(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, statement: exp.Query, sql: str, database: str
) -> int:
    """Scan the tables of the statement and point it at what was scanned; the bytes that were read.

    A table without a database is one of `database`.
    """
    # What a WHERE rules out is decided on sqlglot's own reading of functions, which `row_filters` knows.
    plain = sqlglot.parse_one(sql, dialect="athena")
    filtered = sources_of(plain, database)
    columns = mentioned_columns(plain)
    total = 0
    for number, (source, nodes) in enumerate(sources_of(statement, database).items()):
        view = f"scan_{number}"
        same = filtered.get(_same_source(source, filtered), [])
        table, size = scan(connection, catalog, source, same, columns)
        connection.register(view, table)
        total += size
        for node in nodes:
            _point_at(node, view)
    return total


def sources_of(statement: exp.Expr, database: str) -> dict[Source, list[exp.Table]]:
    """The tables of the catalog that a statement reads, and where. A WITH clause may hide one of its name."""
    found: dict[Source, list[exp.Table]] = {}
    for scope in traverse_scope(statement):
        for node in scope.sources.values():
            if isinstance(node, exp.Table):
                source = Source((node.db or database).lower(), node.name.lower(), node.args.get("version"))
                nodes = found.setdefault(source, [])
                if not any(node is one for one in nodes):
                    nodes.append(node)
    return found


def _same_source(source: Source, among: dict[Source, list[exp.Table]]) -> Source:
    """The same source in another reading of the statement."""
    text = source.version.sql() if source.version else None
    return next(
        (
            one
            for one in among
            if one[:2] == source[:2] and (one.version.sql() if one.version else None) == text
        ),
        source,
    )


def _point_at(node: exp.Table, view: str) -> None:
    """Replace the table by `view` in the statement, under the name that the statement uses for the table."""
    alias = node.alias_or_name
    for part in ("db", "catalog", "version"):
        node.set(part, None)
    node.set("this", exp.to_identifier(view))
    node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def mentioned_columns(statement: exp.Expr) -> set[str] | None:
    """Names of all columns that a statement may mean, in lower case; None if it selects every column."""
    counts = {star for count in statement.find_all(exp.Count) for star in count.find_all(exp.Star)}
    if any(star not in counts for star in statement.find_all(exp.Star)):
        return None
    joins = list(statement.find_all(exp.Join))
    if any(join.method == "NATURAL" for join in joins):
        return None
    using = {column.name.lower() for join in joins for column in join.args.get("using") or ()}
    # Of address.city, either may be the column: the other is a field or a table.
    return using | {part.name.lower() for column in statement.find_all(exp.Column) for part in column.parts}


def scan(
    connection: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    source: Source,
    nodes: list[exp.Table],
    columns: set[str] | None,
) -> tuple[pa.Table, int]:
    """The columns that the statement mentions, of files that can hold its rows, and these files' bytes."""
    name, _, metadata = source.name.partition("$")  # Athena's spelling of metadata: "transactions$snapshots"
    table = load_table(catalog, source.database, name)
    if metadata:
        return _metadata(table, metadata), 0
    fields = [field.name for field in table.schema().fields]
    wanted = fields if columns is None else [field for field in fields if field.lower() in columns]
    at: dict[str, Any] = {}
    if source.version is not None:
        at = {"snapshot_id": _snapshot(connection, table, source.version)}
    return _read(
        table.scan(
            row_filter=row_filter(nodes, table.schema()), selected_fields=tuple(wanted or fields[:1]), **at
        )
    )


def _read(planned: DataScan) -> tuple[pa.Table, int]:
    """A scan's rows and the bytes of its files. The files are planned once for both."""
    tasks = list(planned.plan_files())
    planned.plan_files = lambda: tasks  # type: ignore[method-assign]
    return planned.to_arrow(), sum(task.file.file_size_in_bytes for task in tasks)


def _snapshot(connection: duckdb.DuckDBPyConnection, table: Table, wanted: exp.Version) -> int:
    """The snapshot of FOR VERSION AS OF, or the one that was current at the time of FOR TIMESTAMP AS OF."""
    import duckdb

    expression = wanted.args["expression"]
    try:
        value = connection.execute(
            f"SELECT epoch_ms(CAST({expression.sql(DuckDBAsWritten)} AS TIMESTAMPTZ))"
            if wanted.name == "TIMESTAMP"
            else f"SELECT CAST({expression.sql(DuckDBAsWritten)} AS BIGINT)"
        ).fetchone()
    except duckdb.Error as error:
        raise QueryError(
            "Expected FOR TIMESTAMP AS OF with a timestamp, or FOR VERSION AS OF with a snapshot's id, "
            f"got {wanted.sql('athena')}."
        ) from error
    (number,) = value or (None,)
    if wanted.name == "TIMESTAMP":
        snapshot = table.snapshot_as_of_timestamp(number)
    else:
        snapshot = table.snapshot_by_id(number)
    if snapshot is None:
        raise QueryError(
            f"There is no snapshot {wanted.sql('athena')}. The snapshots that are kept are the rows of "
            f'"{table.name()[-1]}$snapshots".'
        )
    return snapshot.snapshot_id


def _metadata(table: Table, name: str) -> pa.Table:
    if name not in METADATA_TABLES:
        raise QueryError(f"No metadata table ${name}. Metadata tables: {', '.join(METADATA_TABLES)}.")
    found: pa.Table = getattr(table.inspect, name)()
    return found
