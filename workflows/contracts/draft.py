"""Drafts the contract of a new dataset from a sample file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from pathlib import Path

BUCKETS: Final = 8
# DuckDB's inferred type -> logicalType of ODCS, physicalType of Iceberg
_TYPES: Final = {
    "BOOLEAN": ("boolean", "boolean"),
    "INTEGER": ("integer", "int"),
    "BIGINT": ("integer", "long"),
    "DOUBLE": ("number", "double"),
    "DATE": ("date", "date"),
    "TIMESTAMP": ("timestamp", "timestamp"),
    "TIMESTAMP WITH TIME ZONE": ("timestamp", "timestamp"),
}


class DraftError(GluelineError):
    """Raised when no contract can be drafted; the message says what the sample or the request lacks."""


def draft(dataset: str, key: list[str], sequence: str | None, sample: Path) -> str:
    """The YAML of a contract for `dataset`, with a column for each column of the sample.

    The sample is CSV, JSON Lines or Parquet. Types are those of the sample; columns without a null become
    required. Changes are ordered by `sequence`, and rows are spread over buckets of the first key column. The
    draft should be reviewed and made stricter. Raises DraftError.
    """
    columns = _columns(sample)
    for name in [*key, *([sequence] if sequence else [])]:
        if name not in columns:
            raise DraftError(f"{sample.name} has no column {name}; it has {', '.join(columns)}.")
    schema: dict[str, Any] = {
        "name": dataset,
        "logicalType": "object",
        "physicalType": "table",
        "description": f"One of the {dataset}.",
    }
    if sequence:
        schema["customProperties"] = [{"property": "sequenceColumn", "value": sequence}]
    schema["properties"] = [_property(name, *columns[name], key, sequence) for name in columns]
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"urn:glueline:{dataset}",
        "name": dataset.replace("_", " ").capitalize(),
        "version": "1.0.0",
        "status": "draft",
        "description": {"purpose": "Say what the data is for."},
        "schema": [schema],
    }
    return yaml.safe_dump(contract, sort_keys=False, width=110)


def _columns(sample: Path) -> dict[str, tuple[str, bool]]:
    """Column name -> (DuckDB type, whether the sample has a null in it)."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        try:
            relation = connection.query(f"from {_quoted(sample)}")
            nulls = relation.aggregate(", ".join(f'bool_or("{name}" is null)' for name in relation.columns))
        except duckdb.Error as error:
            raise DraftError(f"{sample.name} can't be read as CSV, JSON Lines or Parquet: {error}") from error
        has_null = nulls.fetchone() or ()
        return {
            name: (str(kind), bool(null))
            for name, kind, null in zip(relation.columns, relation.types, has_null, strict=True)
        }


def _quoted(sample: Path) -> str:
    return "'" + str(sample).replace("'", "''") + "'"


def _property(name: str, kind: str, nullable: bool, key: list[str], sequence: str | None) -> dict[str, Any]:
    logical, physical = _types(kind)
    found: dict[str, Any] = {"name": name, "logicalType": logical, "physicalType": physical}
    if name in key:
        found |= {"primaryKey": True, "primaryKeyPosition": key.index(name) + 1}
    if not nullable or name in key or name == sequence:
        found["required"] = True
    if name == key[0]:
        found |= {
            "partitioned": True,
            "partitionKeyPosition": 1,
            "customProperties": [{"property": "partitionTransform", "value": f"bucket[{BUCKETS}]"}],
        }
    return found


def _types(kind: str) -> tuple[str, str]:
    if decimal := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        return "number", f"decimal({decimal[1]},{decimal[2]})"
    return _TYPES.get(kind, ("string", "string"))
