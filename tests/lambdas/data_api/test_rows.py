"""Rows are created, read, replaced, patched and deleted through the API."""

from typing import Any

import pytest

from tests.builders import product, transaction
from tests.lambdas.contracts import thing
from tests.lambdas.data_api.conftest import (
    LINE,
    NOW,
    UPDATED,
    Call,
    Clock,
    Failing,
    ItemOf,
)


def test_a_created_row_is_read_back_with_all_its_digits(call: Call) -> None:
    created = call("POST", "/transactions", transaction())

    read = call("GET", LINE)

    assert (created.status, read.status) == (201, 200)
    assert read.body == created.body == transaction() | {"_version": UPDATED}
    assert str(read.body["sales_value"]) == "0.50"
    assert read.etag == created.etag == f'"{UPDATED}"'
    assert created.headers["location"] == "transactions/31198570044,1095275"


def test_the_location_of_a_row_leads_to_it_for_any_key(call: Call) -> None:
    location = call("POST", "/things", thing()).headers["location"]

    # An HTTP API decodes the path, except %25.
    assert call("GET", "/" + location).status == 200


def test_an_item_has_its_columns_and_bookkeeping_attributes(call: Call, item: ItemOf) -> None:
    call("POST", "/products", product(product_category=None))

    assert item("products", "25671") == {
        "_key": {"S": "25671"},
        "_version": {"N": str(NOW)},
        "_event_id": {"S": "UjQ3mh3doAMEPaw="},
        "product_id": {"N": "25671"},
        "manufacturer_id": {"N": "2"},
        "department": {"S": "GROCERY"},
        "brand": {"S": "National"},
        "product_type": {"S": "ICE - CRUSHED/CUBED"},
        "package_size": {"S": "22 LB"},
    }


def test_a_row_that_exists_is_not_created_again(call: Call) -> None:
    call("POST", "/products", product())

    again = call("POST", "/products", product(department="DELI"))

    assert (again.status, again.body["type"]) == (409, "urn:glueline:problem:exists")
    assert call("GET", "/products/25671").body["department"] == "GROCERY"


def test_a_row_is_written_in_one_call(call: Call, failing: Failing, clock: Clock) -> None:
    call("POST", "/products", product())
    clock.micros += 1
    call("PUT", "/products/25671", product())
    clock.micros += 1
    call("DELETE", "/products/25671")

    assert failing.calls == ["put_item", "put_item", "update_item"]


def test_put_creates_then_replaces(call: Call, clock: Clock) -> None:
    created = call("PUT", "/products/25671", product())
    clock.micros += 1
    replaced = call("PUT", "/products/25671", product(package_size=None))

    assert (created.status, replaced.status) == (201, 200)
    assert replaced.body == product(package_size=None) | {"_version": NOW + 1}


def test_put_reads_the_key_from_the_path(call: Call) -> None:
    without_key = {name: value for name, value in product().items() if name != "product_id"}

    assert call("PUT", "/products/25671", without_key).body["product_id"] == 25671
    other = call("PUT", "/products/25671", product(product_id=7))
    assert (other.status, other.body["violations"][0]["rule"]) == (422, "key")


def test_the_answer_of_a_get_can_be_put(call: Call) -> None:
    call("POST", "/transactions", transaction())

    assert call("PUT", LINE, call("GET", LINE).body).status == 200


