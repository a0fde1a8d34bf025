"""What the source talks to, in small: a token endpoint and a Data API on a real server."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import urllib3

from lambdas.exact_json import dumps, loads
from lambdas.source.api import DataApi
from lambdas.source.tokens import Tokens
from tests.lambdas.loopback import Answer, Loopback, Request

CLIENT, SECRET = "client-1", "secret-1"


@dataclass(slots=True)
class Clock:
    """Stands still until it is set."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def accept(change: dict[str, Any]) -> dict[str, Any]:
    """The API takes the change."""
    return {"status": "accepted", "key": change["event_id"], "version": 1}


@dataclass(slots=True)
class Stack:
    """Tokens are numbered; the API believes those in `believed` and answers each change by `judge`."""

    server: Loopback
    lifetime: Any = 3600
    issued: int = 0
    believed: set[str] = field(default_factory=lambda: {f"token-{number}" for number in range(1, 100)})
    judge: Callable[[dict[str, Any]], Any] = accept
    written: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.routes |= {"/oauth2/token": self._token, "/api/batch": self._batch}

    def tokens(self, clock: Clock, secret: Callable[[], str] = lambda: SECRET) -> Tokens:
        """The source's side of the token endpoint."""
        return Tokens(urllib3.PoolManager(), f"{self.server.url}/oauth2/token", CLIENT, secret, clock)

    def api(self, clock: Clock) -> DataApi:
        """The source's side of the API."""
        return DataApi(urllib3.PoolManager(), f"{self.server.url}/api/", self.tokens(clock))

    def _token(self, request: Request) -> Answer:
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers["authorization"] != basic or request.body != b"grant_type=client_credentials":
            return Answer(400, b'{"error":"invalid_client"}')
        self.issued += 1
        granted = {
            "access_token": f"token-{self.issued}",
            "expires_in": self.lifetime,
            "token_type": "Bearer",
        }
        return Answer(200, json.dumps(granted).encode())

    def _batch(self, request: Request) -> Answer:
        if request.headers["authorization"].removeprefix("Bearer ") not in self.believed:
            return Answer(403, b'{"message":"Forbidden"}')
        changes = loads(request.body.decode())["changes"]
        self.written += changes
        return Answer(200, dumps({"results": [self.judge(change) for change in changes]}).encode())
