from typing import Any

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
)

from lambdas.data_api.batch import MAX_CHANGES
from tests.builders import product, transaction
from tests.lambdas.data_api.conftest import (
    NOW,
    Call,
    Clock,
    Failing,
    ItemOf,
    batch,
    change,
)

VOIDED = {"basket_id": 31198570044, "product_id": 1, "updated_at": "2017-01-03T00:00:00Z"}


def test_every_change_has_its_result_in_order(call: Call) -> None:
    call("PUT", "/transactions/31198570044,2", transaction(product_id=2, updated_at="2017-01-05T00:00:00Z"))

    answer = call(
        "POST",
        "/batch",
        {
            "changes": [
                change("transactions", transaction(product_id=1)),
                change("transactions", transaction(product_id=2)),
                change("transactions", transaction(week=99)),
                change("transactions", VOIDED, "delete"),
                change("products", product()),
            ]
        },
    )

    assert answer.status == 200
    results = answer.body["results"]
    assert [result["status"] for result in results] == [
        "accepted",
        "stale",
        "rejected",
        "accepted",
        "accepted",
    ]
    assert results[0] == {"status": "accepted", "key": "31198570044,1", "version": 1_483_271_606_000_000}
    assert results[1]["version"] == 1_483_574_400_000_000
    assert results[2]["problem"]["violations"][0]["path"] == "/week"
    assert results[4]["version"] == NOW
    assert call("GET", "/transactions/31198570044,1").status == 404


def test_an_item_has_the_id_of_the_event_that_wrote_it(call: Call, item: Any) -> None:
    call("POST", "/batch", {"changes": [change("products", product(), event_id="event-1")]})
    assert item("products", "25671")["_event_id"] == {"S": "event-1"}

    call("POST", "/batch", {"changes": [change("products", product())]})
    assert item("products", "25671")["_event_id"] == {"S": "UjQ3mh3doAMEPaw=1.0"}


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("text", 400),
        ({}, 400),
        ({"dataset": "products", "op": "replace", "data": {}}, 400),
        ({"dataset": "products", "op": ["upsert"], "data": {}}, 400),
        ({"dataset": 7, "op": "upsert", "data": {}}, 400),
        ({"dataset": "products", "op": "upsert", "data": {}, "event_id": 7}, 400),
        ({"dataset": "products", "op": "upsert", "data": product(), "event_id": ""}, 422),
        ({"dataset": "products", "op": "upsert", "data": product(), "event_id": "x" * 2000}, 422),
        ({"dataset": "products", "op": "upsert"}, 422),
        ({"dataset": "products", "op": "upsert", "data": []}, 422),
        ({"dataset": "products", "op": "delete", "data": {}}, 422),
        ({"dataset": "nothing", "op": "upsert", "data": {}}, 404),
        (
            {
                "dataset": "things",
                "op": "upsert",
                "data": {"name": "a", "day": "2026-11-24", "tags": ["x" * 409_000]},
            },
            413,
        ),
    ],
)
def test_a_change_that_is_not_valid_is_rejected_and_the_others_are_accepted(
    call: Call, given: Any, status: int
) -> None:
    answer = call("POST", "/batch", {"changes": [given, change("products", product())]})

    first, second = answer.body["results"]
    assert (first["status"], first["problem"]["status"]) == ("rejected", status)
    assert second["status"] == "accepted"


def test_each_change_needs_its_permission(call: Call) -> None:
    changes = [change("products", product()), change("products", {"product_id": 1}, "delete")]

    answer = call("POST", "/batch", {"changes": changes}, permissions="products:write")

    assert [result["status"] for result in answer.body["results"]] == ["accepted", "rejected"]
    assert answer.body["results"][1]["problem"]["status"] == 403


@pytest.mark.parametrize("body", [[], {}, {"changes": {}}, {"changes": None}, "x"])
def test_a_body_that_is_not_a_batch_is_refused(call: Call, body: Any) -> None:
    assert call("POST", "/batch", body).status == 400


def test_a_batch_has_at_most_five_hundred_changes(call: Call) -> None:
    assert call("POST", "/batch", {"changes": [{}] * (MAX_CHANGES + 1)}).status == 413
    assert call("POST", "/batch", {"changes": []}).body == {"results": []}


def test_a_batch_without_any_written_change_is_503(call: Call, failing: Failing) -> None:
    failing.failures = [ConnectTimeoutError(endpoint_url="https://dynamodb")]

    answer = call("POST", "/batch", {"changes": [change("products", product())]})

    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


def test_changes_that_were_not_written_are_reported_beside_rejected_ones(
    call: Call, failing: Failing
) -> None:
    failing.failures = [ConnectTimeoutError(endpoint_url="https://dynamodb")]

    answer = call("POST", "/batch", {"changes": [change("products", product()), change("products", {})]})

    assert [result["problem"]["status"] for result in answer.body["results"]] == [503, 422]


def test_values_of_a_row_are_not_logged(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    secret = transaction(household_id="secret-household")

    call("POST", "/batch", {"changes": [change("transactions", secret, event_id="event-9")]})
    call("POST", "/transactions", secret)

    logged = [str(vars(record)) for record in caplog.records]
    assert any("event-9" in line and "/household_id type" in line for line in logged)
    assert not any("secret-household" in line for line in logged)


def test_outcomes_of_a_batch_are_counted_by_dataset(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    changes = [change("products", product()), change("transactions", {}), change("nothing", {})]

    call("POST", "/batch", {"changes": changes})

    printed = capsys.readouterr().out
    assert '"dataset":"products","service":"test","accepted":[1.0]' in printed
    assert '"dataset":"transactions","service":"test","rejected":[1.0]' in printed
    assert '"dataset":"none","service":"test","rejected":[1.0]' in printed


def test_every_change_of_a_batch_has_an_event_id_of_its_own(call: Call, item: ItemOf) -> None:
    """Otherwise the second change of a row would look like a repetition of the first."""
    departments = [change("products", product(department=name)) for name in ("A", "B")]

    assert batch(call, *departments) == ["accepted"] * 2
    assert item("products", "25671")["department"] == {"S": "B"}


def test_no_event_is_later_than_now(call: Call, item: ItemOf, clock: Clock) -> None:
    batch(call, change("products", product(), time="9999-01-01T00:00:00Z"))
    assert item("products", "25671")["_version"] == {"N": str(NOW)}

    clock.micros += 1
    assert call("PUT", "/products/25671", product(department="DELI")).body["_version"] == NOW + 1


@pytest.mark.parametrize("time", ["yesterday", "", 7, None, "2026-02-30T00:00:00Z", "9" * 5000])
def test_a_time_that_is_not_a_timestamp_is_refused(call: Call, time: Any) -> None:
    assert batch(call, change("products", product(), time=time)) == ["rejected"]