def test_a_deleted_row_is_gone_but_its_item_stays_marked(call: Call, item: ItemOf) -> None:
    call("POST", "/products", product())
    before = item("products", "25671")

    deleted = call("DELETE", "/products/25671")

    assert (deleted.status, deleted.body) == (204, None)
    assert call("GET", "/products/25671").status == 404
    assert item("products", "25671") == before | {
        "_version": {"N": str(NOW + 1)},
        "_deleted": {"BOOL": True},
        "_event_id": {"S": "UjQ3mh3doAMEPaw=1"},
        "_expires_at": {"N": str(NOW // 1_000_000 + 90 * 24 * 3600)},
    }


def test_an_older_create_does_not_bring_a_deleted_row_back(call: Call) -> None:
    call("DELETE", LINE)

    created = call("POST", "/transactions", transaction())

    assert (created.status, created.body["type"]) == (409, "urn:glueline:problem:stale")
    assert call("GET", LINE).status == 404


def test_a_newer_create_makes_a_row_of_a_deleted_one(call: Call, item: ItemOf, clock: Clock) -> None:
    call("POST", "/products", product())
    call("DELETE", "/products/25671")
    clock.micros += 10

    assert call("POST", "/products", product(department="DELI")).status == 201
    assert "_deleted" not in item("products", "25671")


def test_a_patch_changes_what_it_names(call: Call, clock: Clock) -> None:
    call("POST", "/products", product())
    clock.micros += 5

    patched = call(
        "PATCH",
        "/products/25671",
        {"department": " DELI ", "package_size": None},
        content_type="application/merge-patch+json",
    )

    assert patched.status == 200
    assert patched.body == product(department="DELI", package_size=None) | {"_version": NOW + 5}


def test_a_patch_reaches_into_structs(call: Call) -> None:
    call("POST", "/things", thing(name="a"))

    patched = call("PATCH", "/things/a,2026-11-24", {"size": {"unit": "cm"}, "tags": ["b"]})

    assert patched.body == thing(name="a", size={"width": 3, "unit": "cm"}, tags=["b"]) | {
        "_version": NOW + 1
    }


def test_a_patch_without_a_sequence_value_is_the_newest_version(call: Call) -> None:
    call("POST", "/transactions", transaction())

    patched = call("PATCH", LINE, {"status": "settled"})

    assert patched.body == transaction(status="settled", updated_at="2026-11-24T10:15:30Z") | {
        "_version": NOW
    }


def test_a_patch_older_than_the_row_is_refused(call: Call) -> None:
    call("POST", "/transactions", transaction())

    newer = call("PATCH", LINE, {"status": "settled", "updated_at": "2017-01-02T00:00:00Z"})
    older = call("PATCH", LINE, {"status": "corrected", "updated_at": "2017-01-01T12:00:00Z"})

    assert (newer.status, older.status, older.body["type"]) == (200, 409, "urn:glueline:problem:stale")


@pytest.mark.parametrize(
    ("column", "value"), [("product_id", 7), ("transaction_timestamp", "2017-01-01T11:53:27Z")]
)
def test_a_patch_cannot_change_key_or_partition(call: Call, column: str, value: Any) -> None:
    call("POST", "/transactions", transaction())

    answer = call("PATCH", LINE, {column: value})

    assert (answer.status, answer.body["violations"][0]["path"]) == (422, f"/{column}")
    assert answer.body["violations"][0]["rule"] == "immutable"


def test_a_patch_may_contain_the_unchanged_key(call: Call) -> None:
    call("POST", "/transactions", transaction())

    assert call("PATCH", LINE, {"productId": "1095275", "week": 2}).status == 200


@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_a_patch_that_is_not_an_object_is_refused(call: Call, body: Any) -> None:
    assert call("PATCH", LINE, body).status == 400


def test_a_patch_deeper_than_any_row_is_refused(call: Call) -> None:
    call("POST", "/things", thing(name="a"))

    answer = call("PATCH", "/things/a,2026-11-24", raw={"body": '{"a":' * 1500 + "1" + "}" * 1500})

    assert answer.status == 400


def test_a_patch_needs_a_row(call: Call) -> None:
    assert call("PATCH", "/products/25671", {}).status == 404
    call("DELETE", "/products/25671")
    assert call("PATCH", "/products/25671", {}).status == 404


def test_a_patch_is_applied_to_a_row_that_changes_meanwhile(
    call: Call, failing: Failing, dynamodb: Any
) -> None:
    call("POST", "/products", product())
    real = dynamodb.get_item

    def read_then_lose_a_race(**parameters: Any) -> Any:
        found = real(**parameters)
        call("PUT", "/products/25671", product(brand="Private"))
        return found

    failing.client = type("Racing", (), {"get_item": staticmethod(read_then_lose_a_race)})()
    failing.client.put_item = dynamodb.put_item

    patched = call("PATCH", "/products/25671", {"department": "DELI"})

    assert (patched.body["department"], patched.body["brand"]) == ("DELI", "Private")
