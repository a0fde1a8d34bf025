"""The public keys of one issuer, fetched when needed and kept for a while."""

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, override

KEEP_SECONDS = 600  # a key the issuer withdrew is honoured no longer than this
REFETCH_SECONDS = 30  # tokens with made-up key ids must not become requests to the issuer
TIMEOUT_SECONDS = 3
MAX_BYTES = 512 * 1024

type Jwk = dict[str, Any]


class JwksUnreachable(Exception):
    """Raised when an issuer's keys can't be had. Not caught: the invocation fails, and the alarm rings."""


class KeySet:
    """An issuer's signing keys by key id.

    Fetched at first use and again after `KEEP_SECONDS`. A key id it does not know (the issuer rotated its
    keys) fetches them once more, at most every `REFETCH_SECONDS`.
    """

    def __init__(
        self,
        uri: str,
        fetch: Callable[[str], Mapping[str, Jwk]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._uri = uri
        self._fetch = fetch or fetch_keys
        self._clock = clock
        self._keys: Mapping[str, Jwk] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, key_id: str) -> Jwk | None:
        """The key of that id, or None if the issuer has none; JwksUnreachable if it can't be asked."""
        now = self._clock()
        is_old = now - self._fetched_at >= KEEP_SECONDS
        if is_old or (key_id not in self._keys and now - self._tried_at >= REFETCH_SECONDS):
            self._tried_at = now
            self._keys = self._fetch(self._uri)
            self._fetched_at = now
        return self._keys.get(key_id)


def fetch_keys(uri: str) -> dict[str, Jwk]:
    """Key id -> key of every signing key in the JSON Web Key Set at `uri` (RFC 7517)."""
    try:
        with _opener.open(uri, timeout=TIMEOUT_SECONDS) as response:
            keys = json.loads(response.read(MAX_BYTES))["keys"]
        signing = [key for key in keys if key.get("use", "sig") == "sig"]
        return {key["kid"]: key for key in signing if isinstance(key.get("kid"), str)}
    except (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError) as error:
        raise JwksUnreachable(
            f"expected a JSON Web Key Set at {uri}, got {type(error).__name__}: {error}; "
            "check the issuer's jwks_uri in ISSUERS and that the function can reach it"
        ) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The keys are where ISSUERS says: a redirect could lead to a place without TLS."""

    @override
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)
