"""A small stack for the source: a token endpoint and a Data API on a real server."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import urllib3
from botocore.exceptions import ClientError

from lambdas.exact_json import dumps, loads
from lambdas.source.api import DataApi
from lambdas.source.messages import Reader
from lambdas.source.tokens import Tokens
from lambdas.validation import Validators
from tests.builders import contracts, transaction
from tests.lambdas.clock import Clock
from tests.lambdas.loopback import Answer, Loopback, Request

CLIENT, SECRET = "client-1", "secret-1"
READER = Reader(contracts(), Validators(contracts()))
ERASED = {"status": 410, "type": "urn:glueline:problem:erased", "detail": "no row of this key may be stored"}


def accept(change: dict[str, Any]) -> dict[str, Any]:
    """The result of an accepted change."""
    return {"status": "accepted", "key": change["event_id"], "version": 1}


@dataclass(slots=True)
class Stack:
    """Tokens are numbered. The API accepts the tokens in `valid_tokens`, and answers by `result_of`."""

    server: Loopback
    lifetime: Any = 3600
    issued: int = 0
    valid_tokens: set[str] = field(default_factory=lambda: {f"token-{number}" for number in range(1, 100)})
    result_of: Callable[[dict[str, Any]], Any] = accept
    written: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.routes |= {"/oauth2/token": self._token, "/api/batch": self.answer_batch}

    def tokens(self, clock: Clock, secret: Callable[[], str] = lambda: SECRET) -> Tokens:
        """The source's client of the token endpoint."""
        return Tokens(urllib3.PoolManager(), f"{self.server.url}/oauth2/token", CLIENT, secret, clock)

    def api(self, clock: Clock) -> DataApi:
        """The source's client of the API."""
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

    def answer_batch(self, request: Request) -> Answer:
        """Answer a request of `/batch`."""
        if request.headers["authorization"].removeprefix("Bearer ") not in self.valid_tokens:
            return Answer(403, b'{"message":"Forbidden"}')
        changes = loads(request.body.decode())["changes"]
        self.written += changes
        return Answer(200, dumps({"results": [self.result_of(change) for change in changes]}).encode())


class Queue:
    """A dead-letter queue in memory. It refuses messages with ids in `refuses`; with "all", calls fail."""

    def __init__(self) -> None:
        self.dead_letters: list[dict[str, Any]] = []
        self.refuses: set[str] = set()

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:
        if "all" in self.refuses:
            raise ClientError({"Error": {"Code": "QueueDoesNotExist", "Message": ""}}, "SendMessageBatch")
        ids = [(entry["MessageAttributes"]["message_id"]["StringValue"], entry) for entry in Entries]
        self.dead_letters += [entry for message_id, entry in ids if message_id not in self.refuses]
        refused = [entry["Id"] for message_id, entry in ids if message_id in self.refuses]
        return {"Failed": [{"Id": place, "Code": "InternalError", "SenderFault": False} for place in refused]}

    @property
    def message_ids(self) -> list[str]:
        return [
            dead_letter["MessageAttributes"]["message_id"]["StringValue"] for dead_letter in self.dead_letters
        ]


class Topic:
    """An alert topic in memory."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, str]] = []
        self.is_down = False

    def publish(self, **alert: str) -> None:
        if self.is_down:
            raise ClientError({"Error": {"Code": "InternalError", "Message": ""}}, "Publish")
        self.alerts.append(alert)


def event_of(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"event-of-{name}",
        "source": "till/330",
        "type": "transactions.upsert",
        "data": transaction(**changed),
    }


def record(message_id: str, body: Any = None, **changed: Any) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "body": body if isinstance(body, str) else dumps(event_of(message_id, **changed)),
    }


def batch_record(message_id: str, *events: dict[str, Any]) -> dict[str, Any]:
    return {"messageId": message_id, "body": dumps(list(events))}


def failed(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]
