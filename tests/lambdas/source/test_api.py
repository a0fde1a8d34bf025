import pytest
import urllib3

from lambdas.source.api import MAX_BYTES, MAX_CHANGES, DataApi, portions
from lambdas.source.events import Message, ValidMessage
from lambdas.source.tokens import DataApiUnavailable
from tests.lambdas.clock import Clock
from tests.lambdas.loopback import Answer
from tests.lambdas.source.stack import Stack


def change(event_id: str = "event-1", padding: int = 0) -> ValidMessage:
    return ValidMessage(
        Message(event_id, "", event_id), f'{{"event_id":"{event_id}","p":"{"x" * padding}"}}', ()
    )


def test_changes_are_one_request_with_one_result_each(stack: Stack, clock: Clock) -> None:
    results = stack.api(clock).write([change("a"), change("b")])

    assert [result["key"] for result in results] == ["a", "b"]
    [request] = stack.server.asked("/api/batch")
    assert (request.headers["content-type"], request.headers["authorization"]) == (
        "application/json",
        "Bearer token-1",
    )


def test_a_denied_token_is_replaced_once(stack: Stack, clock: Clock) -> None:
    stack.valid_tokens = {"token-2"}
    api = stack.api(clock)

    assert len(api.write([change()])) == 1
    assert len(stack.server.asked("/api/batch")) == 2
    stack.valid_tokens = set()
    with pytest.raises(DataApiUnavailable, match="status 403"):
        api.write([change()])
    assert len(stack.server.asked("/api/batch")) == 4


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, b'{"message":"Internal Server Error"}'),
        Answer(503, b"{}"),
        Answer(404, b'{"message":"Not Found"}'),
        Answer(302, headers={"location": "/api/elsewhere"}),
        Answer(200, b"<html>"),
        Answer(200, b"\xff"),
        Answer(200, b"[]"),
        Answer(200, b'{"results": []}'),
        Answer(200, b'{"results": {}}'),
    ],
)
def test_any_other_answer_makes_the_api_unavailable(stack: Stack, clock: Clock, answer: Answer) -> None:
    stack.server.routes["/api/batch"] = lambda _: answer

    with pytest.raises(
        DataApiUnavailable, match=f"a result for each change from {stack.server.url}/api/batch"
    ):
        stack.api(clock).write([change()])
    assert len(stack.server.asked("/api/batch")) == 1


def test_an_api_that_does_not_answer_is_unavailable(stack: Stack, clock: Clock) -> None:
    api = DataApi(urllib3.PoolManager(), "http://127.0.0.1:9", stack.tokens(clock))

    with pytest.raises(DataApiUnavailable, match=r"127\.0\.0\.1:9"):
        api.write([change()])


def test_changes_are_one_portion_unless_they_are_too_many_or_too_large() -> None:
    assert [len(portion) for portion in portions([change()] * MAX_CHANGES)] == [MAX_CHANGES]
    assert [len(portion) for portion in portions([change()] * (MAX_CHANGES + 1))] == [MAX_CHANGES, 1]
    assert [len(portion) for portion in portions([change(padding=MAX_BYTES // 2)] * 3)] == [1, 1, 1]
    assert list(portions([])) == []
