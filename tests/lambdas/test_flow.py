"""The functions together: a queue message passes token, authorizer and API, and becomes an item."""

import copy
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import urllib3
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from lambdas.authorizer.app import Trust, authorize
from lambdas.authorizer.settings import Settings
from lambdas.data_api import app as data_api
from lambdas.data_api.changes import Checker
from lambdas.data_api.service import Service
from lambdas.data_api.store import Store
from lambdas.exact_json import dumps
from lambdas.source.api import DataApi
from lambdas.source.events import ValidMessage
from lambdas.source.messages import Reader
from lambdas.source.tokens import DataApiUnavailable, Tokens
from lambdas.validation import Validators
from tests.builders import contracts, transaction
from tests.lambdas.authorizer.identity import IdentityProvider
from tests.lambdas.loopback import Answer, Loopback, Request

VALIDATORS = Validators(contracts())


class Gateway:
    """A small HTTP API: calls the authorizer, then the function."""

    def __init__(self, server: Loopback, trust: Trust, template: dict[str, Any]) -> None:
        self.template = template
        self.trust = trust
        server.routes["/batch"] = self.route

    def route(self, request: Request) -> Answer:
        event = copy.deepcopy(self.template)
        event |= {"rawPath": request.path, "headers": request.headers, "body": request.body.decode()}
        event["requestContext"]["http"] |= {"method": request.method, "path": request.path}
        response = authorize(event, self.trust)
        if not response["isAuthorized"]:
            return Answer(403, b'{"message":"Forbidden"}')
        event["requestContext"]["authorizer"] = {"lambda": response["context"]}
        answer = data_api.handler(event, LambdaContext())
        return Answer(answer["statusCode"], answer["body"].encode(), answer["headers"])


@pytest.fixture
def provider(loopback: Loopback) -> IdentityProvider:
    return IdentityProvider(loopback)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The transactions table that the API uses."""
    with mock_aws():
        dynamodb = boto3.resource("dynamodb")
        table = dynamodb.create_table(
            TableName="glueline-transactions",
            KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        store = Store(boto3.client("dynamodb"), "glueline-")
        service = Service(contracts(), Checker(contracts(), VALIDATORS), store)
        monkeypatch.setattr(data_api, "_service", lambda: service)
        yield table


@pytest.fixture
def api(
    loopback: Loopback, provider: IdentityProvider, table: Any, event_named: Callable[[str], Any]
) -> Callable[[str], DataApi]:
    """The source's client of the API, with tokens of this scope."""
    permissions = {"glueline/write": frozenset({"*:write"}), "glueline/delete": frozenset({"*:delete"})}
    trust = Trust.of(Settings({provider.name: provider.issuer}, permissions))
    Gateway(loopback, trust, event_named("http_api"))

    def client(scope: str) -> DataApi:
        granted = {"access_token": provider.token(scope=scope), "expires_in": 3600}
        loopback.routes["/oauth2/token"] = lambda _: Answer(200, json.dumps(granted).encode())
        http = urllib3.PoolManager()
        return DataApi(
            http, loopback.url, Tokens(http, f"{loopback.url}/oauth2/token", "id", lambda: "secret")
        )

    return client


def message(kind: str, **data: Any) -> ValidMessage:
    event = {"specversion": "1.0", "id": "event-1", "source": "till", "type": kind, "data": data}
    [valid] = Reader(contracts(), VALIDATORS).read("message-1", dumps(event))
    assert isinstance(valid, ValidMessage)
    return valid


def test_a_message_becomes_an_item(api: Callable[[str], DataApi], table: Any) -> None:
    [result] = api("glueline/write").write([message("transactions.upsert", **transaction())])

    assert result["status"] == "accepted"
    item = table.get_item(Key={"_key": result["key"]})["Item"]
    assert item["_event_id"] == "event-1"
    assert {name: item[name] for name in transaction()} == transaction()


def test_the_api_logs_a_message_under_the_id_of_the_invocation_that_sent_it(
    api: Callable[[str], DataApi], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_api._logger.registered_handler, "stream", sys.stdout)
    upsert = message("transactions.upsert", **transaction())

    api("glueline/write").write([upsert], correlation_id="invocation-1")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [logged] = [line for line in lines if line.get("message") == "batch written"]
    assert (logged["correlation_id"], logged["level"]) == ("invocation-1", "INFO")
    assert logged["request_id"] not in ("", "invocation-1")  # the gateway's own


def test_a_late_message_does_not_bring_a_voided_line_back(api: Callable[[str], DataApi], table: Any) -> None:
    client = api("glueline/write glueline/delete")
    key = {name: transaction()[name] for name in contracts()["transactions"].key}
    client.write([message("transactions.delete", **key, updated_at="2017-01-02T00:00:00Z")])

    [result] = client.write([message("transactions.upsert", **transaction())])

    assert result["status"] == "stale"
    assert table.get_item(Key={"_key": "31198570044,1095275"})["Item"]["_deleted"] is True


def test_a_client_without_the_scope_is_denied(api: Callable[[str], DataApi]) -> None:
    with pytest.raises(DataApiUnavailable, match="status 403"):
        api("openid").write([message("transactions.upsert", **transaction())])


def test_a_change_beyond_the_scope_is_rejected_alone(api: Callable[[str], DataApi]) -> None:
    key = {name: transaction()[name] for name in contracts()["transactions"].key}
    delete = message("transactions.delete", **key, updated_at="2017-01-02T00:00:00Z")

    results = api("glueline/write").write([message("transactions.upsert", **transaction()), delete])

    assert [result["status"] for result in results] == ["accepted", "rejected"]
    assert results[1]["problem"]["status"] == 403
