"""The header Idempotency-Key, and what identifies a request."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from lambdas.data_api.idempotency import KeyedRequest, read_keyed_request
from lambdas.data_api.problems import Problem
from tests.builders import product
from tests.lambdas.data_api.conftest import Call

type Read = Callable[..., KeyedRequest | None]


@pytest.fixture
def read(event_named: Callable[[str], Any]) -> Read:
    def read_with(
        key: str | None, body: str = "{}", subject: str = "client", issuer: str = "issuer", **headers: str
    ) -> KeyedRequest | None:
        event = event_named("http_api")
        event["body"] = body
        event["requestContext"]["authorizer"] = {"lambda": {"subject": subject, "issuer": issuer}}
        event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
        event["headers"] |= {} if key is None else {"idempotency-key": key}
        return read_keyed_request(APIGatewayProxyEventV2(event))

    return read_with


def test_a_request_without_the_header_has_no_identity(read: Read) -> None:
    assert read(None) is None


def test_a_key_in_quotes_is_the_same_key(read: Read) -> None:
    assert read('"a"') == read("a") == read(" a ")


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "a" * 256, "\t", "a\x00"])
def test_a_key_that_is_not_valid_is_refused(read: Read, key: str) -> None:
    with pytest.raises(Problem, match="1 to 255 visible ASCII characters"):
        read(key)


def test_a_key_belongs_to_a_caller(read: Read) -> None:
    of = [read("a"), read("b"), read("a", subject="other"), read("a", issuer="other")]

    assert len({one.id for one in of if one}) == len(of)
    with pytest.raises(Problem, match="a token with a subject"):
        read("a", subject="")


def test_body_and_preconditions_make_another_request(read: Read) -> None:
    of = [read("a"), read("a", "[]"), read("a", if_match='"5"'), read("a", if_none_match="*")]

    assert len({one.id for one in of if one}) == 1
    assert len({one.fingerprint for one in of if one}) == len(of)


def test_a_fingerprint_can_not_be_compared_without_the_key(read: Read) -> None:
    one, other = read("a"), read("b")

    assert one and other and one.fingerprint != other.fingerprint


def test_a_patch_takes_no_key(call: Call) -> None:
    call("POST", "/products", product())

    answer = call("PATCH", "/products/25671", {"package_size": "B"}, idempotency_key="a")

    assert (answer.status, "If-Match" in answer.body["detail"]) == (400, True)
