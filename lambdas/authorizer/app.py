"""The HTTP API's authorizer (payload format 2.0, simple response): who calls, and what they may do.

It accepts bearer tokens of the configured issuers, and passes `permissions`, `issuer` and `subject` on.
All other requests are denied. If an issuer's keys cannot be fetched, the invocation fails: API Gateway denies
access, and the alarm on the function's `Errors` goes off.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from lambdas.authorizer.jwks import KeySet
from lambdas.authorizer.settings import Settings
from lambdas.authorizer.tokens import TokenDenied, granted, subject, verify
from lambdas.correlation import correlation_id
from lambdas.metrics import count


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda entry point."""
    _logger.set_correlation_id(correlation_id(event))
    return authorize(event, _trust())


def authorize(event: dict[str, Any], trust: "Trust") -> dict[str, Any]:
    """The simple response to this request. A denied token is logged with the reason, without the token."""
    try:
        claims = verify(_bearer_token(event), trust.settings.issuers, trust.key_sets)
        permissions = granted(claims, trust.settings.permissions)
        if not permissions:
            raise TokenDenied("no-permission", f"subject {subject(claims)}")
    except TokenDenied as denial:
        request_id = event.get("requestContext", {}).get("requestId")
        _logger.warning("token denied", reason=denial.reason, detail=str(denial), request_id=request_id)
        count({"refused": 1}, reason=denial.reason)
        return {"isAuthorized": False}
    return {
        "isAuthorized": True,
        "context": {
            "permissions": " ".join(permissions),
            "issuer": str(claims["iss"]),
            "subject": subject(claims),
        },
    }


@dataclass(frozen=True, slots=True)
class Trust:
    """The settings, and the keys of the issuers that are cached for the life of the Lambda's process."""

    settings: Settings
    key_sets: Mapping[str, KeySet]

    @classmethod
    def of(cls, settings: Settings) -> "Trust":
        """The trust before any keys are fetched."""
        return cls(settings, {name: KeySet(issuer) for name, issuer in settings.issuers.items()})


def _bearer_token(event: dict[str, Any]) -> str:
    scheme, _, token = event.get("headers", {}).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenDenied("no-token", "expected an Authorization header `Bearer <token>`")
    return str(token.strip())


@cache
def _trust() -> Trust:
    return Trust.of(Settings.from_env(os.environ))


_logger = Logger()
if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:  # in Lambda: the init phase has the full CPU
    _trust()
