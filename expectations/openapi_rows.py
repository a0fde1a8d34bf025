"""Rows in the OpenAPI document: the operations on all of a dataset and on one. Standard library only."""

from collections.abc import Mapping
from typing import Any

from expectations.contract import Contract
from expectations.openapi_lists import list_description, list_parameters, page
from expectations.openapi_responses import IDEMPOTENCY_KEY, OF_EVERY_BODY, content, problems, ref

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
_ETAG = {"ETag": {"schema": {"type": "string"}, "description": 'The version of the row, as "<_version>".'}}


def collection_operations(contract: Contract) -> dict[str, Any]:
    """The path item of the dataset's rows: list and create."""
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
            "parameters": [IDEMPOTENCY_KEY],
            "requestBody": _body(dataset),
            "responses": {
                "201": _stored(dataset, "Created.", location),
                **problems(*OF_EVERY_BODY, 409, 410, 422, 503),
            },
        },
    }


def row_operations(contract: Contract) -> dict[str, Any]:
    """The path item of one row: read, replace, patch and delete."""
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
            "parameters": [*confirm, _IF_MATCH, _IF_NONE, IDEMPOTENCY_KEY],
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
            "parameters": [*(one | {"required": True} for one in confirm), _IF_MATCH, IDEMPOTENCY_KEY],
            "responses": {"204": {"description": "Deleted."}, **problems(400, 404, 409, 410, 412, 422, 503)},
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
