"""Decides whether a bearer token is to be believed, and what it allows. No AWS in here."""

from collections.abc import Mapping
from typing import Any

import jwt

from lambdas.authorizer.jwks import KeySet
from lambdas.authorizer.settings import Issuer

# Asymmetric only: `none`, and HS256 with the public key as its secret, are refused before a key is used.
ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA")
)
LEEWAY_SECONDS = 30
_PERMISSION_CLAIMS = ("scope", "scp", "cognito:groups", "groups", "roles")

type Claims = dict[str, Any]


class TokenRefused(Exception):
    """Raised when a token is not believed. `reason` is a short code; the token is not in the message."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


def verify(token: str, issuers: Mapping[str, Issuer], key_sets: Mapping[str, KeySet]) -> Claims:
    """The token's claims if one of the issuers signed it for us and it is valid now, else TokenRefused."""
    algorithm, key_id, named = _unverified(token)
    issuer = issuers.get(named)
    if issuer is None:
        raise TokenRefused("unknown-issuer", named[:200])
    key = key_sets[named].find(key_id)
    if key is None:
        raise TokenRefused("unknown-key", f"{key_id[:200]} of {named}")
    claims = _decode(token, key, algorithm, issuer)
    _check_use(claims)
    _check_audience(claims, issuer)
    return claims


def granted(claims: Claims, permissions: Mapping[str, frozenset[str]]) -> list[str]:
    """What the token's scopes, groups and roles allow, sorted: `<dataset or *>:<read|write|delete>`."""
    names = {name for claim in _PERMISSION_CLAIMS for name in _names(claims.get(claim))}
    return sorted(frozenset[str]().union(*(permissions.get(name, frozenset()) for name in names)))


def subject(claims: Claims) -> str:
    """Whom to name in logs: the token's subject, else its client."""
    return str(claims.get("sub") or claims.get("client_id") or "")


def _unverified(token: str) -> tuple[str, str, str]:
    """Algorithm, key id and issuer as the token states them: good for choosing a key, believed by nobody."""
    try:
        header = jwt.get_unverified_header(token)
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, RecursionError) as error:
        raise TokenRefused("malformed") from error
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused("algorithm-not-allowed", str(algorithm)[:50])
    if not isinstance(key_id, str):
        raise TokenRefused("unknown-key", "the token names no key")
    if not isinstance(issuer, str):
        raise TokenRefused("unknown-issuer", "the token names no issuer")
    return algorithm, key_id, issuer


def _decode(token: str, key: Mapping[str, Any], algorithm: str, issuer: Issuer) -> Claims:
    # Microsoft Entra ID publishes keys without `alg`; a key that has one is for no other (RFC 8725, 3.1).
    if key.get("alg", algorithm) != algorithm:
        raise TokenRefused("algorithm-not-allowed", f"{algorithm} with a key for {key['alg']}")
    try:
        return jwt.decode(
            token,
            jwt.PyJWK(dict(key), algorithm),
            algorithms=[algorithm],
            issuer=issuer.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused("expired") from error
    except jwt.ImmatureSignatureError as error:
        raise TokenRefused("not-yet-valid") from error
    except jwt.InvalidSignatureError as error:
        raise TokenRefused("bad-signature") from error
    except jwt.PyJWTError as error:  # a claim that is missing or has a wrong type, a key that does not fit
        raise TokenRefused("invalid", type(error).__name__) from error


def _check_use(claims: Claims) -> None:
    # Amazon Cognito signs ID tokens with the same keys for the same clients: those tell a client who its user
    # is, and are no permission.
    if claims.get("token_use", "access") != "access":
        raise TokenRefused("not-an-access-token", str(claims["token_use"])[:50])


def _check_audience(claims: Claims, issuer: Issuer) -> None:
    # Access tokens of Amazon Cognito have no `aud`; their `client_id` says for whom they were made.
    audience = _names(claims["aud"]) if "aud" in claims else [claims.get("client_id")]
    if issuer.audience.isdisjoint(audience):
        raise TokenRefused("wrong-audience", str(audience)[:200])


def _names(claim: Any) -> list[str]:
    """The words of a text claim (RFC 6749, section 3.3) or the texts of a list claim."""
    if isinstance(claim, str):
        return claim.split()
    return [name for name in claim if isinstance(name, str)] if isinstance(claim, list) else []
