"""Every message has exactly one outcome, whatever the API, the queue and the topic answer."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.exact_json import dumps, loads
from lambdas.source import app
from tests.lambdas.loopback import Answer, Request
from tests.lambdas.source.stack import ERASED, Queue, Stack, Topic, batch_record, event_of, failed, record

KINDS: dict[str, Any] = {
    "accepted": {"status": "accepted"},
    "erased": {"status": "rejected", "problem": ERASED},
    "stale": {"status": "stale"},
    "rejected": {"status": "rejected", "problem": {"status": 422}},
    "unwritten": {"status": "rejected", "problem": {"status": 503}},
    "unheard-of": {"status": "unheard-of"},
}


@given(
    kinds=st.lists(st.sampled_from(["broken", "invalid", *KINDS]), max_size=30),
    api_is_down=st.booleans(),
    data=st.data(),
)
def test_every_message_has_exactly_one_outcome(
    wiring: app.Wiring,
    stack: Stack,
    queue: Queue,
    *,
    kinds: list[str],
    api_is_down: bool,
    data: st.DataObject,
) -> None:
    records = []
    for number, kind in enumerate(kinds):
        body = "{" if kind == "broken" else None
        records.append(record(f"{number}", body, week=99 if kind == "invalid" else 1))
    queue.dead_letters.clear()
    queue.refuses = data.draw(st.sets(st.sampled_from([*(str(n) for n in range(30)), "all"])))
    handled: list[str] = []

    def result_of(change: dict[str, Any]) -> Any:
        number = change["event_id"].removeprefix("event-of-")
        result = KINDS[kinds[int(number)]]
        is_handled = result["status"] in ("accepted", "stale") or result.get("problem") is ERASED
        handled.extend([number] if is_handled else [])
        return result

    stack.result_of = result_of
    stack.server.routes["/api/batch"] = (lambda _: Answer(500)) if api_is_down else stack.answer_batch

    answer = app.process(records, wiring)

    ends = Counter([*handled, *queue.message_ids, *failed(answer)])
    assert ends == Counter(str(number) for number in range(len(kinds)))


@given(
    batches=st.lists(st.lists(st.sampled_from(["invalid", *KINDS]), max_size=6), max_size=6),
    refuses=st.sets(st.sampled_from("012345")),
)
def test_every_event_of_a_batch_has_its_outcome_or_its_message_returns(
    wiring: app.Wiring, stack: Stack, queue: Queue, *, batches: list[list[str]], refuses: set[str]
) -> None:
    records = [
        batch_record(
            f"{number}",
            *(
                event_of(f"{number}.{place}", week=99 if kind == "invalid" else 1)
                for place, kind in enumerate(kinds)
            ),
        )
        for number, kinds in enumerate(batches)
    ]
    queue.dead_letters.clear()
    queue.refuses = refuses
    handled: set[str] = set()

    def result_of(change: dict[str, Any]) -> Any:
        name = change["event_id"].removeprefix("event-of-")
        number, _, place = name.partition(".")
        result = KINDS[batches[int(number)][int(place)]]
        is_handled = result["status"] in ("accepted", "stale") or result.get("problem") is ERASED
        handled.update([name] if is_handled else [])
        return result

    stack.result_of = result_of

    back = failed(app.process(records, wiring))

    dead = {loads(one["MessageBody"])["id"].removeprefix("event-of-") for one in queue.dead_letters}
    assert len(back) == len(set(back))
    assert len(dead) == len(queue.dead_letters)
    for number, kinds in enumerate(batches):
        names = {f"{number}.{place}" for place in range(len(kinds))}
        if str(number) in back:
            assert names & dead == set()
        else:
            assert names == names & (handled | dead)
            assert names & handled & dead == set()


def test_a_batch_returns_whole_and_its_dead_letters_are_sent_when_it_is_done(
    wiring: app.Wiring, stack: Stack, queue: Queue, topic: Topic
) -> None:
    batch = batch_record("m1", event_of("a"), event_of("b", week=99), event_of("c"))
    answers = {"event-of-a": KINDS["accepted"], "event-of-c": KINDS["unwritten"]}
    stack.result_of = lambda change: answers[change["event_id"]]

    assert failed(app.process([batch], wiring)) == ["m1"]
    assert (queue.dead_letters, topic.alerts) == ([], [])

    answers |= {"event-of-a": KINDS["stale"], "event-of-c": KINDS["accepted"]}

    assert failed(app.process([batch], wiring)) == []
    [dead_letter] = queue.dead_letters
    attributes = {name: one["StringValue"] for name, one in dead_letter["MessageAttributes"].items()}
    assert dead_letter["MessageBody"] == dumps(event_of("b", week=99))
    assert (attributes["message_id"], attributes["event_id"], attributes["index"]) == (
        "m1",
        "event-of-b",
        "1",
    )
    assert "message m1 [1], event event-of-b" in topic.alerts[0]["Message"]


def test_an_empty_batch_is_handled(wiring: app.Wiring, stack: Stack, queue: Queue) -> None:
    assert app.process([batch_record("m1")], wiring) == {"batchItemFailures": []}
    assert (stack.server.requests, queue.dead_letters) == ([], [])


def test_when_time_is_short_no_further_request_is_made_and_the_rest_returns(
    wiring: app.Wiring, stack: Stack
) -> None:
    batches = [
        batch_record(f"m{number}", *(event_of(f"{number}.{place}") for place in range(400)))
        for number in range(3)
    ]

    answer = app.process(batches, wiring, time_left=lambda: 34_999)

    assert len(stack.server.asked("/api/batch")) == 1
    assert failed(answer) == ["m1", "m2"]


def test_when_time_is_short_no_further_dead_letters_are_sent_and_their_messages_return(
    wiring: app.Wiring, queue: Queue
) -> None:
    answer = app.process([record(f"m{n}", "{") for n in range(25)], wiring, time_left=lambda: 9_999)

    assert queue.message_ids == [f"m{n}" for n in range(10)]
    assert failed(answer) == [f"m{n}" for n in range(10, 25)]


ANSWERS: dict[str, Callable[[Stack, Request], Answer]] = {
    "as it should": lambda stack, request: stack.answer_batch(request),
    "throttled by the gateway": lambda _stack, _: Answer(429, b'{"message":"Too Many Requests"}'),
    "unavailable": lambda _stack, _: Answer(503, b"{}", {"retry-after": "2"}),
    "too late for the gateway": lambda _stack, _: Answer(504, b'{"message":"Endpoint request timed out"}'),
    "failed": lambda _stack, _: Answer(500, b'{"message":"Internal Server Error"}'),
    "not found": lambda _stack, _: Answer(404, b"{}"),
    "refused as a whole": lambda _stack, _: Answer(400, b'{"status":400}'),
    "too large": lambda _stack, _: Answer(413, b'{"message":"Request Entity Too Large"}'),
    "forbidden": lambda _stack, _: Answer(403, b'{"message":"Forbidden"}'),
    "without permission": lambda _stack, _: Answer(401, b""),
    "moved": lambda _stack, _: Answer(302, b"", {"location": "https://elsewhere.example"}),
    "empty": lambda _stack, _: Answer(200, b""),
    "a web page": lambda _stack, _: Answer(200, b"<html></html>"),
    "no list": lambda _stack, _: Answer(200, b'{"results":{}}'),
    "no results": lambda _stack, _: Answer(200, b'{"results":[]}'),
    "results that are none": lambda _stack, request: nonsense(request, None),
    "results that are texts": lambda _stack, request: nonsense(request, "accepted"),
    "results without status": lambda _stack, request: nonsense(request, {}),
    "a status that is none": lambda _stack, request: nonsense(request, {"status": ["accepted"]}),
    "a problem that is none": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": "no"}
    ),
    "a problem's status that is none": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": {"status": "400"}}
    ),
    "violations that are none": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": {"status": 422, "violations": ["week"]}}
    ),
    "violations that are no list": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": {"status": 422, "violations": 7}}
    ),
    "throttled, each": lambda _stack, request: nonsense(
        request, {"status": "rejected", "problem": {"status": 429}}
    ),
}


def nonsense(request: Request, result: Any) -> Answer:
    """An answer with this result for every change."""
    changes = loads(request.body.decode())["changes"]
    return Answer(200, dumps({"results": [result] * len(changes)}).encode())


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_no_message_is_lost_for_any_answer_of_the_api(
    wiring: app.Wiring, stack: Stack, queue: Queue, answer: Callable[[Stack, Request], Answer]
) -> None:
    stack.server.routes["/api/batch"] = lambda request: answer(stack, request)
    records = [record("m1"), record("m2", product_id=2), record("m3", "{")]

    back = failed(app.process(records, wiring))

    handled = [change["event_id"].removeprefix("event-of-") for change in stack.written]
    assert sorted([*handled, *back, *queue.message_ids]) == ["m1", "m2", "m3"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 429, 500, 503])
def test_without_a_token_every_valid_message_returns_to_the_queue(
    wiring: app.Wiring, stack: Stack, queue: Queue, status: int
) -> None:
    stack.server.routes["/oauth2/token"] = lambda _: Answer(status, b'{"error":"invalid_client"}')

    back = failed(app.process([record("m1"), record("m2", "{")], wiring))

    assert (back, queue.message_ids) == (["m1"], ["m2"])


def test_an_api_that_hangs_up_returns_the_messages_to_the_queue(wiring: app.Wiring, stack: Stack) -> None:
    def hang_up(_: Request) -> Answer:
        raise ConnectionAbortedError

    stack.server.routes["/api/batch"] = hang_up

    assert failed(app.process([record("m1"), record("m2")], wiring)) == ["m1", "m2"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 504])
def test_a_change_that_may_succeed_later_is_not_a_dead_letter(
    wiring: app.Wiring, stack: Stack, queue: Queue, status: int
) -> None:
    stack.result_of = lambda change: {"status": "rejected", "problem": {"status": status}}

    assert (failed(app.process([record("m1")], wiring)), queue.dead_letters) == (["m1"], [])


def test_an_unreachable_api_returns_valid_messages_and_dead_letters_the_rejected(
    wiring: app.Wiring, stack: Stack, queue: Queue
) -> None:
    stack.server.routes["/api/batch"] = lambda _: Answer(503)

    answer = app.process([record("m1"), record("m2", "{"), record("m3")], wiring)

    assert failed(answer) == ["m1", "m3"]
    assert queue.message_ids == ["m2"]


def test_an_unreachable_api_is_called_once(wiring: app.Wiring, stack: Stack) -> None:
    stack.server.routes["/api/batch"] = lambda _: Answer(500)

    answer = app.process([record(f"m{number}") for number in range(1001)], wiring)

    assert len(failed(answer)) == 1001
    assert len(stack.server.asked("/api/batch")) == 1


def test_a_dead_letter_that_was_not_sent_returns_to_the_queue(
    wiring: app.Wiring, queue: Queue, topic: Topic
) -> None:
    queue.refuses = {"m2"}

    answer = app.process([record("m1", "{"), record("m2", "{"), record("m3")], wiring)

    assert (failed(answer), queue.message_ids) == (["m2"], ["m1"])
    assert topic.alerts[0]["Subject"] == "Glueline: 1 messages rejected"


def test_an_unreachable_dead_letter_queue_loses_no_message(
    wiring: app.Wiring, queue: Queue, topic: Topic
) -> None:
    queue.refuses = {"all"}

    answer = app.process([record("m1", "{"), record("m2")], wiring)

    assert (failed(answer), topic.alerts) == (["m1"], [])


def test_an_alert_that_was_not_sent_does_not_repeat_the_dead_letters(
    wiring: app.Wiring, topic: Topic, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    topic.is_down = True

    assert app.process([record("m1", "{")], wiring) == {"batchItemFailures": []}
    assert queue.message_ids == ["m1"]
    assert "alert not sent" in caplog.messages
