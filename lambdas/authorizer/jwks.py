"""The public keys of one issuer, fetched when needed and kept for a while."""

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, override

from lambdas.authorizer.settings import Issuer, is_safe

KEEP_SECONDS = 600  # a key the issuer withdrew is honoured no longer than this
REFETCH_SECONDS = 30  # tokens with made-up key ids must not become requests to the issuer
RETRY_SECONDS = 5  # nor any tokens, while the issuer is down and no keys are left
TIMEOUT_SECONDS = 3
MAX_BYTES = 512 * 1024

type Jwk = dict[str, Any]


class JwksUnreachable(Exception):
    """Raised when an issuer's keys can't be had. Not caught: the invocation fails, and the alarm rings."""


class KeySet:
    """An issuer's signing keys by key id.

    Fetched at first use and again after `KEEP_SECONDS`. A key id it does not know (the issuer rotated its
    keys) fetches them once more, at most every `REFETCH_SECONDS`. Whatever tokens come, the issuer is asked
    no more often than every `RETRY_SECONDS`.
    """

    def __init__(self, issuer: Issuer, clock: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: Mapping[str, Jwk] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, key_id: str) -> Jwk | None:
        """The key of that id, or None if the issuer has none; JwksUnreachable if it can't be asked."""
        now = self._clock()
        is_old = now - self._fetched_at >= KEEP_SECONDS
        rests = now - self._tried_at < (RETRY_SECONDS if is_old else REFETCH_SECONDS)
        if is_old and rests:
            raise JwksUnreachable(f"the keys of {self._issuer.issuer} could not be fetched a moment ago")
        if is_old or (key_id not in self._keys and not rests):
            self._tried_at = now
            self._keys = fetch_keys(self._issuer.jwks_uri or discover_keys(self._issuer.issuer))
            self._fetched_at = now
        return self._keys.get(key_id)


def discover_keys(issuer: str) -> str:
    """Where the issuer says that its keys are (OpenID Connect Discovery 1.0, section 4)."""
    uri = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
    document = _fetch_json(uri)
    if document.get("issuer") != issuer:  # section 4.3: nobody may speak for another
        got = str(document.get("issuer"))[:200]
        raise JwksUnreachable(f"expected {uri} to be of issuer {issuer}, got {got}; check ISSUERS")
    jwks_uri = document.get("jwks_uri")
    if not isinstance(jwks_uri, str) or not is_safe(jwks_uri):
        raise JwksUnreachable(f"expected an https jwks_uri in {uri}, got {str(jwks_uri)[:200]}")
    return jwks_uri


def fetch_keys(uri: str) -> dict[str, Jwk]:
    """Key id -> key of every signing key in the JSON Web Key Set at `uri` (RFC 7517)."""
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
        f"expected keys or where they are at {uri}, got {type(error).__name__}: {error}; "
        "check the issuer's jwks_uri in ISSUERS and that the function can reach it"
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The keys are where ISSUERS says: a redirect could lead to a place without TLS."""

    @override
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)
