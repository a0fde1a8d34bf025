from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import timestamps
from expectations.contract import Row
from lambdas.data_api import transactions
from lambdas.data_api.changes import Change, Event
from lambdas.data_api.index_attributes import index_attributes
from lambdas.data_api.store import ATTEMPTS, Store
from lambdas.data_api.transactions import Result, chunks, rounds, write_batch
from tests.builders import product, transaction
from tests.lambdas.data_api.conftest import CHECKER, CONTRACTS, NOW, PREFIX, Clock, Failing
from tests.properties import examples

type Changes = dict[int, Change]


def upsert(dataset: str, row: Row, event_id: str = "event") -> Change:
    return CHECKER.change(CONTRACTS[dataset], "upsert", row, Event(event_id))


def line(product_id: int, second: int = 0, **changed: Any) -> Change:
    updated_at = timestamps.from_micros(1_483_271_606_000_000 + second * 1_000_000)
    return upsert("transactions", transaction(product_id=product_id, updated_at=updated_at, **changed))


def voided(product_id: int, second: int) -> Change:
    made = line(product_id, second)
    data = {"basket_id": 31198570044, "product_id": product_id, "updated_at": made.item["updated_at"]["S"]}
    return CHECKER.change(CONTRACTS["transactions"], "delete", data, Event("event"))


def indexed(*changes: Change) -> Changes:
    return dict(enumerate(changes))


def statuses(results: dict[int, Result]) -> list[str]:
    return ["unwritten" if results[i].is_unwritten else results[i].status for i in sorted(results)]


def cancelled(*reasons: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "TransactWriteItems")


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "message"}}, "TransactWriteItems")


def test_changes_of_different_keys_are_one_call(store: Store, failing: Failing) -> None:
    results = write_batch(store, indexed(*(line(number) for number in range(1, 101))))

    assert statuses(results) == ["accepted"] * 100
    assert failing.calls == ["transact_write_items"]
    assert results[0] == Result("accepted", "31198570044,1", 1_483_271_606_000_000)


def test_changes_of_several_datasets_share_a_call(store: Store, failing: Failing) -> None:
    results = write_batch(store, indexed(line(1), upsert("products", product()), voided(2, 0)))

    assert statuses(results) == ["accepted"] * 3
    assert len(failing.calls) == 1


def test_a_hundred_and_one_changes_are_two_calls() -> None:
    changes = indexed(*(line(number) for number in range(1, 102)))

    assert [len(chunk) for chunk in chunks(changes)] == [100, 1]


def test_a_call_stays_below_the_size_of_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    one = line(1)
    estimated = len(str(one.item | index_attributes(one.contract, one.item)))
    monkeypatch.setattr(transactions, "TRANSACTION_BYTES", 2 * estimated + 10)

    assert [len(chunk) for chunk in chunks(indexed(one, line(2), line(3)))] == [2, 1]
    monkeypatch.setattr(transactions, "TRANSACTION_BYTES", 1)
    assert [len(chunk) for chunk in chunks(indexed(one, line(2)))] == [1, 1]


def test_changes_of_one_key_are_written_in_the_order_of_their_versions() -> None:
    changes = indexed(line(1, 3), line(2, 1), line(1, 1), line(1, 2))

    assert [list(of_round) for of_round in rounds(changes)] == [[2, 1], [3], [0]]


def test_changes_without_versions_are_written_in_the_order_of_arrival(store: Store, dynamodb: Any) -> None:
    rows = [product(department=department) for department in ("A", "B", "C")]

    changes = (upsert("products", row, f"event-{place}") for place, row in enumerate(rows))
    results = write_batch(store, indexed(*changes))

    assert [results[index].version for index in range(3)] == [NOW, NOW + 1, NOW + 2]
    stored = dynamodb.get_item(TableName=PREFIX + "products", Key={"_key": {"S": "25671"}})["Item"]
    assert stored["department"] == {"S": "C"}


def test_a_stale_change_does_not_stop_the_others(store: Store) -> None:
    write_batch(store, indexed(line(2, 5)))

    results = write_batch(store, indexed(line(1), line(2, 1), line(3)))

    assert statuses(results) == ["accepted", "stale", "accepted"]
    assert results[1].version == 1_483_271_611_000_000


def test_writing_a_batch_again_changes_nothing(store: Store, dynamodb: Any) -> None:
    changes = indexed(line(1, 1), line(1, 2), voided(2, 3), line(2, 1))
    write_batch(store, changes)
    before = dynamodb.scan(TableName=PREFIX + "transactions")["Items"]

    results = write_batch(store, changes)

    assert statuses(results) == ["stale", "accepted", "accepted", "stale"]
    assert dynamodb.scan(TableName=PREFIX + "transactions")["Items"] == before


def test_a_change_without_version_gets_one_after_a_stored_one_from_the_future(
    store: Store, clock: Clock
) -> None:
    clock.micros = NOW + 1000
    write_batch(store, indexed(upsert("products", product())))
    clock.micros = NOW

    results = write_batch(store, indexed(upsert("products", product()), line(1)))

    assert (statuses(results), results[0].version) == (["accepted", "accepted"], NOW + 1001)


