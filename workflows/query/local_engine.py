"""Runs a SELECT in Athena's dialect on this machine.

`sources` reads the tables, `dialect` rewrites the statement, and DuckDB runs it over these Arrow tables.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.macros import needed
from workflows.query.dialect.parser import parse
from workflows.query.dialect.translate import translate
from workflows.query.results import finished
from workflows.query.sources import read_sources

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.catalog import Catalog


def query_here(catalog: Catalog, sql: str, database: str) -> tuple[pa.Table, int]:
    """The rows of one SELECT, run on this machine, and the bytes of the files it read. Raises QueryError.

    A table without a database is one of `database`.
    """
    import duckdb

    statement = parse(sql)
    with duckdb.connect(":memory:") as connection:
        connection.load_extension(icu_extension())
        connection.execute("set TimeZone = 'UTC'")
        read = read_sources(connection, catalog, statement, sql, database)

        made: set[str] = set()

        def make_macros(text: str) -> None:
            for definition in needed(text, made):
                connection.execute(definition)

        def describe(text: str) -> list[tuple[str, str]]:
            make_macros(text)
            return [(name, kind) for name, kind, *_ in connection.execute(f"DESCRIBE {text}").fetchall()]

        text, times = translate(statement, describe)
        make_macros(text)
        try:
            return finished(connection.execute(text).to_arrow_table(), times), read
        except duckdb.Error as error:
            if failure := re.search(r"Athena: (.*?)¶", str(error)):
                raise QueryError(failure[1]) from error
            raise QueryError(f"{error}\nThe statement was run as: {text}") from error


def icu_extension() -> str:
    """Path of DuckDB's time-zone extension in its Python package (DuckDB itself would download it)."""
    folder = files("duckdb_extension_icu") / "extensions" / f"v{version('duckdb')}"
    return str(folder / "icu.duckdb_extension")
