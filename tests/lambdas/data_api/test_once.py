"""Requests with idempotency keys: done once, answered alike, whatever is repeated, concurrent or killed."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.data_api.answers import LEASE_MICROS
from tests.builders import product
from tests.lambdas.data_api.conftest import NOW, PREFIX, Answer, Call, Clock, Failing, ItemOf, change
from tests.lambdas.data_api.test_writes import LosesAnswers
from tests.properties import examples


def test_a_repeated_create_gets_the_first_answer(call: Call) -> None:
    first, again = (call("POST", "/products", product(), idempotency_key="a") for _ in range(2))

    assert first.status == 201
    assert again == first
    assert call("POST", "/products", product(), idempotency_key="b").status == 409


def test_without_a_key_nothing_is_recorded(call: Call, failing: Failing, dynamodb: Any) -> None:
    call("PUT", "/products/25671", product())

    assert failing.calls == ["put_item"]
    assert dynamodb.scan(TableName=PREFIX + "Answers")["Items"] == []


def test_the_same_key_with_another_body_is_refused(call: Call, item: ItemOf) -> None:
    call("POST", "/products", product(), idempotency_key="a")

    answer = call("POST", "/products", product(product_id=8), idempotency_key="a")

    assert (answer.status, answer.body["type"]) == (422, "urn:glueline:problem:key-reused")
    assert item("products", "8") is None


def test_another_callers_key_is_another_key(call: Call) -> None:
    call("POST", "/products", product(), idempotency_key="a", subject="one")

    assert call("POST", "/products", product(), idempotency_key="a", subject="two").status == 409


def test_a_repeated_put_does_not_undo_what_others_wrote_since(call: Call, item: ItemOf) -> None:
    first = call("PUT", "/products/25671", product(package_size="A"), idempotency_key="a")
    call("PUT", "/products/25671", product(package_size="B"))

    again = call("PUT", "/products/25671", product(package_size="A"), idempotency_key="a")

    assert again == first
    assert item("products", "25671")["package_size"] == {"S": "B"}


def test_a_repeated_conditional_write_is_not_refused(call: Call) -> None:
    tag = call("POST", "/products", product()).etag

    answers = [call("DELETE", "/products/25671", if_match=tag, idempotency_key="a") for _ in range(2)]

    assert [answer.status for answer in answers] == [204, 204]


def test_a_refusal_is_the_answer_too(call: Call) -> None:
    call("POST", "/products", product())
    first = call("POST", "/products", product(), idempotency_key="a")
    call("DELETE", "/products/25671")

    again = call("POST", "/products", product(), idempotency_key="a")

    assert (first.status, again.status) == (409, 409)
    assert first.body["detail"] == again.body["detail"]
    assert call("GET", "/products/25671").status == 404


def test_a_request_that_breaks_its_contract_leaves_its_key_free(call: Call) -> None:
    assert call("POST", "/products", {}, idempotency_key="a").status == 422
    assert call("POST", "/products", product(), idempotency_key="a").status == 201


def test_a_repeated_batch_gets_the_first_results(call: Call, item: ItemOf) -> None:
    call("PUT", "/products/25671", product())
    changes = [
        change("products", product(package_size="late"), time="2020-01-01T00:00:00Z"),
        change("products", product(product_id=8)),
        change("products", {"product_id": 9}),
    ]
    first = call("POST", "/batch", {"changes": changes}, idempotency_key="a")
    call("PUT", "/products/8", product(product_id=8, package_size="B"))

    again = call("POST", "/batch", {"changes": changes}, idempotency_key="a")

    assert [one["status"] for one in first.body["results"]] == ["stale", "accepted", "rejected"]
    assert again == first
    assert item("products", "8")["package_size"] == {"S": "B"}


def test_a_batch_of_five_hundred_changes_is_recorded(call: Call, failing: Failing) -> None:
    changes = [change("products", product(product_id=number)) for number in range(1, 501)]

    first, again = (call("POST", "/batch", {"changes": changes}, idempotency_key="a") for _ in range(2))

    assert {one["status"] for one in first.body["results"]} == {"accepted"}
    assert again == first
    assert failing.calls.count("transact_write_items") == 6  # of 99 changes and the record


def test_changes_that_were_not_written_are_written_by_the_next_request(call: Call, failing: Failing) -> None:
    changes = [change("products", product(product_id=number)) for number in range(1, 151)]
    ask = {"changes": changes}
    unreached = ReadTimeoutError(endpoint_url="https://dynamodb")
    first_two = failing.client

    class Unreached:
        def __getattr__(self, name: str) -> Any:
            if name == "transact_write_items" and failing.calls.count(name) == 2:
                raise unreached
            return getattr(first_two, name)

    failing.client = Unreached()
    some = call("POST", "/batch", ask, idempotency_key="a").body["results"]
    failing.client = first_two
    failing.calls.clear()
    rest = call("POST", "/batch", ask, idempotency_key="a").body["results"]

    assert [one["status"] for one in some] == ["accepted"] * 99 + ["rejected"] * 51
    assert [one["status"] for one in rest] == ["accepted"] * 150
    assert rest[:99] == some[:99]
    assert failing.calls.count("transact_write_items") == 1


def test_what_is_recorded_has_no_value_of_the_request(call: Call, dynamodb: Any) -> None:
    call("POST", "/products", product(package_size="Meier"), idempotency_key="key-of-meier", subject="anna")
    call(
        "POST",
        "/batch",
        {"changes": [change("products", product(package_size="Meier"))]},
        idempotency_key="k2",
    )

    text = json.dumps(dynamodb.scan(TableName=PREFIX + "Answers")["Items"])

    assert not [word for word in ("Meier", "meier", "25671", "anna", "k2", "GROCERY") if word in text]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_lost_answer_of_dynamodb_is_no_second_write(
    call: Call, failing: Failing, dynamodb: Any, item: ItemOf, method: str
) -> None:
    """Also without the token by which DynamoDB knows a repeated transaction: its record refuses it."""
    failing.client = LosesAnswers(dynamodb)
    path = "/products" if method == "POST" else "/products/25671"

    lost = call(method, path, product(), idempotency_key="a")
    failing.client = dynamodb
    again = call(method, path, product(), idempotency_key="a")

    assert lost.status == 409  # of a process that cannot know that the transaction is its own
    assert again.status in (201, 204)
    assert item("products", "25671")["_version"] == {"N": str(NOW)}


class Killed(BaseException):
    """Ends a request as the end of its process does."""


@dataclass(slots=True)
class Events:
    """A DynamoDB client to which something happens at some calls, and that notes who changed which row."""

    client: Any
    planned: dict[int, Any] = field(default_factory=dict)  # number of a call -> what happens at it
    calls: int = 0
    requests: list[int] = field(default_factory=list)  # that are being carried out, the innermost last
    written: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls += 1
            happens = self.planned.pop(self.calls, None)
            if happens == "killed before":
                raise Killed
            if callable(happens):
                happens()
            before = self.rows()
            try:
                return getattr(self.client, name)(**parameters)
            finally:
                for key, row in self.rows().items():
                    if row != before.get(key):
                        self.written[self.requests[-1], key] += 1
                if happens == "killed after":
                    raise Killed

        return call

    def rows(self) -> dict[str, Any]:
        """The items of the products by their keys."""
        return {item["_key"]["S"]: item for item in self.client.scan(TableName=PREFIX + "products")["Items"]}


REQUESTS: list[tuple[str, str, Any, dict[str, str]]] = [
    ("POST", "/products", product(product_id=1, package_size="A"), {}),
    ("PUT", "/products/1", product(product_id=1, package_size="B"), {}),
    ("PUT", "/products/2", product(product_id=2, package_size="C"), {"if_none_match": "*"}),
    ("DELETE", "/products/1", None, {}),
    ("POST", "/batch", {"changes": [change("products", product(product_id=key)) for key in (1, 2)]}, {}),
]
WRITES = [{"1"}, {"1"}, {"2"}, {"1"}, {"1", "2"}]  # keys that each request writes
happenings = st.one_of(
    st.none(), st.sampled_from(["killed before", "killed after"]), st.integers(0, len(REQUESTS) - 1)
)
steps = st.lists(
    st.tuples(st.integers(0, len(REQUESTS) - 1), st.integers(1, 4), happenings, st.booleans()),
    min_size=1,
    max_size=7,
)


@settings(max_examples=examples(15))
@given(steps=steps)
def test_each_request_is_done_once_and_has_one_answer(
    call: Call, failing: Failing, dynamodb: Any, clock: Clock, *, steps: list[tuple[int, int, Any, bool]]
) -> None:
    """Model: a request has an effect at most once, exactly once if its answer says so, and only one answer.

    A step sends a request; at one of its calls of DynamoDB its process is killed before or after the call, or
    another request (perhaps the same one) is carried out; afterwards its lease may end.
    """
    for table, key in (("products", "_key"), ("Answers", "id")):
        for found in dynamodb.scan(TableName=PREFIX + table)["Items"]:
            dynamodb.delete_item(TableName=PREFIX + table, Key={key: found[key]})
    events = Events(dynamodb)
    failing.client = events
    answers: dict[int, list[Answer]] = defaultdict(list)

    def send(number: int) -> None:
        method, path, body, headers = REQUESTS[number]
        events.requests.append(number)
        clock.micros += 1
        try:
            answer = call(method, path, body, idempotency_key=f"key-{number}", **headers)
        except Killed:
            return
        finally:
            events.requests.pop()
        if answer.status != 503 and not (answer.body or {}).get("type", "").endswith("in-flight"):
            answers[number].append(answer)

    def happening(what: Any) -> Any:
        return (lambda: send(what)) if isinstance(what, int) else what

    for number, at, happens, is_later in steps:
        events.planned = {} if happens is None else {events.calls + at: happening(happens)}
        send(number)
        events.planned = {}
        clock.micros += LEASE_MICROS if is_later else 0
    clock.micros += LEASE_MICROS
    for number in {step[0] for step in steps}:
        send(number)
        send(number)

    for number, got in answers.items():
        assert len({told(answer) for answer in got}) == 1
        wrote = got[0].status < 300
        counted = {key: events.written[number, key] for key in ("1", "2")}
        assert counted == {key: int(wrote and key in WRITES[number]) for key in ("1", "2")}


def told(answer: Answer) -> tuple[Any, ...]:
    """What an answer tells; a problem also has the id of its request."""
    body = answer.body or {}
    return (
        answer.status,
        answer.headers.get("etag"),
        json.dumps({**body, "instance": ""}, default=str, sort_keys=True),
    )
