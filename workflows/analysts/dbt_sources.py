"""Contracts -> the `sources.yml` of a dbt project: tables, columns, tests and freshness.

For dbt 1.10.5 and later, which take a test's values under `arguments`. The tests say what Glueline promises
of the current rows, so a failing one is a defect here or in the contract; except those of references, which
warn: datasets arrive by themselves, and a row may come before the row that it refers to.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import yaml

from workflows.analysts.datasets import athena_type, references

if TYPE_CHECKING:
    from collections.abc import Sequence

    from expectations.contract import Column, Contract
    from workflows.analysts.datasets import Dataset

CATALOG: Final = "awsdatacatalog"  # Athena's name of the Glue catalog
FRESH_WITHIN: Final = timedelta(days=1)  # unless the contract has a service level `latency`
_HEADER: Final = "# Written by glueline export dbt from the contracts. Changes belong into the contracts.\n"
_BOOKKEEPING: Final = (
    ("_version", "Orders the changes of a key.", "bigint"),
    ("_source", "The door that brought the row.", "varchar"),
    ("_updated_at", "When the change was made.", "timestamp(6) with time zone"),
)
_OF_CHANGES: Final = (
    ("_op", "upsert, delete or retract.", "varchar"),
    ("_version", "Orders the changes of a key.", "bigint"),
    ("_batch_id", "The batch that brought the change.", "varchar"),
    ("_ingested_at", "When the change was accepted.", "timestamp(6) with time zone"),
    ("_updated_at", "When the change was made.", "timestamp(6) with time zone"),
)


def sources_yml(datasets: Sequence[Dataset], database: str, catalog: str = CATALOG) -> str:
    """The text of `sources.yml`, with one source named like the database."""
    tables = [table for one in datasets for table in (_table(one, list(datasets), database), _changes(one))]
    source = {
        "name": database,
        "description": "Tables that Glueline keeps in step with the systems that feed them.",
        "database": catalog,
        "schema": database,
        "loader": "glueline",
        "tables": tables,
    }
    document = {"version": 2, "sources": [source]}
    return _HEADER + yaml.dump(document, sort_keys=False, allow_unicode=True, width=110)


def _table(dataset: Dataset, known: list[Dataset], database: str) -> dict[str, Any]:
    contract = dataset.contract
    columns = {column.name: _column(column, contract) for column in contract.columns}
    for reference in references(dataset, known):
        if len(reference.columns) == 1:
            test = _relationship(f"source('{database}', '{reference.dataset}')", reference.to[0])
            columns[reference.columns[0]].setdefault("data_tests", []).append(test)
    within = dataset.semantics.latency or FRESH_WITHIN
    table: dict[str, Any] = {
        "name": contract.dataset,
        "description": contract.description,
        "config": {
            "loaded_at_field": "_updated_at",
            "freshness": {"warn_after": _period(within)},
            "meta": {"contract_version": contract.version, "key": list(contract.key)},
        },
    }
    if len(contract.key) > 1:
        # A row value is unique exactly if the key is; a concatenation may not be.
        arguments = {"column_name": f"row({', '.join(contract.key)})"}
        table["data_tests"] = [{"unique": {"name": f"{contract.dataset}_key_unique", "arguments": arguments}}]
    return table | {"columns": [*columns.values(), *map(_bookkeeping, _BOOKKEEPING)]}


def _changes(dataset: Dataset) -> dict[str, Any]:
    """The table of changes. Columns may lack values: a delete has its key alone."""
    contract = dataset.contract
    columns = [
        _described(column) | ({"data_tests": ["not_null"]} if column.name in contract.key else {})
        for column in contract.columns
    ]
    return {
        "name": f"{contract.dataset}_changes",
        "description": f"Every accepted change of {contract.dataset}.",
        "config": {
            "loaded_at_field": "_ingested_at",
            "freshness": {"warn_after": _period(dataset.semantics.latency or FRESH_WITHIN)},
        },
        "columns": [*columns, *map(_bookkeeping, _OF_CHANGES)],
    }


def _column(column: Column, contract: Contract) -> dict[str, Any]:
    tests: list[Any] = ["not_null"] if column.required else []
    if contract.key == (column.name,):
        tests.append("unique")
    if column.limits.enum:
        arguments: dict[str, Any] = {"values": [_literal(value, column.kind) for value in column.limits.enum]}
        if column.kind != "string":
            arguments["quote"] = False
        tests.append({"accepted_values": {"arguments": arguments}})
    return _described(column) | ({"data_tests": tests} if tests else {})


def _described(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "data_type": athena_type(column)}
    if column.description:
        described["description"] = column.description
    if column.classification:
        described["config"] = {"meta": {"classification": column.classification}}
    return described


def _bookkeeping(column: tuple[str, str, str]) -> dict[str, Any]:
    name, description, data_type = column
    return {"name": name, "data_type": data_type, "description": description}


def _relationship(to: str, field: str) -> dict[str, Any]:
    return {"relationships": {"arguments": {"to": to, "field": field}, "config": {"severity": "warn"}}}


def _period(within: timedelta) -> dict[str, Any]:
    """A period in the largest unit of dbt that it is a whole number of, minutes at least."""
    minutes = max(1, round(within.total_seconds() / 60))
    for unit, size in (("day", 24 * 60), ("hour", 60)):
        if minutes % size == 0:
            return {"count": minutes // size, "period": unit}
    return {"count": minutes, "period": "minute"}


def _literal(value: Any, kind: str) -> Any:
    """A value as dbt writes it into its SQL, without quotes unless it is a text.

    Athena compares no date with a text.

    >>> _literal("2026-11-30", "date")
    "date '2026-11-30'"
    """
    if kind == "date":
        return f"date '{value}'"
    if kind == "timestamp":
        return f"from_iso8601_timestamp('{value}')"
    return value if isinstance(value, (bool, int, float)) else str(value)
