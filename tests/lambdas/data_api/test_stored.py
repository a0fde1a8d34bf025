"""The stored item decides: items of other writers, and marks of erased keys."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import timestamps
from expectations.contract import Row
from jobs.erasure.tombstones import ABOVE_ALL
from lambdas.data_api.items import from_item
from lambdas.exact_json import dumps
from tests.builders import product, transaction
from tests.lambdas.contracts import THINGS
from tests.lambdas.data_api.conftest import (
    LINE,
    LINE_KEY,
    NOW,
    PREFIX,
    UPDATED,
    Call,
    Failing,
    ItemOf,
    Put,
    batch,
    change,
)
from tests.properties import examples

FOREIGN_VERSIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "a text": {"_version": {"S": "1483271606000000"}},
    "a text that is no number": {"_version": {"S": "one"}},
    "a list": {"_version": {"L": []}},
    "null": {"_version": {"NULL": True}},
    "a fraction": {"_version": {"N": "1.5"}},
    "beyond a long": {"_version": {"N": "1" + "0" * 30}},
    "beyond a long, below zero": {"_version": {"N": "-1" + "0" * 30}},
}


@pytest.fixture(params=FOREIGN_VERSIONS)
def foreign(request: pytest.FixtureRequest, put: Put) -> None:
    """A product that another writer stored."""
    put("/products", product(), **FOREIGN_VERSIONS[request.param])


@pytest.mark.usefixtures("foreign")
def test_the_item_of_another_writer_is_a_row_that_exists(call: Call) -> None:
    created = call("POST", "/products", product(department="DELI"))
    put_once = call("PUT", "/products/25671", product(department="DELI"), if_none_match="*")

    assert (created.status, put_once.status) == (409, 412)
    assert call("GET", "/products/25671").body["department"] == "GROCERY"


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"if_match": "*"}, {"if_match": "{etag}"}], ids=["", "any", "etag"])
def test_the_item_of_another_writer_is_written_like_any_row(
    call: Call, method: str, headers: dict[str, str]
) -> None:
    tag = call("GET", "/products/25671").etag
    given = {name: value.format(etag=tag) for name, value in headers.items()}

    answer = call(method, "/products/25671", product(department="DELI"), **given)

    assert answer.status in (200, 204)
    after = call("GET", "/products/25671")
    assert after.status == 404 if method == "DELETE" else after.body["department"] == "DELI"
    assert call("GET", "/products").status == 200


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_for_another_version_does_not_change_the_item_of_another_writer(
    call: Call, method: str
) -> None:
    answer = call(method, "/products/25671", product(department="DELI"), if_match='"17"')

    assert answer.status == 412
    assert call("GET", "/products/25671").body["department"] == "GROCERY"


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize("more", [{}, {"time": "2026-11-24T10:15:30Z", "event_id": "event"}])
@pytest.mark.parametrize("op", ["upsert", "delete"])
def test_a_batch_replaces_the_item_of_another_writer(
    call: Call, item: ItemOf, op: str, more: dict[str, Any]
) -> None:
    data = product(department="DELI") if op == "upsert" else {"product_id": 25671}

    assert batch(call, change("products", data, op, **more)) == ["accepted"]
    assert ("_deleted" in item("products", "25671")) is (op == "delete")
    assert int(item("products", "25671")["_version"]["N"]) >= NOW


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"updated_at": {"S": "2017-01-01T12:53:26+01:00"}},
        {"updated_at": {"S": " 2017-01-01 11:53:26.000 "}},
        {"_version": {"S": "never"}},
        {"_version": {"S": "never"}, "_event_id": {"N": "1"}, "_event_time": {"S": "now"}},
    ],
    ids=["canonical", "another zone", "another form", "broken version", "broken bookkeeping"],
)
def test_the_sequence_column_is_the_version_of_an_item_of_another_writer(
    call: Call, put: Put, attributes: dict[str, Any]
) -> None:
    put("/transactions", transaction(), **attributes)
    at = {"status": "settled", "updated_at": timestamps.from_micros(UPDATED - 1)}

    assert call("GET", LINE).etag == f'"{UPDATED}"'
    assert call("PUT", LINE, transaction(**at)).body["type"] == "urn:glueline:problem:stale"
    assert call("PATCH", LINE, at).body["type"] == "urn:glueline:problem:stale"
    assert batch(call, change("transactions", transaction(**at))) == ["stale"]
    at["updated_at"] = timestamps.from_micros(UPDATED + 1)
    assert call("PUT", LINE, transaction(**at), if_match=f'"{UPDATED}"').status == 200


def test_an_item_without_version_and_sequence_column_is_older_than_any_change(call: Call, put: Put) -> None:
    put("/counters", {"name": "a", "revision": 7, "value": 1}, revision={"NULL": True})

    assert call("PUT", "/counters/a", {"name": "a", "revision": -5, "value": 2}).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_item_that_changes_between_attempts_is_compared_again(
    call: Call, put: Put, failing: Failing, dynamodb: Any, method: str
) -> None:
    """Another writer changes the sequence column between the first and the second attempt."""
    put("/transactions", transaction())
    names = {"PUT": "put_item", "PATCH": "get_item", "DELETE": "update_item"}
    real, later = getattr(dynamodb, names[method]), timestamps.from_micros(NOW + 10)

    def overtaken(**parameters: Any) -> Any:
        failing.client = dynamodb
        try:
            return real(**parameters)
        finally:
            dynamodb.update_item(
                TableName=PREFIX + "transactions",
                Key={"_key": {"S": LINE_KEY}},
                UpdateExpression="SET updated_at = :later",
                ExpressionAttributeValues={":later": {"S": later}},
            )

    failing.client = type("Racing", (), {names[method]: staticmethod(overtaken)})()

    answer = call(method, LINE, transaction(status="settled"), if_match=f'"{UPDATED}"')

    assert answer.status == 412
    assert call("GET", LINE).body["status"] == "pending"


attributes = st.recursive(
    st.sampled_from(
        [
            {"S": "x"},
            {"S": "2017-01-01T00:00:00Z"},
            {"S": "1E+5"},
            {"N": "1"},
            {"N": "-1.5"},
            {"N": "1" * 38},
            {"BOOL": True},
            {"NULL": True},
            {"B": b"\xff"},
            {"SS": ["a"]},
            {"NS": ["1", "2.5"]},
            {"BS": [b"\xff"]},
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: {"L": items})
        | st.dictionaries(st.sampled_from(["width", "unit", "other"]), inner, max_size=2).map(
            lambda members: {"M": members}
        )
    ),
    max_leaves=4,
)


columns = [column.name for column in THINGS.columns]


bookkeeping = ["_version", "_event_id", "_event_time"]


@given(st.dictionaries(st.sampled_from(columns), attributes))
def test_an_item_of_any_attributes_can_be_shown(item: dict[str, Any]) -> None:
    row = from_item(THINGS, item)

    assert list(row) == columns
    assert dumps(row)


@settings(max_examples=examples(15))
@given(
    stored=st.dictionaries(st.sampled_from([*columns, *bookkeeping]), attributes),
    method=st.sampled_from(["GET", "PUT", "PATCH", "DELETE"]),
)
def test_any_item_of_another_writer_does_not_fail_the_api(
    call: Call, dynamodb: Any, stored: dict[str, Any], method: str
) -> None:
    dynamodb.put_item(TableName=PREFIX + "things", Item={**stored, "_key": {"S": "a,2026-11-24"}})

    answer = call(method, "/things/a,2026-11-24", {"tags": ["b"]})

    assert answer.status in (200, 204, 409, 422)
    assert call("GET", "/things").status == 200


def erased_mark(key: str) -> dict[str, Any]:
    """The item that `glueline erase` writes for an erased key."""
    return {
        "_key": {"S": key},
        "_version": {"N": str(ABOVE_ALL)},
        "_deleted": {"BOOL": True},
        "_erased": {"BOOL": True},
        "_event_id": {"S": "erasure:1"},
    }


@pytest.fixture(params=["products", "transactions"])
def erased_path(request: pytest.FixtureRequest, dynamodb: Any) -> str:
    """The path of a row whose key is erased."""
    key = {"products": "25671", "transactions": LINE_KEY}[request.param]
    dynamodb.put_item(TableName=PREFIX + request.param, Item=erased_mark(key))
    return f"/{request.param}/{key}"


def row_of(path: str) -> Row:
    return product() if path.startswith("/products") else transaction()


@pytest.mark.parametrize(
    "headers", [{}, {"if_match": "*"}, {"if_none_match": "*"}, {"if_match": f'"{2**63 - 1}"'}]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_request_writes_a_row_of_an_erased_key(
    call: Call, item: ItemOf, erased_path: str, method: str, headers: dict[str, str]
) -> None:
    dataset, key = erased_path.split("/")[1:]
    given = {} if method in ("POST", "PATCH") and "if_none_match" in headers else headers

    answer = call(method, f"/{dataset}" if method == "POST" else erased_path, row_of(erased_path), **given)

    assert (answer.status, answer.body["type"]) == (410, "urn:glueline:problem:erased")
    assert item(dataset, key) == erased_mark(key)


@pytest.mark.parametrize("more", [{}, {"event_id": "event", "time": "9999-12-31T23:59:59Z"}])
def test_no_batch_writes_a_row_of_an_erased_key_and_the_others_are_accepted(
    call: Call, item: ItemOf, erased_path: str, more: dict[str, str]
) -> None:
    dataset, key = erased_path.split("/")[1:]
    decisive = ("product_id", "basket_id", "updated_at") if dataset == "transactions" else ("product_id",)
    deletion = {name: row_of(erased_path)[name] for name in decisive}
    other = row_of(erased_path) | {"product_id": 7}
    changes = [change(dataset, row_of(erased_path), **more), change(dataset, deletion, "delete", **more)]

    results = call("POST", "/batch", {"changes": [*changes, change(dataset, other)]}).body["results"]

    assert [result["status"] for result in results] == ["rejected", "rejected", "accepted"]
    assert [result["problem"]["status"] for result in results[:2]] == [410, 410]
    assert item(dataset, key) == erased_mark(key)


def test_an_erased_key_looks_like_one_without_a_row(call: Call, erased_path: str) -> None:
    assert call("GET", erased_path).status == 404
    assert call("GET", "/" + erased_path.split("/")[1]).body["items"] == []


def test_a_row_whose_key_is_erased_while_it_is_patched_stays_erased(
    call: Call, failing: Failing, dynamodb: Any, item: ItemOf
) -> None:
    call("POST", "/products", product())

    def read_then_erased(**parameters: Any) -> Any:
        found = dynamodb.get_item(**parameters)
        dynamodb.put_item(TableName=PREFIX + "products", Item=erased_mark("25671"))
        failing.client = dynamodb
        return found

    failing.client = type("Racing", (), {"get_item": staticmethod(read_then_erased)})()

    assert call("PATCH", "/products/25671", {"department": "DELI"}).status == 410
    assert item("products", "25671") == erased_mark("25671")
