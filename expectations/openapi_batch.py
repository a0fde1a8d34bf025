"""The batch of changes in the OpenAPI document. Standard library only."""

from collections.abc import Mapping
from typing import Any

from expectations.contract import Contract
from expectations.openapi_responses import IDEMPOTENCY_KEY, OF_EVERY_BODY, content, problems, ref

_BATCH_LIMIT = 500
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


def batch_operation(contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """The operation that writes changes of these datasets."""
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
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": content(body)},
        "responses": {
            "200": {"description": "One result for each change, in order.", "content": content(results)},
            **problems(*OF_EVERY_BODY, 409, 422, 503),
        },
    }
