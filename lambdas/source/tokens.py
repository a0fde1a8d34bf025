"""The access token of the source: OAuth 2.0 client credentials (RFC 6749), cached until it expires."""

import json
import time
from collections.abc import Callable

import urllib3

from expectations.problems import RetryableError

EARLY_SECONDS = 60  # before its expiry a token is renewed, as requests take time and clocks differ
_TIMEOUT = urllib3.Timeout(connect=3, read=7)
_RETRIES = urllib3.Retry(connect=2, read=False, redirect=False, status=False, other=False)


class DataApiUnavailable(RetryableError):
    """Raised when the Data API cannot be called now. The messages return to their queue."""


class Tokens:
    """Fetches a token when there is none, or when the current one expires soon.

    `secret` is called for each token, so that a rotated secret is used.
    """

    def __init__(
        self,
        http: urllib3.PoolManager,
        token_url: str,
        client_id: str,
        secret: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._token_url = token_url
        self._client_id = client_id
        self._secret = secret
        self._clock = clock
        self._token = ""
        self._valid_until = 0.0

    def current(self) -> str:
        """A token that is still valid for a while. DataApiUnavailable if none can be fetched."""
        now = self._clock()
        if now >= self._valid_until:
            self._token, lifetime = self._fetch()
            self._valid_until = now + lifetime - EARLY_SECONDS
        return self._token

    def forget(self) -> None:
        """Do not use the token again, as the API denied it."""
        self._valid_until = 0.0

    def _fetch(self) -> tuple[str, float]:
        headers = {
            **urllib3.make_headers(basic_auth=f"{self._client_id}:{self._secret()}"),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = "grant_type=client_credentials"
        try:
            answer = self._http.request(
                "POST", self._token_url, body=body, headers=headers, timeout=_TIMEOUT, retries=_RETRIES
            )
        except urllib3.exceptions.HTTPError as error:
            raise self._unexpected(f"{type(error).__name__}: {error}") from error
        if answer.status != 200:
            raise self._unexpected(f"status {answer.status}: {answer.data[:300]!r}")
        try:
            granted = json.loads(answer.data)
            return str(granted["access_token"]), float(granted.get("expires_in", 0))
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
        ) as error:  # reported without the data, which may contain a token
            raise self._unexpected(type(error).__name__) from error

    def _unexpected(self, got: str) -> DataApiUnavailable:
        return DataApiUnavailable(
            f"expected a token from {self._token_url}, got {got}; check TOKEN_URL and CLIENT_ID"
        )
