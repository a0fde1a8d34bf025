"""A token by the client-credentials grant, from a double of Cognito."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from workflows.stack.access_token import fetch_token

CLIENT = {"UserPoolClient": {"ClientId": "id", "ClientSecret": "secret"}}
TARGET: Any = SimpleNamespace(
    client=lambda service: SimpleNamespace(describe_user_pool_client=lambda **_: CLIENT),
    output=lambda name: {"TokenUrl": "https://tokens.example/oauth2/token"}.get(name, name),
)


def answer_with(monkeypatch: pytest.MonkeyPatch, status: int) -> list[dict[str, Any]]:
    requests: list[dict[str, Any]] = []

    def post(url: str, **request: Any) -> httpx.Response:
        requests.append({"url": url, **request})
        return httpx.Response(status, json={"access_token": "t"}, request=httpx.Request("POST", url))

    monkeypatch.setattr(httpx, "post", post)
    return requests


def test_the_token_has_the_requested_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = answer_with(monkeypatch, 200)

    assert fetch_token(TARGET, "glueline/read") == "t"
    assert requests == [
        {
            "url": "https://tokens.example/oauth2/token",
            "data": {"grant_type": "client_credentials", "scope": "glueline/read"},
            "auth": ("id", "secret"),
        }
    ]


def test_a_refused_request_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, 400)

    with pytest.raises(httpx.HTTPStatusError):
        fetch_token(TARGET, "glueline/everything")