@pytest.mark.parametrize(
    "failure",
    [
        cancelled("None", "TransactionConflict"),
        cancelled("ProvisionedThroughputExceeded", "None"),
        cancelled("ThrottlingError", "ThrottlingError"),
    ],
)
def test_a_busy_transaction_is_retried_after_a_pause(
    store: Store, failing: Failing, slept: list[float], failure: Exception
) -> None:
    failing.failures = [failure, failure]

    assert statuses(write_batch(store, indexed(line(1), line(2)))) == ["accepted", "accepted"]
    assert len(slept) == 2


def test_a_change_whose_row_stays_busy_is_not_written(
    store: Store, failing: Failing, slept: list[float]
) -> None:
    failing.failures = [cancelled("TransactionConflict")] * ATTEMPTS

    results = write_batch(store, indexed(line(1)))

    assert statuses(results) == ["unwritten"]
    assert results[0].document()["problem"]["status"] == 503
    assert (len(failing.calls), sum(slept) < 5) == (ATTEMPTS, True)


@pytest.mark.parametrize("code", ["ThrottlingException", "TransactionInProgressException"])
def test_an_error_after_the_clients_own_retries_is_not_retried(
    store: Store, failing: Failing, code: str
) -> None:
    failing.failures = [error(code)]

    results = write_batch(store, indexed(*(line(number) for number in range(1, 102))))

    assert statuses(results) == ["unwritten"] * 100 + ["accepted"]
    assert len(failing.calls) == 2


def test_a_change_is_not_written_before_its_predecessor(store: Store, failing: Failing) -> None:
    failing.failures = [error("ThrottlingException")]

    results = write_batch(store, indexed(*(upsert("products", product(department=d)) for d in "AB")))

    assert statuses(results) == ["unwritten", "unwritten"]
    assert len(failing.calls) == 1  # for the first change only


def test_an_unreachable_dynamodb_is_called_once(store: Store, failing: Failing) -> None:
    failing.failures = [ConnectTimeoutError(endpoint_url="https://dynamodb")]

    results = write_batch(store, indexed(*(line(number) for number in range(1, 250))))

    assert statuses(results) == ["unwritten"] * 249
    assert len(failing.calls) == 1


def test_a_change_that_dynamodb_finds_invalid_does_not_stop_the_others(
    store: Store, failing: Failing, dynamodb: Any
) -> None:
    real = dynamodb.transact_write_items

    def particular(TransactItems: list[dict[str, Any]]) -> Any:
        if any(given["Put"]["Item"]["_key"]["S"].endswith(",7") for given in TransactItems):
            raise error("ValidationException")
        return real(TransactItems=TransactItems)

    failing.client = type("Particular", (), {"transact_write_items": staticmethod(particular)})()

    results = write_batch(store, indexed(*(line(number) for number in range(1, 11))))

    assert statuses(results) == ["accepted"] * 6 + ["rejected"] + ["accepted"] * 3
    assert results[6].document()["problem"]["status"] == 422


def test_a_change_that_the_transaction_reports_as_invalid_is_rejected(store: Store, failing: Failing) -> None:
    failing.failures = [cancelled("None", "ValidationError")]

    assert statuses(write_batch(store, indexed(line(1), line(2)))) == ["accepted", "rejected"]


def test_any_other_error_is_raised(store: Store, failing: Failing) -> None:
    failing.failures = [error("ResourceNotFoundException")]

    with pytest.raises(ClientError):
        write_batch(store, indexed(line(1)))


def test_without_changes_there_is_no_call(store: Store, failing: Failing) -> None:
    assert (write_batch(store, {}), failing.calls) == ({}, [])


numbered = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.integers(0, 5), st.booleans()),
    unique_by=lambda change: change[:2],
    min_size=1,
    max_size=8,
)


@settings(max_examples=examples(15))
@given(changes=numbered, data=st.data())
def test_any_order_and_splitting_of_changes_ends_in_the_newest_version(
    store: Store, dynamodb: Any, changes: list[tuple[int, int, bool]], data: st.DataObject
) -> None:
    for found in dynamodb.scan(TableName=PREFIX + "transactions")["Items"]:
        dynamodb.delete_item(TableName=PREFIX + "transactions", Key={"_key": found["_key"]})
    shuffled = data.draw(st.permutations(changes + data.draw(st.lists(st.sampled_from(changes)))))
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        batch, shuffled = shuffled[:size], shuffled[size:]
        made = [
            voided(number, second) if is_void else line(number, second, sales_value=Decimal(second))
            for number, second, is_void in batch
        ]
        assert set(statuses(write_batch(store, indexed(*made)))) <= {"accepted", "stale"}

    for number in {number for number, _, _ in changes}:
        newest = max(change for change in changes if change[0] == number)
        key = {"_key": {"S": f"31198570044,{number}"}}
        stored = dynamodb.get_item(TableName=PREFIX + "transactions", Key=key)["Item"]
        assert stored["_version"] == {"N": str(1_483_271_606_000_000 + newest[1] * 1_000_000)}
        assert ("_deleted" in stored) is newest[2]
        assert newest[2] or stored["sales_value"] == {"N": str(newest[1])}
