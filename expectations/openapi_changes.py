"""The change feed of a dataset in the OpenAPI document. Standard library only."""

from typing import Any

from expectations.contract import Contract
from expectations.openapi_responses import content, problems, ref

_MOST_CHANGES = 1000
_DESCRIPTION = (
    "The changes of the dataset's rows from a time on: each at least once, those of a row in their order, "
    "none left out. A change shows about a minute after it was made. `position` grows with the changes of a "
    "row: a change whose position is not greater than the last one applied to its key was there before. Give "
    "either `since` or `next`."
)
_CHANGE = {
    "op": {"enum": ["upsert", "delete"]},
    "key": {"type": "string", "description": "The key text of the row."},
    "time": {"type": "string", "format": "date-time", "description": "When it was made, to the second."},
    "position": {"type": "string", "description": "Orders the changes of a row, as a text."},
    "version": {"type": "integer", "format": "int64", "description": "The version of the row."},
    "event_id": {"type": "string", "description": "The event or request that made the change."},
}


def changes_operation(contract: Contract) -> dict[str, Any]:
    """The path item of the change feed."""
    dataset = contract.dataset
    change = {
        "type": "object",
        "properties": _CHANGE | {"data": ref(f"{dataset}.listed")},
        "required": ["op", "key", "data", "time", "position"],
    }
    page = {
        "type": "object",
        "properties": {
            "changes": {"type": "array", "items": change},
            "next": {"type": "string", "description": "The parameter `next` of the following page."},
            "more": {"type": "boolean", "description": "Whether the following page is there already."},
        },
        "required": ["changes", "next", "more"],
    }
    parameters: dict[str, Any] = {
        "since": {"type": "string", "format": "date-time"},
        "next": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
        "limit": {"type": "integer", "minimum": 1, "maximum": _MOST_CHANGES},
    }
    answered = {"200": {"description": "One page.", "content": content(page)}}
    return {
        "get": {
            "operationId": f"changes_{dataset}",
            "tags": [dataset],
            "description": _DESCRIPTION,
            "parameters": [
                {"name": name, "in": "query", "schema": schema} for name, schema in parameters.items()
            ],
            "responses": {**answered, **problems(400, 404, 410, 503)},
        }
    }
