"""Parts of the OpenAPI document that many operations share: problems, contents, references, a header.

Standard library only.
"""

from collections.abc import Mapping
from typing import Any

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "violations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("path", "rule", "message")},
                "required": ["path", "rule", "message"],
            },
        },
    },
    "required": ["title", "status"],
}
GATEWAY = {
    "type": "object",
    "description": "The answer of API Gateway to a request that it does not pass on to the API.",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "A text that the client makes up for the request, such as a UUID. Within 24 hours, the "
    "same request with the same key is carried out once and always gets the first answer.",
    "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
}
_PROBLEMS = {
    400: "The request is not valid.",
    401: "The request has no bearer token.",
    403: "The token is not valid, or does not permit the request.",
    404: "There is no such dataset or row.",
    405: "The path does not support this method.",
    409: "A row with this key exists, a newer version is stored, no later version is possible, or a request "
    "with the same Idempotency-Key is being carried out.",
    410: "The key is erased: no row with this key may be stored. Or changes of that time are not kept.",
    412: "The stored version does not match If-Match or If-None-Match.",
    413: "The body or the row is too large.",
    415: "The body is not JSON.",
    422: "The row breaks its contract (`violations` lists every broken rule), or the Idempotency-Key "
    "belongs to another request.",
    429: "Too many requests; try again later.",
    503: "DynamoDB does not answer in time; try again later.",
}
_OF_EVERY_OPERATION = (401, 403, 405, 429)
OF_EVERY_BODY = (400, 413, 415)  # of operations with a body
_BY_GATEWAY_ALONE = (401, 429)
_BY_GATEWAY_TOO = (403, 413)
_PROBLEM_HEADERS = {
    405: {"Allow": {"schema": {"type": "string"}, "description": "The methods that the path supports."}},
    503: {
        "Retry-After": {"schema": {"type": "integer"}, "description": "The least number of seconds to wait."}
    },
}


def problems(*statuses: int) -> dict[str, Any]:
    """The responses with these statuses and those that every operation has."""
    return {str(status): _problem(status) for status in sorted({*_OF_EVERY_OPERATION, *statuses})}


def _problem(status: int) -> dict[str, Any]:
    own = {} if status in _BY_GATEWAY_ALONE else content(ref("problem"), "application/problem+json")
    gateways = content(ref("gateway")) if status in (*_BY_GATEWAY_ALONE, *_BY_GATEWAY_TOO) else {}
    headers = {"headers": _PROBLEM_HEADERS[status]} if status in _PROBLEM_HEADERS else {}
    return {"description": _PROBLEMS[status], "content": own | gateways, **headers}


def content(schema: Mapping[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    """The content of a body or response with this schema."""
    return {media_type: {"schema": schema}}


def ref(schema: str) -> dict[str, str]:
    """A reference to a schema of the document's components."""
    return {"$ref": f"#/components/schemas/{schema}"}
