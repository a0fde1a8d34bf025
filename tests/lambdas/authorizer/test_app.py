import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.authorizer import app
from lambdas.authorizer.jwks import JwksUnreachable
from lambdas.authorizer.settings import Settings
from tests.lambdas.authorizer.identity import CLIENT, IdentityProvider
from tests.lambdas.loopback import Answer, Loopback

type EventNamed = Callable[[str], Any]


@pytest.fixture
def provider(loopback: Loopback) -> IdentityProvider:
    return IdentityProvider(loopback)


@pytest.fixture
def trust(provider: IdentityProvider) -> app.Trust:
    permissions = {"glueline/read": frozenset({"*:read"}), "glueline/write": frozenset({"*:write"})}
    return app.Trust.of(Settings({provider.name: provider.issuer}, permissions))


@pytest.fixture
def request_with(event_named: EventNamed) -> Callable[[str], dict[str, Any]]:
    def build(authorization: str) -> dict[str, Any]:
        event: dict[str, Any] = event_named("http_api_authorizer")
        event["headers"]["authorization"] = authorization
        return event

    return build


def test_a_good_token_passes_its_permissions_on(
    provider: IdentityProvider, trust: app.Trust, request_with: Callable[[str], dict[str, Any]]
) -> None:
    token = provider.token(scope="glueline/write glueline/read")

    response = app.authorize(request_with(f"Bearer {token}"), trust)

    assert response == {
        "isAuthorized": True,
        "context": {"permissions": "*:read *:write", "subject": CLIENT},
    }


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a b c"])
def test_a_request_without_a_bearer_token_is_denied(
    trust: app.Trust, request_with: Callable[[str], dict[str, Any]], authorization: str
) -> None:
    assert app.authorize(request_with(authorization), trust) == {"isAuthorized": False}


def test_a_request_without_headers_is_denied(trust: app.Trust) -> None:
    assert app.authorize({}, trust) == {"isAuthorized": False}


def test_a_token_that_allows_nothing_is_denied(
    provider: IdentityProvider, trust: app.Trust, request_with: Callable[[str], dict[str, Any]]
) -> None:
    token = provider.token(scope="openid")

    assert app.authorize(request_with(f"bearer {token}"), trust) == {"isAuthorized": False}


def test_a_refusal_is_logged_with_its_reason_and_without_the_token(
    provider: IdentityProvider,
    trust: app.Trust,
    request_with: Callable[[str], dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    token = provider.token(exp=1)

    app.authorize(request_with(f"Bearer {token}"), trust)

    [logged] = [vars(record) for record in caplog.records]
    metric = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (logged["levelname"], logged["reason"]) == ("WARNING", "expired")
    assert (metric["refused"], metric["reason"]) == ([1.0], "expired")
    assert not any(part in str(logged) for part in token.split("."))


def test_an_issuer_that_cannot_be_asked_fails_the_invocation(
    provider: IdentityProvider, trust: app.Trust, request_with: Callable[[str], dict[str, Any]]
) -> None:
    provider.server.routes[provider.path] = lambda _: Answer(503)

    with pytest.raises(JwksUnreachable):
        app.authorize(request_with(f"Bearer {provider.token()}"), trust)


def test_the_handler_takes_its_trust_from_the_environment(
    provider: IdentityProvider,
    request_with: Callable[[str], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issuer = {"issuer": provider.name, "jwks_uri": provider.issuer.jwks_uri, "audience": [CLIENT]}
    monkeypatch.setenv("ISSUERS", json.dumps([issuer]))
    monkeypatch.setenv("PERMISSIONS", json.dumps({"glueline/read": ["*:read"]}))
    app._trust.cache_clear()

    response = app.handler(request_with(f"Bearer {provider.token()}"), None)

    app._trust.cache_clear()
    assert response["isAuthorized"] is True
