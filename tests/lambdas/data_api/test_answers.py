"""Records of requests with idempotency keys."""

from typing import Any

import pytest

from lambdas.data_api.answers import KEEP_SECONDS, LEASE_MICROS, take
from lambdas.data_api.idempotency import KeyedRequest
from lambdas.data_api.problems import Problem
from lambdas.data_api.store import Store
from tests.lambdas.data_api.conftest import NOW, PREFIX, Clock
from tests.workflows.expanded_template import TEMPLATE

REQUEST = KeyedRequest("id", "fingerprint")


def test_a_request_is_taken_by_one_process(store: Store) -> None:
    take(store, REQUEST)

    with pytest.raises(Problem) as refused:
        take(store, REQUEST)
    assert (refused.value.kind, refused.value.status) == ("in-flight", 409)
    assert refused.value.headers == {"Retry-After": "2"}


def test_a_key_of_another_request_is_refused(store: Store) -> None:
    take(store, REQUEST)

    with pytest.raises(Problem) as refused:
        take(store, KeyedRequest("id", "other"))
    assert (refused.value.kind, refused.value.status) == ("key-reused", 422)


def test_a_process_that_was_given_up_records_nothing_more(store: Store, clock: Clock) -> None:
    first = take(store, REQUEST)
    clock.micros += LEASE_MICROS
    second = take(store, REQUEST)

    with pytest.raises(Problem, match="being carried out"):
        first.finish({"row": "of the first"})
    first.release()
    with pytest.raises(Problem, match="being carried out"):
        take(store, REQUEST)
    second.finish({"row": "of the second"})
    assert take(store, REQUEST).outcomes == {"row": "of the second"}


def test_a_released_request_can_be_taken_at_once(store: Store) -> None:
    take(store, REQUEST).release()

    assert not take(store, REQUEST).is_done


def test_a_record_expires_also_while_it_is_still_there(store: Store, clock: Clock, dynamodb: Any) -> None:
    take(store, REQUEST).finish({"row": "first"})
    [item] = dynamodb.scan(TableName=PREFIX + "Answers")["Items"]
    clock.micros += KEEP_SECONDS * 1_000_000 - 1

    assert item["_expires_at"] == {"N": str(NOW // 1_000_000 + KEEP_SECONDS)}
    assert take(store, REQUEST).is_done
    clock.micros += 1
    assert not take(store, KeyedRequest("id", "other")).is_done


def test_a_process_that_takes_a_request_over_goes_on_with_its_outcomes(store: Store, clock: Clock) -> None:
    first = take(store, REQUEST)
    store.dynamodb.update_item(**first.recording({"0": "written"}, done=False))
    clock.micros += LEASE_MICROS

    second = take(store, REQUEST)

    assert (second.is_done, second.outcomes) == (False, {"0": "written"})


def test_a_lease_outlives_the_function_and_dynamodb_removes_what_has_expired() -> None:
    resources = TEMPLATE["Resources"]

    assert resources["DataApi"]["Properties"]["Timeout"] * 1_000_000 < LEASE_MICROS
    ttl = resources["Answers"]["Properties"]["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "_expires_at", "Enabled": True}
