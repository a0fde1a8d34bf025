"""Results of queries as CSV and Parquet."""

from __future__ import annotations

import csv
import json
from typing import IO, TYPE_CHECKING, Any

from workflows.query.dialect.errors import QueryError
from workflows.query.results import values

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


def write_csv(table: pa.Table, target: IO[str]) -> None:
    """The table as CSV (RFC 4180) with a header. Null is an empty field, a list, map or row is JSON."""
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in zip(*(values(column) for column in table.columns), strict=True):
        writer.writerow([_field(value) for value in row])


def write_file(table: pa.Table, file: Path) -> None:
    """The table as the file that its name asks for. Raises QueryError if it asks for no known format."""
    if file.suffix == ".csv":
        with file.open("w", encoding="utf-8", newline="") as target:
            write_csv(table, target)
    elif file.suffix == ".parquet":
        from pyarrow import parquet

        parquet.write_table(table, file)
    else:
        raise QueryError(f"Expected a file name that ends in .csv or .parquet, got {file.name}.")


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str)
    return str(value)
