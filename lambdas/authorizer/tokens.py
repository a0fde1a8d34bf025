"""Verifies a bearer token, and reads what it permits. No AWS here."""

from collections.abc import Mapping
from typing import Any

import jwt

from lambdas.authorizer.jwks import KeySet
from lambdas.authorizer.settings import Issuer

# Asymmetric algorithms only: `none`, and HS256 with the public key as its secret, are denied before a key is
# used.
ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA")
)
LEEWAY_SECONDS = 30
_PERMISSION_CLAIMS = ("scope", "scp", "cognito:groups", "groups", "roles")

type Claims = dict[str, Any]


class TokenDenied(Exception):
    """Raised when a token is not accepted. `reason` is a short code; the message never has the token."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


def verify(token: str, issuers: Mapping[str, Issuer], key_sets: Mapping[str, KeySet]) -> Claims:
    """The claims of the token. TokenDenied unless an issuer signed it for this API and it is valid now."""
    algorithm, key_id, named = _unverified(token)
    issuer = issuers.get(named)
    if issuer is None:
        raise TokenDenied("unknown-issuer", named[:200])
    key = key_sets[named].find(key_id)
    if key is None:
        raise TokenDenied("unknown-key", f"{key_id[:200]} of {named}")
    claims = _decode(token, key, algorithm, issuer)
    _check_use(claims)
    _check_audience(claims, issuer)
    return claims


def granted(claims: Claims, permissions: Mapping[str, frozenset[str]]) -> list[str]:
    """The sorted permissions of scopes, groups and roles: `<dataset or *>:<read|write|delete>`."""
    names = {name for claim in _PERMISSION_CLAIMS for name in _names(claims.get(claim))}
    return sorted(frozenset[str]().union(*(permissions.get(name, frozenset()) for name in names)))


def subject(claims: Claims) -> str:
    """The caller's name in logs: the subject of the token, else its client."""
    return str(claims.get("sub") or claims.get("client_id") or "")


def _unverified(token: str) -> tuple[str, str, str]:
    """Algorithm, key id and issuer as stated in the token: not verified, only used to choose the key."""
    try:
        header = jwt.get_unverified_header(token)
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, RecursionError) as error:
        raise TokenDenied("malformed") from error
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenDenied("algorithm-not-allowed", str(algorithm)[:50])
    if not isinstance(key_id, str):
        raise TokenDenied("unknown-key", "the token names no key")
    if not isinstance(issuer, str):
        raise TokenDenied("unknown-issuer", "the token names no issuer")
    return algorithm, key_id, issuer


def _decode(token: str, key: Mapping[str, Any], algorithm: str, issuer: Issuer) -> Claims:
    # Microsoft Entra ID publishes keys without `alg`. A key with one is for that algorithm only (RFC 8725,
    # 3.1).
    if key.get("alg", algorithm) != algorithm:
        raise TokenDenied("algorithm-not-allowed", f"{algorithm} with a key for {key['alg']}")
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
        raise TokenDenied("expired") from error
    except jwt.ImmatureSignatureError as error:
        raise TokenDenied("not-yet-valid") from error
    except jwt.InvalidSignatureError as error:
        raise TokenDenied("bad-signature") from error
    except jwt.PyJWTError as error:  # a claim that is missing or has a wrong type, a key of another type
        raise TokenDenied("invalid", type(error).__name__) from error


def _check_use(claims: Claims) -> None:
    # Amazon Cognito signs ID tokens with the same keys for the same clients. They identify a user to a
    # client, and grant nothing.
    if claims.get("token_use", "access") != "access":
        raise TokenDenied("not-an-access-token", str(claims["token_use"])[:50])


def _check_audience(claims: Claims, issuer: Issuer) -> None:
    # Access tokens of Amazon Cognito have no `aud`; their `client_id` names the client that they are for.
    audience = _names(claims["aud"]) if "aud" in claims else [claims.get("client_id")]
    if issuer.audience.isdisjoint(audience):
        raise TokenDenied("wrong-audience", str(audience)[:200])


def _names(claim: Any) -> list[str]:
    """The words of a text claim (RFC 6749, section 3.3), or the texts in a list claim."""
    if isinstance(claim, str):
        return claim.split()
    return [name for name in claim if isinstance(name, str)] if isinstance(claim, list) else []
