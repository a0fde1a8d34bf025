"""DynamoDB may be busy, unreachable, or hold a row in a transaction."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.retries.standard import ExponentialBackoff

from expectations.contract import dump_compiled
from lambdas.data_api import app
from tests.builders import contracts, product
from tests.lambdas.data_api.conftest import (
    Call,
    Failing,
)
from tests.lambdas.loopback import Answer, Loopback


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "message"}}, "PutItem")


@pytest.mark.parametrize(
    "failure",
    [
        error("ProvisionedThroughputExceededException"),
        error("ThrottlingException"),
        error("InternalServerError"),
        error("RequestLimitExceeded"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_a_dynamodb_that_is_busy_or_unreachable_is_503_with_retry_after(
    call: Call, failing: Failing, failure: Exception
) -> None:
    requests: list[tuple[str, str, Any]] = [
        ("POST", "/products", product()),
        ("PUT", "/products/25671", product()),
        ("PATCH", "/products/25671", {"department": "DELI"}),
        ("DELETE", "/products/25671", None),
        ("GET", "/products/25671", None),
        ("GET", "/products", None),
        ("POST", "/batch", {"changes": [{"dataset": "products", "op": "upsert", "data": product()}]}),
    ]
    for method, path, body in requests:
        failing.failures = [failure] * 9

        answer = call(method, path, body)

        assert (answer.status, answer.headers.get("retry-after")) == (503, "2"), (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.body["type"] == "urn:glueline:problem:unavailable"


OF_ITS_OWN = app._service  # the function itself, which other fixtures replace


@pytest.fixture
def without_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore retries without a pause."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)


@pytest.fixture
def with_own_client(
    call: Call, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Call]:
    """The API with the client that it creates itself, for a DynamoDB on the loopback server."""
    (tmp_path / "contracts.json").write_text(dump_compiled(contracts()), encoding="utf-8")
    monkeypatch.setattr(app, "_service", OF_ITS_OWN)
    monkeypatch.setenv("CONTRACTS", str(tmp_path / "contracts.json"))
    monkeypatch.setenv("TABLE_PREFIX", "glueline-")
    monkeypatch.setenv("RAW_BUCKET", "glueline-raw")
    monkeypatch.setenv("RAW_RETENTION_DAYS", "30")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", loopback.url)
    OF_ITS_OWN.cache_clear()
    yield call
    OF_ITS_OWN.cache_clear()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}'),
        Answer(400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'),
        Answer(500, b'{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}'),
        Answer(503, b'{"__type":"com.amazonaws.dynamodb.v20120810#ServiceUnavailable"}'),
        Answer(503, b"<html>from something in between</html>"),
    ],
)
@pytest.mark.usefixtures("without_backoff")
def test_a_request_to_a_busy_dynamodb_is_retried_once_and_then_503(
    with_own_client: Call, loopback: Loopback, answer: Answer
) -> None:
    loopback.routes["/"] = lambda _: answer

    for method, path, body in (("GET", "/products/1", None), ("PUT", "/products/25671", product())):
        loopback.requests.clear()

        answered = with_own_client(method, path, body)

        assert (answered.status, answered.headers["retry-after"]) == (503, "2")
        assert len(loopback.requests) == 2


@pytest.mark.usefixtures("without_backoff")
def test_a_dynamodb_that_does_not_answer_is_503(
    with_own_client: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")

    answered = with_own_client("PUT", "/products/25671", product())

    assert (answered.status, answered.body["type"]) == (503, "urn:glueline:problem:unavailable")


def test_a_write_is_retried_while_a_transaction_holds_the_row(
    call: Call, failing: Failing, slept: list[float]
) -> None:
    failing.failures = [error("TransactionConflictException")] * 2
    assert call("POST", "/products", product()).status == 201
    assert len(slept) == 2

    failing.failures = [error("TransactionConflictException")] * 100
    assert call("DELETE", "/products/25671").status == 503
    assert sum(slept) < 10


def test_any_other_error_fails_the_invocation(call: Call, failing: Failing) -> None:
    failing.failures = [error("AccessDeniedException")]

    with pytest.raises(ClientError):
        call("POST", "/products", product())
