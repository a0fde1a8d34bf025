"""The API with an in-memory DynamoDB: requests, answers, and the stored items."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.comparisons import Op, OpLessThan, OpLessThanOrEqual
from moto.dynamodb.models import dynamodb_backends

from expectations.contract import Contract, Row
from lambdas.data_api import app
from lambdas.data_api.changes import Checker
from lambdas.data_api.index_attributes import attribute_definitions, index_definition
from lambdas.data_api.service import Service
from lambdas.data_api.store import Store
from lambdas.exact_json import dumps, loads
from lambdas.validation import Validators
from tests.builders import contracts
from tests.lambdas.contracts import COUNTERS, READINGS, THINGS

PREFIX = "glueline-"
NOW = 1_795_515_330_000_000  # microseconds
LINE_KEY = "31198570044,1095275"  # of transaction()
LINE = f"/transactions/{LINE_KEY}"
UPDATED = 1_483_271_606_000_000  # microseconds of transaction()'s updated_at
# Longer than every type. Python converts at most 4,300 digits to an int.
LONG_NUMBERS = ["9" * 19, "9" * 39, "9" * 4301, "0" * 4301 + "1", "-" + "9" * 4301, "1" + "0" * 4400]
EVERYTHING = "*:read *:write *:delete"
CONTRACTS: dict[str, Contract] = {**contracts(), "things": THINGS, "counters": COUNTERS, "readings": READINGS}
CHECKER = Checker(CONTRACTS, Validators(CONTRACTS))


@pytest.fixture(scope="session")
def client() -> Any:
    """One client for all tests, as creating one takes longer than a test. It calls only moto."""
    with mock_aws():
        return boto3.client("dynamodb", region_name="us-east-1")


@pytest.fixture(scope="session")
def empty_tables(client: Any) -> dict[str, Any]:
    """Empty tables of all datasets, to be copied: creating them by the API takes longer than most tests."""
    with mock_aws():
        for dataset, contract in CONTRACTS.items():
            indexes = [index_definition(pattern) for pattern in contract.patterns]
            client.create_table(
                TableName=PREFIX + dataset,
                KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
                AttributeDefinitions=attribute_definitions(contract.patterns),
                BillingMode="PAY_PER_REQUEST",
                **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
            )
        client.create_table(
            TableName=PREFIX + "Answers",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return copy.deepcopy(_tables())


@pytest.fixture
def dynamodb(client: Any, empty_tables: dict[str, Any]) -> Iterator[Any]:
    """The client, with an empty table for every dataset."""
    with mock_aws():
        _tables().update(copy.deepcopy(empty_tables))
        yield client


def _tables() -> dict[str, Any]:
    """The tables of moto's DynamoDB."""
    tables: dict[str, Any] = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
    return tables


@pytest.fixture(autouse=True)
def _other_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparisons of values of different types are false, as in DynamoDB; moto raises a TypeError."""
    for operation in (OpLessThan, OpLessThanOrEqual):
        monkeypatch.setattr(operation, "expr", _false_for_other_types(operation.expr))


def _false_for_other_types(compare: Callable[..., bool]) -> Callable[..., bool]:
    def compared(self: Op, item: Any) -> bool:
        try:
            return compare(self, item)
        except TypeError:
            return False

    return compared


@dataclass(slots=True)
class Clock:
    """Nanoseconds since the epoch. The time stands still until a test changes it."""

    micros: int = NOW

    def __call__(self) -> int:
        return self.micros * 1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass(slots=True)
class Failing:
    """A DynamoDB client that records its calls, and raises one exception of `failures` for each call."""

    client: Any
    failures: list[Exception] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append(name)
            if self.failures:
                raise self.failures.pop(0)
            return getattr(self.client, name)(**parameters)

        return call


@pytest.fixture
def failing(dynamodb: Any) -> Failing:
    return Failing(dynamodb)


@pytest.fixture
def slept() -> list[float]:
    """The pauses of the store, in seconds."""
    return []


@pytest.fixture
def store(failing: Failing, clock: Clock, slept: list[float]) -> Store:
    return Store(failing, PREFIX, clock, slept.append)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: Any
    text: str = ""  # of the body, in Base64 if it is compressed

    @property
    def etag(self) -> str:
        return self.headers["etag"]


type Call = Callable[..., Answer]


@pytest.fixture
def call(store: Store, event_named: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the API: `call("PUT", "/products/1", {...}, if_match='"5"')`."""
    service = Service(CONTRACTS, CHECKER, store)
    monkeypatch.setattr(app, "_service", lambda: service)
    template = event_named("http_api")
    numbers = count()

    def ask(
        method: str,
        path: str,
        body: Any = None,
        *,
        permissions: str | None = EVERYTHING,
        authorizer: str | None = "lambda",
        subject: str = "client",
        query: dict[str, str] | None = None,
        raw: dict[str, Any] | None = None,
        **headers: str,
    ) -> Answer:
        event = copy.deepcopy(template)
        if (number := next(numbers)) > 0:  # API Gateway gives every request its own id
            event["requestContext"]["requestId"] += str(number)
        event |= {"rawPath": path, "body": None if body is None else dumps(body)} | (raw or {})
        event["requestContext"]["http"] |= {"method": method, "path": path}
        event["requestContext"]["authorizer"] = (
            {authorizer: {"permissions": permissions, "subject": subject}} if authorizer else None
        )
        event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        if query is not None:
            event["queryStringParameters"] = query
        answer = app.handler(event, LambdaContext())
        answered = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        text = answer.get("body") or ""
        body = loads(text) if text and not answer.get("isBase64Encoded") else None
        return Answer(answer["statusCode"], answered, body, text)

    return ask


type ItemOf = Callable[[str, str], Any]


@pytest.fixture
def item(dynamodb: Any) -> ItemOf:
    """Reads the item that a table holds under a key."""
    return lambda dataset, key: dynamodb.get_item(TableName=PREFIX + dataset, Key={"_key": {"S": key}}).get(
        "Item"
    )


type Put = Callable[..., None]


@pytest.fixture
def put(call: Call, dynamodb: Any) -> Put:
    """Stores an item as another writer does: without bookkeeping attributes, or with other ones."""

    def of_another_writer(path: str, row: Row, **attributes: Any) -> None:
        dataset = path.split("/")[1]
        call("POST", f"/{dataset}", row)
        [item] = dynamodb.scan(TableName=PREFIX + dataset)["Items"]
        for name in ("_version", "_event_id", "_event_time"):
            item.pop(name, None)
        dynamodb.put_item(TableName=PREFIX + dataset, Item=item | attributes)

    return of_another_writer


def change(dataset: str, data: Any, op: str = "upsert", **more: Any) -> dict[str, Any]:
    """A change of a batch."""
    return {"dataset": dataset, "op": op, "data": data} | more


def batch(call: Call, *changes: dict[str, Any]) -> list[str]:
    """The outcomes of the changes of a batch."""
    return [result["status"] for result in call("POST", "/batch", {"changes": list(changes)}).body["results"]]
