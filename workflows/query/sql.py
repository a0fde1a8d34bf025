"""Runs one SELECT in Athena's dialect: with Athena on AWS, with PyIceberg and DuckDB on this machine."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from workflows.query.athena import query_athena
from workflows.query.catalog import lake_catalog
from workflows.query.dialect.errors import QueryError

if TYPE_CHECKING:
    import pyarrow as pa

    from workflows.stack.target import Target


BYTES_READ: Final = b"glueline.bytes_read"  # metadata of a result: bytes of the files that were read


def query(target: Target, sql: str) -> pa.Table:
    """The rows of one SELECT in Athena's dialect, as an Arrow table whose metadata has `BYTES_READ`.

    Raises QueryError.
    """
    if target.is_on_aws:
        table, read = query_athena(target, sql)
        return table.replace_schema_metadata({BYTES_READ: str(read)})
    from workflows.query.local_engine import query_here  # imports sqlglot, which takes 0.7 s

    table, read = query_here(lake_catalog(target), sql, target.output("LakeDatabase"))
    return table.replace_schema_metadata({BYTES_READ: str(read)})


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as dictionaries, for reports and for --json. Raises QueryError if two columns have one name."""
    doubled = [name for name, count in Counter(table.column_names).items() if count > 1]
    if doubled:
        raise QueryError(
            f"Expected distinct column names for JSON, got several columns named {', '.join(doubled)}: "
            "rename them with AS."
        )
    from workflows.query.results import values

    columns = [values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]
