from typing import Any

import pytest
import urllib3

from lambdas.source.tokens import EARLY_SECONDS, DataApiUnavailable, Tokens
from tests.lambdas.clock import Clock
from tests.lambdas.loopback import Answer
from tests.lambdas.source.stack import CLIENT, SECRET, Stack


def test_a_token_is_fetched_once_and_kept(stack: Stack, clock: Clock) -> None:
    tokens = stack.tokens(clock)

    assert [tokens.current() for _ in range(3)] == ["token-1"] * 3


def test_a_token_is_renewed_before_it_expires(stack: Stack, clock: Clock) -> None:
    tokens = stack.tokens(clock)
    tokens.current()

    clock.now += 3600 - EARLY_SECONDS - 1
    assert tokens.current() == "token-1"
    clock.now += 1
    assert tokens.current() == "token-2"


def test_a_token_that_the_api_denied_is_not_used_again(stack: Stack, clock: Clock) -> None:
    tokens = stack.tokens(clock)
    tokens.current()

    tokens.forget()

    assert tokens.current() == "token-2"


@pytest.mark.parametrize("lifetime", [None, 10, 0])
def test_a_token_with_a_short_lifetime_is_used_once(stack: Stack, clock: Clock, lifetime: Any) -> None:
    stack.lifetime = lifetime if lifetime is not None else 0
    tokens = stack.tokens(clock)

    assert (tokens.current(), tokens.current()) == ("token-1", "token-2")


def test_the_secret_is_read_for_each_token(stack: Stack, clock: Clock) -> None:
    secrets = ["old", SECRET]
    tokens = stack.tokens(clock, lambda: secrets.pop(0))

    with pytest.raises(
        DataApiUnavailable, match=r"status 400.*invalid_client.*check TOKEN_URL and CLIENT_ID"
    ):
        tokens.current()
    assert tokens.current() == "token-1"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"access_token": "a-secret", "expires_in": "soon"}', b"\xff"]
)
def test_an_answer_without_a_token_is_an_error_without_secrets(
    stack: Stack, clock: Clock, body: bytes
) -> None:
    stack.server.routes["/oauth2/token"] = lambda _: Answer(200, body)

    with pytest.raises(DataApiUnavailable, match=f"expected a token from {stack.server.url}") as error:
        stack.tokens(clock).current()
    assert "a-secret" not in str(error.value)


def test_a_token_endpoint_that_does_not_answer_is_an_error(clock: Clock) -> None:
    tokens = Tokens(urllib3.PoolManager(), "http://127.0.0.1:9/token", CLIENT, lambda: SECRET, clock)

    with pytest.raises(DataApiUnavailable, match=r"127\.0\.0\.1:9"):
        tokens.current()
