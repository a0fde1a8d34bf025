"""Contracts -> the OpenAPI 3.1 document that the Data API serves. Standard library only."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from expectations.contract import Contract
from expectations.json_schema import data_schema
from expectations.openapi_changes import changes_operation
from expectations.openapi_lists import list_description, list_parameters, page
from expectations.openapi_responses import GATEWAY, OF_EVERY_BODY, PROBLEM, content, problems, ref

_BATCH_LIMIT = 500
_GREATEST_DECIMAL = 10**38
_SAFE = 2**63  # larger numbers are shorter as floats
_EVENT_ID = {
    "type": "string",
    "description": "The id of the change in logs and in the history of a row. Of two changes of a row with "
    "the same version and time, the one with the greater id wins.",
}
_EVENT_TIME = {
    "type": "string",
    "format": "date-time",
    "description": "When the change happened; a time in the future counts as now. In a dataset without a "
    "sequence column it is the version of the change, otherwise it orders changes with the same version. A "
    "change without a time happens when it is written. The time needs no permission of its own, as an older "
    "time can only make the change lose.",
}
_KEY = {
    "name": "key",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
}
_KEY_AGAIN = {
    "name": "confirm",
    "in": "query",
    "schema": {"type": "string"},
    "description": "The key again, since a path with %3F arrives without what follows it. A body that has "
    "the last column of the key confirms it too.",
}
_WRITES = ("post", "put", "patch", "delete")
_TAG = r'(W/)?"[!#-~]*"'
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    # Not a union with the constant *, of which generators of clients make no header.
    "schema": {"type": "string", "pattern": rf"^(\*|{_TAG}(, ?{_TAG})*)$"},
    "description": "The row's ETag, or * for any row.",
    "example": '"1483271606000000"',
}
_IF_NONE_MATCH = _IF_MATCH | {
    "name": "If-None-Match",
    "description": "The ETag of the row that the client has.",
}
_IF_NONE = {
    "name": "If-None-Match",
    "in": "header",
    "schema": {"type": "string", "enum": ["*"]},
    "description": "Create the row only if it does not exist.",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "A text that the client makes up for the request, such as a UUID. Within 24 hours, the "
    "same request with the same key is carried out once and always gets the first answer.",
    "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
}
_ETAG = {"ETag": {"schema": {"type": "string"}, "description": 'The version of the row, as "<_version>".'}}


def openapi(contracts: Mapping[str, Contract], server_url: str = "/") -> dict[str, Any]:
    """The document, ready for `json.dumps`."""
    writable = {dataset: contract for dataset, contract in contracts.items() if contract.table.is_own}
    paths: dict[str, Any] = {"/batch": {"post": _batch(writable)}} if writable else {}
    schemas: dict[str, Any] = {"problem": PROBLEM, "gateway": GATEWAY}
    for dataset in sorted(contracts):
        contract = contracts[dataset]
        paths[f"/{dataset}"] = _collection(contract)
        paths[f"/{dataset}/changes"] = changes_operation(contract)
        paths[f"/{dataset}/{{key}}"] = _item(contract)
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


def _collection(contract: Contract) -> dict[str, Any]:
    dataset = contract.dataset
    location = {"Location": {"schema": {"type": "string", "format": "uri-reference"}}}
    return {
        "get": {
            "operationId": f"list_{dataset}",
            "tags": [dataset],
            "description": list_description(contract),
            "parameters": list_parameters(contract),
            "responses": {
                "200": {"description": "One page.", "content": content(page(contract))},
                **problems(400, 503),
            },
        },
        "post": {
            "operationId": f"create_{dataset}",
            "tags": [dataset],
            "parameters": [_IDEMPOTENCY_KEY],
            "requestBody": _body(dataset),
            "responses": {
                "201": _stored(dataset, "Created.", location),
                **problems(*OF_EVERY_BODY, 409, 410, 422, 503),
            },
        },
    }


def _item(contract: Contract) -> dict[str, Any]:
    dataset = contract.dataset
    form = ",".join(f"{{{name}}}" for name in contract.key)
    key = _KEY | {"description": f"{form}, each value percent-encoded."}
    # What is left of a cut key that ends in text is the key of another row; numbers and dates have no `?`.
    confirm = [_KEY_AGAIN] if contract.key_columns[-1].kind == "string" else []
    written = _stored(dataset, "The row as it is now stored.")
    changed = {"200": written, **problems(*OF_EVERY_BODY, 404, 409, 410, 412, 422, 503)}
    return {
        "parameters": [key],
        "get": {
            "operationId": f"read_{dataset}",
            "tags": [dataset],
            "parameters": [_IF_NONE_MATCH],
            "responses": {
                "200": _stored(dataset, "The row."),
                "304": {"description": "The row has the version of If-None-Match."},
                **problems(400, 404, 503),
            },
        },
        "put": {
            "operationId": f"replace_{dataset}",
            "tags": [dataset],
            "parameters": [*confirm, _IF_MATCH, _IF_NONE, _IDEMPOTENCY_KEY],
            "requestBody": _body(f"{dataset}.replacement"),
            "responses": {"201": _stored(dataset, "Created."), **changed},
        },
        "patch": {
            "operationId": f"patch_{dataset}",
            "tags": [dataset],
            "parameters": [*confirm, _IF_MATCH],
            "requestBody": _body(f"{dataset}.patch", "application/merge-patch+json"),
            "responses": changed,
        },
        "delete": {
            "operationId": f"delete_{dataset}",
            "tags": [dataset],
            "parameters": [*(one | {"required": True} for one in confirm), _IF_MATCH, _IDEMPOTENCY_KEY],
            "responses": {"204": {"description": "Deleted."}, **problems(400, 404, 409, 410, 412, 422, 503)},
        },
    }


def _batch(contracts: Mapping[str, Contract]) -> dict[str, Any]:
    changes = [
        {
            "type": "object",
            "properties": {
                "dataset": {"const": dataset},
                "op": {"const": op},
                "data": ref(dataset if op == "upsert" else f"{dataset}.delete"),
                "event_id": _EVENT_ID,
                "time": _EVENT_TIME,
            },
            "required": ["dataset", "op", "data"],
        }
        for dataset in sorted(contracts)
        for op in ("upsert", "delete")
    ]
    body = {
        "type": "object",
        "properties": {"changes": {"type": "array", "maxItems": _BATCH_LIMIT, "items": {"oneOf": changes}}},
        "required": ["changes"],
    }
    result = {
        "type": "object",
        "properties": {
            "status": {"enum": ["accepted", "stale", "rejected"]},
            "key": {"type": "string"},
            "version": {"type": "integer", "format": "int64"},
            "problem": ref("problem"),
        },
        "required": ["status"],
    }
    results = {
        "type": "object",
        "properties": {"results": {"type": "array", "items": result}},
        "required": ["results"],
    }
    return {
        "operationId": "write_batch",
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": content(body)},
        "responses": {
            "200": {"description": "One result for each change, in order.", "content": content(results)},
            **problems(*OF_EVERY_BODY, 409, 422, 503),
        },
    }


def _body(schema: str, media_type: str = "application/json") -> dict[str, Any]:
    return {"required": True, "content": content(ref(schema), media_type)}


def _stored(dataset: str, description: str, headers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {**_ETAG, **(headers or {})},
        "content": content(ref(f"{dataset}.stored")),
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
