"""Writes end in the newest change, whatever is repeated, late or without an answer."""

from typing import Any

import pytest
from botocore.exceptions import (
    ReadTimeoutError,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import timestamps
from jobs.maintenance.retention import LATE
from lambdas.data_api.writes import KEEP_DELETED_SECONDS
from tests.builders import product, transaction
from tests.lambdas.data_api.conftest import (
    LINE,
    LINE_KEY,
    NOW,
    PREFIX,
    UPDATED,
    Call,
    Clock,
    Failing,
    ItemOf,
    batch,
    change,
)
from tests.properties import examples
from tests.workflows.expanded_template import TEMPLATE


class LosesAnswers:
    """A DynamoDB client that sends each write twice, as botocore does if the first answer is lost."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            answer = getattr(self.client, name)(**parameters)
            if name in ("put_item", "update_item", "transact_write_items"):
                answer = getattr(self.client, name)(**parameters)
            return answer

        return call


@pytest.fixture
def losing(failing: Failing, dynamodb: Any) -> LosesAnswers:
    """The client that loses answers, in place of the API's client."""
    client = LosesAnswers(dynamodb)
    failing.client = client
    return client


@pytest.mark.usefixtures("losing")
def test_a_row_whose_answer_was_lost_is_created(call: Call) -> None:
    created = call("POST", "/products", product())

    assert (created.status, created.etag) == (201, f'"{NOW}"')
    assert call("POST", "/products", product()).status == 409
    assert call("POST", "/transactions", transaction()).status == 201
    put_once = call("PUT", "/products/7", product(product_id=7), if_none_match="*")
    assert put_once.status == 201


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("if_match", [None, "*", "etag"])
def test_a_write_whose_answer_was_lost_is_done_once(
    call: Call, failing: Failing, dynamodb: Any, item: ItemOf, *, method: str, if_match: str | None
) -> None:
    tag = call("POST", "/products", product()).etag
    failing.client = LosesAnswers(dynamodb)
    given = {} if if_match is None else {"if_match": tag if if_match == "etag" else if_match}

    answer = call(method, "/products/25671", product(department="DELI"), **given)

    assert answer.status in (200, 204)
    assert item("products", "25671")["_version"] == {"N": str(NOW + 1)}
    assert method == "DELETE" or answer.etag == f'"{NOW + 1}"'


@pytest.mark.usefixtures("losing")
def test_a_batch_whose_answer_was_lost_is_written_once(call: Call, item: ItemOf) -> None:
    changes = [
        change("products", product(), event_id="a"),
        change("products", {"product_id": 8}, "delete"),
        change("transactions", transaction(), event_id="b"),
    ]

    assert batch(call, *changes) == ["accepted"] * 3
    assert item("products", "25671")["_version"] == {"N": str(NOW)}
    assert item("products", "8")["_version"] == {"N": str(NOW)}


def test_a_write_without_an_answer_can_be_sent_again(call: Call, failing: Failing) -> None:
    failing.failures = [ReadTimeoutError(endpoint_url="https://dynamodb")]
    assert call("PUT", "/products/25671", product()).status == 503
    assert call("PUT", "/products/25671", product()).status == 201


def test_marks_of_deletes_outlive_two_redrives_and_the_tombstones_of_the_lake() -> None:
    """The template has the retention of messages; `lambdas.data_api.writes` has the reason for the period."""
    kept = {
        name: TEMPLATE["Resources"][name]["Properties"]["MessageRetentionPeriod"]
        for name in ("Inbound", "DeadLetters")
    }
    tombstones = TEMPLATE["Parameters"]["TombstoneRetentionDays"]["Default"] * 24 * 3600

    assert TEMPLATE["Resources"]["Inbound"]["Properties"]["RedrivePolicy"]
    assert 3 * sum(kept.values()) < KEEP_DELETED_SECONDS
    assert tombstones + LATE.total_seconds() < KEEP_DELETED_SECONDS


def test_a_message_that_was_in_every_queue_does_not_bring_a_deleted_row_back(
    call: Call, item: ItemOf, clock: Clock
) -> None:
    sold = change("products", product(), time=timestamps.from_micros(NOW), event_id="sold")
    clock.micros = NOW + 1_000_000
    call("DELETE", "/products/25671")
    passed = 3 * 28 * 24 * 3600

    assert int(item("products", "25671")["_expires_at"]["N"]) > NOW // 1_000_000 + passed
    clock.micros += passed * 1_000_000
    assert batch(call, sold) == ["stale"]


def test_an_event_repeated_after_a_later_one_changes_nothing(call: Call, item: ItemOf) -> None:
    a, b = (
        change("products", product(department=name), event_id=name, time=f"2026-11-24T10:00:0{second}Z")
        for second, name in enumerate("AB")
    )

    assert [batch(call, one) for one in (a, b, a)] == [["accepted"], ["accepted"], ["stale"]]
    assert item("products", "25671")["department"] == {"S": "B"}


def test_a_request_for_a_row_is_newer_than_an_earlier_event(call: Call, clock: Clock, item: ItemOf) -> None:
    before = change("products", product(department="EVENT"), time=timestamps.from_micros(NOW - 1))
    after = change("products", product(department="LATER"), time=timestamps.from_micros(NOW + 1))
    call("PUT", "/products/25671", product(department="REQUEST"))

    assert batch(call, before) == ["stale"]
    clock.micros = NOW + 2
    assert batch(call, after, before) == ["accepted", "stale"]
    assert item("products", "25671")["department"] == {"S": "LATER"}


def test_the_time_of_an_event_does_not_outrank_the_sequence_column(call: Call, item: ItemOf) -> None:
    newer = transaction(status="settled", updated_at="2017-01-02T00:00:00Z")
    batch(call, change("transactions", newer, time="2017-01-02T00:00:00Z"))

    assert batch(call, change("transactions", transaction(), time="2026-01-01T00:00:00Z")) == ["stale"]
    assert item("transactions", LINE_KEY)["status"] == {"S": "settled"}


events = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from("abc"), st.booleans()),
    unique_by=lambda event: event[2],  # ids of events are unique
    min_size=1,
    max_size=3,
)


