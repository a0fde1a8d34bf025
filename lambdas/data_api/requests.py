"""Reads a request: its dataset, body and key, and the permissions of its caller. No AWS here."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from expectations.contract import Contract
from expectations.keys import InvalidKey, decode_key
from lambdas.data_api.changes import MAX_KEY_BYTES
from lambdas.data_api.problems import Problem, read_only, unknown_dataset
from lambdas.exact_json import BrokenJson, loads

MAX_BODY_BYTES = 5 * 1024 * 1024  # Lambda accepts 6 MB for the whole event
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
CONFIRM = "confirm"  # the query parameter that repeats a key
_OWN_PATHS = {"/openapi.json": ("GET",), "/batch": ("POST",)}


def read_body(event: APIGatewayProxyEventV2, *media_types: str) -> Any:
    """The JSON value of the body. Problem 415, 413 or 400 if its media type, size or JSON is not valid."""
    media_type = event.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (JSON, *media_types):
        expected = " or ".join((JSON, *media_types))
        raise Problem("unsupported-media-type", f"expected Content-Type: {expected}, got {media_type!r}")
    text = event.get("body") or ""
    if len(text) > MAX_BODY_BYTES:
        raise Problem("too-large", f"expected a body of at most {MAX_BODY_BYTES} bytes, got {len(text)}")
    try:
        return loads(base64.b64decode(text).decode() if event.get("isBase64Encoded") else text)
    except (BrokenJson, UnicodeDecodeError, binascii.Error) as error:
        raise Problem("bad-request", str(error)) from error


def read_key(event: APIGatewayProxyEventV2, contract: Contract) -> str:
    """The key text in the path `/<dataset>/<key>`. Problem 404 if no row can have this key.

    An HTTP API decodes the path, except `%25`. A key text whose percent signs were not encoded arrives as
    plain values. They are accepted too, since they are unambiguous unless a value has a comma.
    """
    given = event.path.split("/", 2)[2]
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise Problem("not-found", "expected a key in UTF-8, percent-encoded") from error
    encoded = given.replace("%25", "%")
    for key in (encoded, ",".join(quote(part, safe="") for part in given.split(","))):
        try:
            decode_key(contract, key)
        except InvalidKey as error:
            reason = str(error)
        else:
            if len(key) <= MAX_KEY_BYTES:
                return key
            reason = f"expected a key of at most {MAX_KEY_BYTES} bytes, got {len(key)}"
    raise Problem("not-found", reason)


def ends_in_text(contract: Contract) -> bool:
    """Whether a key of this dataset may arrive cut without being invalid (`require_whole_key`)."""
    return contract.key_columns[-1].kind == "string"


def require_whole_key(
    event: APIGatewayProxyEventV2, contract: Contract, key: str, columns: Any = None
) -> None:
    """Problem 400 unless a write says twice which row it means, if the path may have lost the end of the key.

    An HTTP API cuts the path at a question mark that was percent-encoded once, before it calls the function,
    and nothing in the event shows that (https://github.com/middleapi/standard-server/pull/93). What is left
    of a key that ends in text is the key of another row. The query and the body arrive as they were sent: the
    parameter `confirm` has the key again, or the body's `columns` have its last column, which is compared
    where the row is written.
    """
    again = event.query_string_parameters.get(CONFIRM)
    if again is not None:
        plain = ",".join(quote(part, safe="", errors="replace") for part in again.split(","))
        if key not in (again, plain):
            raise Problem(
                "bad-request",
                f"expected the same key twice, got {key} and {CONFIRM}={again!r}: a path with %3F arrives "
                "without what follows it; percent-encode the key once more",
            )
    elif ends_in_text(contract) and not (isinstance(columns, dict) and contract.key[-1] in columns):
        raise Problem(
            "bad-request",
            f"expected the key again, as query parameter {CONFIRM} or in the body: "
            "a path with %3F arrives without what follows it",
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route does with a dataset, and which query parameters it has.

    A write `of_row` has the parameter that repeats its key; if an operation `asks`, columns are parameters.
    """

    verb: str  # read, write or delete
    parameters: Sequence[str] = ()
    of_row: bool = False
    asks: bool = False


def require_contract(
    event: APIGatewayProxyEventV2, contracts: Mapping[str, Contract], dataset: str, operation: Operation
) -> Contract:
    """The contract of the dataset in the path.

    Problem if the method, the permission or the dataset is missing, or the query has parameters that the
    operation has not. Permission is checked first: without it, the answer does not show which datasets exist.
    """
    require_method(event)  # /batch is not a dataset
    require(event, dataset, operation.verb)
    if dataset not in contracts:
        raise unknown_dataset(dataset, contracts)
    contract = contracts[dataset]
    if not contract.table.is_own and operation.verb != "read":
        raise read_only(contract)
    repeated = [CONFIRM] if operation.of_row and ends_in_text(contract) else []
    columns = [column.name for column in contract.columns] if operation.asks else ()
    require_parameters(event, [*operation.parameters, *repeated], columns)
    return contract


def require_parameters(
    event: APIGatewayProxyEventV2, known: Sequence[str], columns: Sequence[str] = ()
) -> None:
    """Problem 400 if the query has other parameters, so that a misspelt one is not ignored.

    Parameters that are columns are judged with the question that they ask.
    """
    unknown = sorted(set(event.query_string_parameters) - {*known, *columns})
    if unknown:
        expected = f"expected only the query parameters {', '.join(known)}" if known else "expected no query"
        raise Problem("bad-request", f"{expected}, got {', '.join(name[:50] for name in unknown[:10])}")


def require_method(event: APIGatewayProxyEventV2) -> None:
    """Problem 404 if the path does not exist, 405 if it does not support the method."""
    path, method = event.path, event.http_method
    allowed = _methods_of(path)
    if not allowed:
        raise Problem("not-found", f"there is no {path}")
    if method not in allowed:
        expected = " or ".join(allowed)
        raise Problem("method-not-allowed", f"expected {expected} for {path}, got {method}", allowed=allowed)


def _methods_of(path: str) -> tuple[str, ...]:
    if path in _OWN_PATHS:
        return _OWN_PATHS[path]
    _, dataset, *key = path.split("/", 2)
    if not dataset or key == [""]:
        return ()
    return ("GET", "PUT", "PATCH", "DELETE") if key else ("GET", "POST")


def require(event: APIGatewayProxyEventV2, dataset: str, verb: str) -> None:
    """Problem 403 if the caller has no permission for this verb on the dataset."""
    if not is_permitted(event, dataset, verb):
        raise Problem("forbidden", f"expected a token that permits {dataset}:{verb}")


def is_permitted(event: APIGatewayProxyEventV2, dataset: str, verb: str) -> bool:
    """Whether the authorizer's permissions, `<dataset or *>:<verb>`, include this verb on the dataset.

    A request that passed no authorizer has no permissions.
    """
    authorizer = event.request_context.authorizer
    context = (authorizer.get_lambda if authorizer else None) or {}
    permissions = str(context.get("permissions", "")).split()
    return f"{dataset}:{verb}" in permissions or f"*:{verb}" in permissions
