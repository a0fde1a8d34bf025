import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from lambdas.authorizer import app
from lambdas.authorizer.jwks import JwksUnreachable
from lambdas.authorizer.settings import Settings
from tests.lambdas.authorizer.identity import (
    CLIENT,
    KEY_FOR,
    OTHER_RSA_KEY,
    RSA_KEY,
    IdentityProvider,
    hmac_token,
)
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


def test_the_permissions_of_a_valid_token_are_passed_to_the_api(
    provider: IdentityProvider, trust: app.Trust, request_with: Callable[[str], dict[str, Any]]
) -> None:
    token = provider.token(scope="glueline/write glueline/read")

    response = app.authorize(request_with(f"Bearer {token}"), trust)

    assert response == {
        "isAuthorized": True,
        "context": {"permissions": "*:read *:write", "issuer": provider.name, "subject": CLIENT},
    }


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a b c"])
def test_a_request_without_a_bearer_token_is_denied(
    trust: app.Trust, request_with: Callable[[str], dict[str, Any]], authorization: str
) -> None:
    assert app.authorize(request_with(authorization), trust) == {"isAuthorized": False}


def test_a_request_without_headers_is_denied(trust: app.Trust) -> None:
    assert app.authorize({}, trust) == {"isAuthorized": False}


def test_a_token_without_permissions_is_denied(
    provider: IdentityProvider, trust: app.Trust, request_with: Callable[[str], dict[str, Any]]
) -> None:
    token = provider.token(scope="openid")

    assert app.authorize(request_with(f"bearer {token}"), trust) == {"isAuthorized": False}


ATTACKS: dict[str, Callable[[IdentityProvider], str]] = {
    "forged": lambda provider: provider.token(key=OTHER_RSA_KEY),
    "forged-with-another-algorithm": lambda provider: provider.token(key=KEY_FOR["ES256"], algorithm="ES256"),
    "expired": lambda provider: provider.token(exp=int(time.time()) - 3600),
    "not-yet-valid": lambda provider: provider.token(nbf=int(time.time()) + 3600),
    "unsigned": lambda provider: jwt.encode(provider.claims(), "", "none", headers={"kid": "key-1"}),
    "hmac-with-the-public-key": lambda provider: hmac_token(
        RSA_KEY.public_key(), provider.claims(), kid="key-1"
    ),
    "wrong-audience": lambda provider: provider.token(client_id="somebody-else"),
    "wrong-issuer": lambda provider: provider.token(iss="https://issuer.example"),
    "unknown-key-id": lambda provider: provider.token(key_id="key-9"),
    "id-token": lambda provider: provider.token(token_use="id", aud=CLIENT),  # noqa: S106 -- a claim
    "cut-off": lambda provider: provider.token()[:-20],
    "malformed": lambda provider: "eyJhbGciOiJSUzI1NiJ9.e30",
    "null-byte": lambda provider: provider.token() + "\0",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_denied_without_details(
    provider: IdentityProvider,
    trust: app.Trust,
    request_with: Callable[[str], dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
    attack: str,
) -> None:
    token = ATTACKS[attack](provider)

    answer = app.authorize(request_with(f"Bearer {token}"), trust)

    assert answer == {"isAuthorized": False}  # which API Gateway turns into 403 {"message": "Forbidden"}
    assert token.split(".")[1] not in str([vars(record) for record in caplog.records])


def test_several_issuers_are_trusted_at_the_same_time(
    loopback: Loopback, provider: IdentityProvider, request_with: Callable[[str], dict[str, Any]]
) -> None:
    entra = IdentityProvider(loopback, path="/entra.json")
    discovered = entra.publish_discovery("/tenant/v2.0")
    known = {provider.name: provider.issuer, entra.name: discovered}
    trust = app.Trust.of(Settings(known, {"glueline/read": frozenset({"*:read"})}))

    answers = [app.authorize(request_with(f"Bearer {one.token()}"), trust) for one in (provider, entra)]

    assert [answer["isAuthorized"] for answer in answers] == [True, True]


def test_a_denial_is_logged_with_its_reason_and_without_the_token(
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


def test_the_invocation_fails_if_the_issuer_does_not_answer(
    provider: IdentityProvider, trust: app.Trust, request_with: Callable[[str], dict[str, Any]]
) -> None:
    provider.server.routes[provider.path] = lambda _: Answer(503)

    with pytest.raises(JwksUnreachable):
        app.authorize(request_with(f"Bearer {provider.token()}"), trust)


def test_the_handler_reads_its_settings_from_the_environment(
    provider: IdentityProvider,
    request_with: Callable[[str], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    issuer = {"issuer": provider.name, "jwks_uri": provider.issuer.jwks_uri, "audience": [CLIENT]}
    monkeypatch.setenv("ISSUERS", json.dumps([issuer]))
    monkeypatch.setenv("PERMISSIONS", json.dumps({"glueline/read": ["*:read"]}))
    app._trust.cache_clear()

    event = request_with(f"Bearer {provider.token()}")
    event["headers"]["x-correlation-id"] = "invocation-1"
    response = app.handler(event, None)

    app._trust.cache_clear()
    assert response["isAuthorized"] is True
    assert app._logger.get_correlation_id() == "invocation-1"
