from typing import Any

import pytest

from lambdas.authorizer.jwks import (
    KEEP_SECONDS,
    REFETCH_SECONDS,
    RETRY_SECONDS,
    JwksUnreachable,
    KeySet,
    discover_keys,
    fetch_keys,
)
from tests.lambdas.authorizer.identity import OTHER_RSA_KEY, RSA_KEY, IdentityProvider
from tests.lambdas.clock import Clock
from tests.lambdas.loopback import Answer, Loopback


@pytest.fixture
def provider(loopback: Loopback) -> IdentityProvider:
    return IdentityProvider(loopback)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def keys_of(provider: IdentityProvider, clock: Clock) -> KeySet:
    return KeySet(provider.issuer, clock)


def test_keys_are_fetched_once_and_kept(provider: IdentityProvider, clock: Clock) -> None:
    keys = keys_of(provider, clock)

    found = [keys.find("key-1") for _ in range(3)]

    assert [key and key["kid"] for key in found] == ["key-1"] * 3
    assert len(provider.server.requests) == 1


def test_a_rotated_key_is_found_by_its_first_token(provider: IdentityProvider, clock: Clock) -> None:
    keys = keys_of(provider, clock)
    keys.find("key-1")
    provider.publish("key-2", OTHER_RSA_KEY, "RS256")
    clock.now += REFETCH_SECONDS

    assert keys.find("key-2") is not None


def test_unknown_key_ids_do_not_become_requests(provider: IdentityProvider, clock: Clock) -> None:
    keys = keys_of(provider, clock)

    assert [keys.find(f"unknown-{number}") for number in range(50)] == [None] * 50
    assert len(provider.server.requests) == 1


def test_unknown_key_ids_cause_one_request_per_interval(provider: IdentityProvider, clock: Clock) -> None:
    keys = keys_of(provider, clock)

    for number in range(3600):
        keys.find(f"unknown-{number}")
        clock.now += 1

    assert len(provider.server.requests) == 3600 / REFETCH_SECONDS


def test_an_issuer_that_is_down_does_not_get_a_request_for_every_token(
    provider: IdentityProvider, clock: Clock
) -> None:
    keys = keys_of(provider, clock)
    provider.server.routes[provider.path] = lambda _: Answer(503)

    for _ in range(10 * RETRY_SECONDS):
        with pytest.raises(JwksUnreachable):
            keys.find("key-1")
        clock.now += 1

    assert len(provider.server.requests) == 10


def test_the_keys_of_an_issuer_that_is_up_again_are_fetched_soon(
    provider: IdentityProvider, clock: Clock
) -> None:
    keys = keys_of(provider, clock)
    down = provider.server.routes.pop(provider.path)
    with pytest.raises(JwksUnreachable):
        keys.find("key-1")
    provider.server.routes[provider.path] = down
    clock.now += RETRY_SECONDS

    assert keys.find("key-1") is not None


def test_a_withdrawn_key_expires(provider: IdentityProvider, clock: Clock) -> None:
    keys = keys_of(provider, clock)
    keys.find("key-1")
    provider.keys.clear()
    provider.publish("key-2", RSA_KEY, "RS256")
    clock.now += KEEP_SECONDS

    assert keys.find("key-1") is None


def test_cached_keys_are_used_while_the_issuer_is_down_until_they_expire(
    provider: IdentityProvider, clock: Clock
) -> None:
    keys = keys_of(provider, clock)
    keys.find("key-1")
    provider.server.routes[provider.path] = lambda _: Answer(503)
    clock.now += REFETCH_SECONDS

    with pytest.raises(JwksUnreachable):
        keys.find("key-2")
    assert keys.find("key-2") is None  # without another request
    assert keys.find("key-1") is not None
    clock.now += KEEP_SECONDS
    with pytest.raises(JwksUnreachable):
        keys.find("key-1")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(200, b"<html>"),
        Answer(200, b"[]"),
        Answer(200, b'{"keys": null}'),
        Answer(200, b'{"keys": ["text"]}'),
        Answer(200, b"\xff\xfe"),
        Answer(302, headers={"location": "/elsewhere"}),
    ],
)
def test_an_answer_that_is_not_a_key_set_is_an_error_with_its_address(
    loopback: Loopback, answer: Answer
) -> None:
    loopback.routes["/jwks.json"] = lambda _: answer
    loopback.routes["/elsewhere"] = lambda _: Answer(200, b'{"keys": []}')

    with pytest.raises(JwksUnreachable, match=f"{loopback.url}/jwks.json.*check the issuer's jwks_uri"):
        fetch_keys(f"{loopback.url}/jwks.json")


def test_an_issuer_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(JwksUnreachable, match="refused"):
        fetch_keys("http://127.0.0.1:9/jwks.json")


# Issuers as in Microsoft Entra ID: v2.0, and v1.0, whose issuer ends with a slash.
@pytest.mark.parametrize("path", ["/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0", "/9122040d-6c67/", ""])
def test_the_address_of_the_keys_is_discovered(provider: IdentityProvider, clock: Clock, path: str) -> None:
    keys = KeySet(provider.publish_discovery(path), clock)

    assert keys.find("key-1") is not None
    assert len(provider.server.requests) == 2


def test_keys_at_a_new_address_are_discovered(provider: IdentityProvider, clock: Clock) -> None:
    keys = KeySet(provider.publish_discovery("/tenant"), clock)
    keys.find("key-1")
    del provider.server.routes[provider.path]
    moved = IdentityProvider(provider.server, path="/moved.json")
    provider.publish_discovery("/tenant", jwks_uri=moved.issuer.jwks_uri)
    clock.now += KEEP_SECONDS

    assert keys.find("key-1") is not None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"issuer": "https://other.example"},
            r"expected issuer http://.*/tenant in .*, got https://other\.example",
        ),
        ({"issuer": None}, "got None"),
        ({"jwks_uri": None}, "expected an https jwks_uri"),
        ({"jwks_uri": "http://10.0.0.1/keys"}, "expected an https jwks_uri"),
        ({"jwks_uri": "file:///etc/passwd"}, "expected an https jwks_uri"),
        ({"jwks_uri": ["https://a.example"]}, "expected an https jwks_uri"),
    ],
)
def test_a_discovery_document_of_another_issuer_is_refused(
    provider: IdentityProvider, changed: dict[str, Any], message: str
) -> None:
    issuer = provider.publish_discovery("/tenant", **changed).issuer

    with pytest.raises(JwksUnreachable, match=message):
        discover_keys(issuer)
    assert provider.server.asked(provider.path) == []


def test_only_signing_keys_with_an_id_are_used(provider: IdentityProvider) -> None:
    extra: list[dict[str, Any]] = [{"kid": "key-2", "kty": "RSA", "use": "enc"}, {"kty": "RSA"}]
    provider.keys += extra

    assert list(fetch_keys(str(provider.issuer.jwks_uri))) == ["key-1"]
