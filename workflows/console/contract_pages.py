"""Pages about the contracts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import expectations
from expectations.openapi import openapi
from workflows.console.answering import Console, NotFound, Page
from workflows.console.views import contracts as contract_views
from workflows.console.views.results import table_rows
from workflows.query.catalog import lake_catalog, load_table
from workflows.query.dialect.errors import NoSuchTable
from workflows.query.history import contract_of
from workflows.query.sql import query

if TYPE_CHECKING:
    from starlette.requests import Request

    from expectations.contract import Contract


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
    return Page("result_table.html", {"names": result.column_names, "rows": table_rows(result)})


def _document(console: Console, found: Contract) -> dict[str, Any]:
    """The contract's file as it is written; empty if it can't be read."""
    folder = console.readings.target.deployed_contracts or Path(*expectations.__path__)
    try:
        content = yaml.safe_load((folder / found.source).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}
