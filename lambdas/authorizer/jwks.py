"""The public keys of an issuer, fetched when needed and cached.

PyJWT's `PyJWKClient` is not used: while an issuer is down it sends a request for every token, it reads
answers of any size, and it does not discover where an issuer's keys are.
"""

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, override

from lambdas.authorizer.settings import Issuer, is_safe

KEEP_SECONDS = 600  # the longest time for which a key is accepted after the issuer has withdrawn it
REFETCH_SECONDS = 30  # the least time between requests for unknown key ids, which anyone can make up
RETRY_SECONDS = 5  # the least time between requests while the issuer is down and no keys are cached
TIMEOUT_SECONDS = 3
MAX_BYTES = 512 * 1024

type Jwk = dict[str, Any]


class JwksUnreachable(Exception):
    """Raised when an issuer's keys cannot be fetched. It is not caught, so that the invocation fails."""


class KeySet:
    """The signing keys of an issuer by key id.

    They are fetched at first use, and again after `KEEP_SECONDS`. An unknown key id, which may mean that the
    issuer rotated its keys, fetches them at most every `REFETCH_SECONDS`. No tokens cause more requests than
    one every `RETRY_SECONDS`.
    """

    def __init__(self, issuer: Issuer, clock: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: Mapping[str, Jwk] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, key_id: str) -> Jwk | None:
        """The key with this id, or None if the issuer has none. JwksUnreachable if it does not answer."""
        now = self._clock()
        is_old = now - self._fetched_at >= KEEP_SECONDS
        is_too_soon = now - self._tried_at < (RETRY_SECONDS if is_old else REFETCH_SECONDS)
        if is_old and is_too_soon:
            raise JwksUnreachable(
                f"the keys of {self._issuer.issuer} could not be fetched in the last {RETRY_SECONDS} s"
            )
        if is_old or (key_id not in self._keys and not is_too_soon):
            self._tried_at = now
            self._keys = fetch_keys(self._issuer.jwks_uri or discover_keys(self._issuer.issuer))
            self._fetched_at = now
        return self._keys.get(key_id)


def discover_keys(issuer: str) -> str:
    """The address of the issuer's keys (OpenID Connect Discovery 1.0, section 4)."""
    uri = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
    document = _fetch_json(uri)
    if document.get("issuer") != issuer:  # section 4.3: the document must be the issuer's own
        got = str(document.get("issuer"))[:200]
        raise JwksUnreachable(f"expected issuer {issuer} in {uri}, got {got}; check ISSUERS")
    jwks_uri = document.get("jwks_uri")
    if not isinstance(jwks_uri, str) or not is_safe(jwks_uri):
        raise JwksUnreachable(f"expected an https jwks_uri in {uri}, got {str(jwks_uri)[:200]}")
    return jwks_uri


def fetch_keys(uri: str) -> dict[str, Jwk]:
    """Key id -> key, of all signing keys in the JSON Web Key Set at `uri` (RFC 7517)."""
    try:
        signing = [key for key in _fetch_json(uri)["keys"] if key.get("use", "sig") == "sig"]
        return {key["kid"]: key for key in signing if isinstance(key.get("kid"), str)}
    except (LookupError, TypeError, AttributeError) as error:
        raise _unreachable(uri, error) from error


def _fetch_json(uri: str) -> dict[str, Any]:
    try:
        with _opener.open(uri, timeout=TIMEOUT_SECONDS) as response:
            document = json.loads(response.read(MAX_BYTES))
    except (OSError, HTTPException, ValueError) as error:
        raise _unreachable(uri, error) from error
    if not isinstance(document, dict):
        raise JwksUnreachable(f"expected a JSON object at {uri}; check the issuer's jwks_uri in ISSUERS")
    return document


def _unreachable(uri: str, error: Exception) -> JwksUnreachable:
    return JwksUnreachable(
        f"expected keys or their address at {uri}, got {type(error).__name__}: {error}; "
        "check the issuer's jwks_uri in ISSUERS and that the function can reach it"
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, which could lead to an address that is not in ISSUERS or has no TLS."""

    @override
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)
