"""Versions order the changes of a row, up to the end of their sequence."""

from typing import Any

import pytest

from expectations.contract import Row
from tests.builders import product, transaction
from tests.lambdas.data_api.conftest import (
    LINE,
    NOW,
    Call,
    Clock,
    ItemOf,
    Put,
    batch,
    change,
)


def test_a_versioned_row_is_not_overwritten_by_an_older_one(call: Call) -> None:
    call("POST", "/transactions", transaction(status="settled", updated_at="2017-01-02T00:00:00Z"))

    older = call("PUT", LINE, transaction())

    assert (older.status, older.body["type"]) == (409, "urn:glueline:problem:stale")
    assert call("GET", LINE).body["status"] == "settled"


def test_a_row_of_the_same_version_is_accepted_again(call: Call) -> None:
    call("PUT", LINE, transaction())

    assert call("PUT", LINE, transaction()).status == 200


def test_a_row_from_the_future_can_be_replaced(call: Call, clock: Clock) -> None:
    clock.micros = NOW + 5_000_000
    call("PUT", "/products/25671", product())
    clock.micros = NOW

    after = call("PUT", "/products/25671", product(department="DELI"))

    assert (after.status, after.body["_version"]) == (200, NOW + 5_000_001)


def test_a_delete_is_newer_than_the_row_and_its_sequence_column_says_so(call: Call, item: ItemOf) -> None:
    call("POST", "/transactions", transaction())

    call("DELETE", LINE)

    marked = item("transactions", "31198570044,1095275")
    assert marked["_version"] == {"N": str(NOW)}
    assert marked["updated_at"] == {"S": "2026-11-24T10:15:30Z"}
    assert marked["status"] == {"S": "pending"}


def test_counted_versions_continue(call: Call, item: ItemOf) -> None:
    call("POST", "/counters", {"name": "a", "revision": 7, "value": 1})

    call("PATCH", "/counters/a", {"name": "a", "value": 2})
    assert call("GET", "/counters/a").body == {"name": "a", "revision": 8, "value": 2, "_version": 8}
    call("DELETE", "/counters/a", query={"confirm": "a"})
    assert item("counters", "a")["revision"] == {"N": "9"}


LAST = {  # type -> path, row, sequence column, its greatest value, the next value
    "a long": ("/counters/a", {"name": "a", "value": 1}, "revision", 2**63 - 3, 2**63 - 2),
    "a timestamp": (
        LINE,
        transaction(),
        "updated_at",
        "9999-12-31T23:59:59.999997Z",
        "9999-12-31T23:59:59.999998Z",
    ),
}


@pytest.mark.parametrize(("path", "row", "column", "last", "beyond"), LAST.values(), ids=LAST)
def test_the_last_values_of_a_sequence_are_reserved_for_deletes(
    call: Call, item: ItemOf, *, path: str, row: Row, column: str, last: Any, beyond: Any
) -> None:
    dataset, key = path.split("/")[1:]
    refused = call("PUT", path, row | {column: beyond})
    assert [found["path"] for found in refused.body["violations"]] == [f"/{column}"]
    assert batch(call, change(dataset, row | {column: beyond})) == ["rejected"]

    assert call("PUT", path, row | {column: last}).status == 201
    confirmed = {"confirm": key} if dataset == "counters" else None
    patched = call("PATCH", path, {"name": "a", "value": 2} if confirmed else {"status": "settled"})
    assert (patched.status, patched.body["type"]) == (409, "urn:glueline:problem:exhausted")
    assert call("DELETE", path, query=confirmed).status == 204
    assert call("DELETE", path, query=confirmed).status == 204

    marked = item(dataset, key)
    assert marked["_deleted"] == {"BOOL": True}
    assert next(iter(marked[column].values())) == str(beyond)
    assert call("PUT", path, row | {column: last}).body["type"] == "urn:glueline:problem:stale"
    assert call("GET", path).status == 404


def test_an_item_of_another_writer_beyond_the_end_of_the_sequence_can_be_deleted(
    call: Call, put: Put, item: ItemOf
) -> None:
    put("/products", product(), _version={"N": str(2**63 - 1)})

    assert call("PUT", "/products/25671", product()).body["type"] == "urn:glueline:problem:exhausted"
    assert call("DELETE", "/products/25671").status == 204
    assert item("products", "25671")["_version"] == {"N": str(2**63 - 1)}
    assert call("GET", "/products/25671").status == 404
