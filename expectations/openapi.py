"""Contracts -> the OpenAPI 3.1 document that the Data API serves. Standard library only."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from expectations.contract import Contract
from expectations.json_schema import data_schema
from expectations.openapi_batch import batch_operation
from expectations.openapi_changes import changes_operation
from expectations.openapi_responses import GATEWAY, PROBLEM
from expectations.openapi_rows import collection_operations, row_operations

_GREATEST_DECIMAL = 10**38
_SAFE = 2**63  # larger numbers are shorter as floats
_WRITES = ("post", "put", "patch", "delete")


def openapi(contracts: Mapping[str, Contract], server_url: str = "/") -> dict[str, Any]:
    """The document, ready for `json.dumps`."""
    writable = {dataset: contract for dataset, contract in contracts.items() if contract.table.is_own}
    paths: dict[str, Any] = {"/batch": {"post": batch_operation(writable)}} if writable else {}
    schemas: dict[str, Any] = {"problem": PROBLEM, "gateway": GATEWAY}
    for dataset in sorted(contracts):
        contract = contracts[dataset]
        paths[f"/{dataset}"] = collection_operations(contract)
        paths[f"/{dataset}/changes"] = changes_operation(contract)
        paths[f"/{dataset}/{{key}}"] = row_operations(contract)
        schemas |= _schemas(contract)
        if dataset not in writable:
            for path in (f"/{dataset}", f"/{dataset}/{{key}}"):
                paths[path] = {verb: about for verb, about in paths[path].items() if verb not in _WRITES}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Glueline Data API",
            "version": "1.0.0",
            "description": "Rows of every dataset that has a data contract. Query parameters that an "
            "operation does not list are answered with status 400. Datasets: "
            + ", ".join(f"{dataset} {contracts[dataset].version}" for dataset in sorted(contracts)),
        },
        "servers": [{"url": server_url}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    plain: dict[str, Any] = _json(document)
    return plain


def _schemas(contract: Contract) -> dict[str, Any]:
    row = data_schema(contract)
    defaults = {column.name for column in contract.columns if column.has_default}
    row["required"] = [name for name in row["required"] if name not in defaults]
    del row["$schema"]
    stored = row | {"properties": row["properties"] | {"_version": {"type": "integer", "format": "int64"}}}
    delete = data_schema(contract, "delete")
    del delete["$schema"]
    replacement = row | {"required": [name for name in row["required"] if name not in contract.key]}
    patch = {
        "type": "object",
        "description": "JSON merge patch (RFC 7396): the columns to change; null clears one.",
        "properties": {name: {} for name in row["properties"]},
        "additionalProperties": False,
    }
    return {
        contract.dataset: row,
        f"{contract.dataset}.stored": stored | {"title": f"{contract.dataset}.stored"},
        f"{contract.dataset}.listed": stored | {"title": f"{contract.dataset}.listed", "required": []},
        f"{contract.dataset}.replacement": replacement | {"title": f"{contract.dataset}.replacement"},
        f"{contract.dataset}.delete": delete,
        f"{contract.dataset}.patch": patch | {"title": f"{contract.dataset}.patch"},
    }


def _json(value: Any) -> Any:
    """The value with numbers that `json` writes: for readers of the document the nearest float is enough."""
    if isinstance(value, Mapping):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) and abs(value) < _SAFE else float(value)
    if isinstance(value, int) and abs(value) > _GREATEST_DECIMAL:  # of a double, with 309 digits
        return float(value)
    return value
