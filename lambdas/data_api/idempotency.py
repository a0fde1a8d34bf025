"""The header Idempotency-Key of a write, and what identifies its request. No AWS here.

The header is that of draft-ietf-httpapi-idempotency-key-header. The draft writes keys in quotes, many clients
do not: both are the same key. Nothing that identifies a person is kept: neither the key nor the caller nor
the request can be read from what is stored, and without the key no request can be compared with it.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from lambdas.data_api.problems import Problem

HEADER = "idempotency-key"
_KEY = re.compile(r"[!-~]{1,255}")
_QUOTED = re.compile(r'"([^"]+)"')
_PRECONDITIONS = ("if-match", "if-none-match")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an idempotency key.

    `id` is a hash of caller and key. `fingerprint` is a hash of the request, keyed by the idempotency key.
    """

    id: str
    fingerprint: str


def read_keyed_request(event: APIGatewayProxyEventV2) -> KeyedRequest | None:
    """The request's identity; None if it has no idempotency key. Problem 400 if the key is not valid."""
    given = event.headers.get(HEADER)
    if given is None:
        return None
    text = given.strip()
    if _KEY.fullmatch(text) is None:
        raise Problem("bad-request", "expected an Idempotency-Key of 1 to 255 visible ASCII characters")
    quoted = _QUOTED.fullmatch(text)
    key = quoted[1] if quoted else text
    return KeyedRequest(_hash(*_caller(event), key), hmac.digest(key.encode(), _said(event), "sha256").hex())


def refuse_key(event: APIGatewayProxyEventV2) -> None:
    """Problem 400 if the request has an idempotency key, for a method whose answers are not kept."""
    if event.headers.get(HEADER) is not None:
        raise Problem(
            "bad-request",
            f"expected no Idempotency-Key with {event.http_method}: use If-Match, with which a patch is "
            "applied once",
        )


def _caller(event: APIGatewayProxyEventV2) -> tuple[str, str]:
    """Issuer and subject of the token. A key is its caller's own: with another caller it is another key."""
    authorizer = event.request_context.authorizer
    context = (authorizer.get_lambda if authorizer else None) or {}
    subject = str(context.get("subject") or "")
    if not subject:
        raise Problem("bad-request", "expected a token with a subject, to which an Idempotency-Key belongs")
    return str(context.get("issuer") or ""), subject


def _said(event: APIGatewayProxyEventV2) -> bytes:
    """All of a request that decides what it does."""
    query = sorted(event.query_string_parameters.items())
    conditions = [event.headers.get(name) for name in _PRECONDITIONS]
    parts = (event.http_method, event.path, query, conditions, event.get("body"))
    return repr(parts).encode(errors="surrogatepass")


def _hash(*parts: str) -> str:
    return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()