@settings(max_examples=examples(20))
@given(events=events, data=st.data(), dataset=st.sampled_from(["products", "transactions"]))
def test_any_order_repetition_and_batching_of_events_ends_in_the_newest(
    call: Call,
    dynamodb: Any,
    clock: Clock,
    *,
    events: list[tuple[int, int, str, bool]],
    data: st.DataObject,
    dataset: str,
) -> None:
    """The newest event has the greatest sequence value (if the dataset has one), then time, then id."""
    path = {"products": "/products/25671", "transactions": LINE}[dataset]
    for found in dynamodb.scan(TableName=PREFIX + dataset)["Items"]:
        dynamodb.delete_item(TableName=PREFIX + dataset, Key={"_key": found["_key"]})
    is_sequenced = dataset == "transactions"
    made = {event: event_of(event, is_sequenced=is_sequenced) for event in events}
    shuffled = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=4))))
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        some, shuffled = shuffled[:size], shuffled[size:]
        assert set(batch(call, *(made[event] for event in some))) <= {"accepted", "stale"}
        clock.micros += 1

    sequence, second, name, is_delete = max(events, key=lambda one: one[not is_sequenced :])
    [stored] = dynamodb.scan(TableName=PREFIX + dataset)["Items"]
    assert stored["_event_id"] == {"S": name}
    assert ("_deleted" in stored) is is_delete
    assert stored["_version"] == {"N": str(UPDATED + sequence if is_sequenced else NOW - 10 + second)}
    assert call("GET", path).status == (404 if is_delete else 200)


def event_of(event: tuple[int, int, str, bool], *, is_sequenced: bool) -> dict[str, Any]:
    """The change of a batch for the event."""
    sequence, second, name, is_delete = event
    row = transaction(updated_at=timestamps.from_micros(UPDATED + sequence)) if is_sequenced else product()
    decisive = ("basket_id", "product_id", "updated_at") if is_sequenced else ("product_id",)
    return change(
        "transactions" if is_sequenced else "products",
        {column: row[column] for column in decisive} if is_delete else row,
        "delete" if is_delete else "upsert",
        event_id=name,
        time=timestamps.from_micros(NOW - 10 + second),
    )
