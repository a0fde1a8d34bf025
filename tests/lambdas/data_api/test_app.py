from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from expectations.contract import dump_compiled
from lambdas.data_api import app
from tests.builders import contracts, product, transaction
from tests.lambdas.contracts import thing
from tests.lambdas.data_api.conftest import NOW, Call, Clock, Failing
from tests.lambdas.loopback import Answer, Loopback

LINE = "/transactions/31198570044,1095275"
UPDATED = 1_483_271_606_000_000  # microseconds of transaction()'s updated_at

OF_ITS_OWN = app._service  # before a test puts another in its place

type ItemOf = Callable[[str, str], Any]


def test_a_created_row_is_read_back_with_all_its_digits(call: Call) -> None:
    created = call("POST", "/transactions", transaction())

    read = call("GET", LINE)

    assert (created.status, read.status) == (201, 200)
    assert read.body == created.body == transaction() | {"_version": UPDATED}
    assert str(read.body["sales_value"]) == "0.50"
    assert read.etag == created.etag == f'"{UPDATED}"'
    assert created.headers["location"] == "transactions/31198570044,1095275"


def test_every_type_makes_the_round_trip(call: Call) -> None:
    call("POST", "/things", thing())

    assert call("GET", "/things/left%252C%20or%2050%20%2525,2026-11-24").body == thing() | {"_version": NOW}


def test_the_location_of_a_row_leads_to_it_for_any_key(call: Call) -> None:
    location = call("POST", "/things", thing()).headers["location"]

    # An HTTP API decodes the path, all but %25.
    assert call("GET", "/" + location).status == 200


def test_a_key_sent_as_plain_values_is_accepted(call: Call) -> None:
    call("POST", "/things", thing(name="a b/c"))

    assert call("GET", "/things/a b/c,2026-11-24").status == 200


def test_an_item_has_its_columns_and_bookkeeping_attributes(
    call: Call, item: ItemOf
) -> None:
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


def test_a_row_is_aligned_as_in_the_source(call: Call) -> None:
    row = transaction(storeId="330", updated_at="2017-01-01T12:53:26+01:00")
    del row["store_id"], row["status"]

    assert call("POST", "/transactions", row).body == transaction() | {"_version": UPDATED}


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


def test_a_delete_is_newer_than_the_row_and_its_sequence_column_says_so(call: Call, item: ItemOf) -> None:
    call("POST", "/transactions", transaction())

    call("DELETE", LINE)

    marked = item("transactions", "31198570044,1095275")
    assert marked["_version"] == {"N": str(NOW)}
    assert marked["updated_at"] == {"S": "2026-11-24T10:15:30Z"}
    assert marked["status"] == {"S": "pending"}


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


def test_counted_versions_continue(call: Call, item: ItemOf) -> None:
    call("POST", "/counters", {"name": "a", "revision": 7, "value": 1})

    call("PATCH", "/counters/a", {"value": 2})
    assert call("GET", "/counters/a").body == {"name": "a", "revision": 8, "value": 2, "_version": 8}
    call("DELETE", "/counters/a")
    assert item("counters", "a")["revision"] == {"N": "9"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_write_for_another_version_than_the_stored_one_changes_nothing(call: Call, method: str) -> None:
    call("POST", "/products", product())

    answer = call(method, "/products/25671", product(department="DELI"), if_match='"1"')

    assert (answer.status, answer.body["type"]) == (412, "urn:glueline:problem:precondition-failed")
    assert call("GET", "/products/25671").body["department"] == "GROCERY"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("if_match", ["*", '"{0}"', '"1", "{0}"', '"x","{0}"'])
def test_a_write_for_the_stored_version_is_accepted(call: Call, method: str, if_match: str) -> None:
    version = call("POST", "/products", product()).body["_version"]

    answer = call(method, "/products/25671", product(), if_match=if_match.format(version))

    assert answer.status in (200, 204)


@pytest.mark.parametrize("if_match", ['W/"{0}"', '"{0}x"', '""', '"0{0}"', '"{0}.0"'])
def test_no_other_tag_is_the_stored_version(call: Call, if_match: str) -> None:
    version = call("POST", "/products", product()).body["_version"]

    assert call("PUT", "/products/25671", product(), if_match=if_match.format(version)).status == 412


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_write_that_expects_a_row_needs_one(call: Call, method: str) -> None:
    assert call(method, "/products/25671", product(), if_match="*").status == 412
    call("DELETE", "/products/25671")
    assert call(method, "/products/25671", product(), if_match="*").status == 412
    assert call(method, "/products/25671", product(), if_match=f'"{NOW}"').status == 412


def test_a_put_that_expects_no_row_only_creates(call: Call) -> None:
    assert call("PUT", "/products/25671", product(), if_none_match="*").status == 201
    assert call("PUT", "/products/25671", product(), if_none_match="*").status == 412


def test_a_client_that_has_the_version_gets_304(call: Call) -> None:
    tag = call("POST", "/products", product()).etag

    known = call("GET", "/products/25671", if_none_match=f'"1", W/{tag}')

    assert (known.status, known.body, known.etag) == (304, None, tag)
    assert call("GET", "/products/25671", if_none_match='"1"').status == 200


def test_a_header_without_an_entity_tag_is_refused_with_an_example(call: Call) -> None:
    answer = call("PUT", "/products/25671", product(), if_match="1483271606000000")

    assert answer.status == 400
    assert 'like "1483271606000000"' in answer.body["detail"]


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


def test_a_row_that_breaks_its_contract_is_refused_with_every_violation(call: Call) -> None:
    row = transaction(quantity=-1, sales_value=Decimal("0.123"), colour="red")
    del row["store_id"]

    answer = call("POST", "/transactions", row)

    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert sorted((found["path"], found["rule"]) for found in answer.body["violations"]) == [
        ("/colour", "additionalProperties"),
        ("/quantity", "minimum"),
        ("/sales_value", "multipleOf"),
        ("/store_id", "required"),
    ]
    assert answer.body["instance"] == "urn:glueline:request:UjQ3mh3doAMEPaw="


@pytest.mark.parametrize(
    ("changed", "violation"),
    [
        ({"blob": "AAA"}, ("/blob", "pattern")),
        ({"name": "x" * 2050}, ("", "key")),
        ({"name": ""}, ("/name", "minLength")),
    ],
)
def test_a_value_that_dynamodb_cannot_store_is_refused(
    call: Call, changed: dict[str, Any], violation: tuple[str, str]
) -> None:
    answer = call("POST", "/things", thing(**changed))

    assert answer.status == 422
    assert [(found["path"], found["rule"]) for found in answer.body["violations"]] == [violation]


def test_a_row_over_400_kilobytes_is_too_large(call: Call) -> None:
    assert call("POST", "/things", thing(name="a", tags=["x" * 400_000])).status == 201
    assert call("POST", "/things", thing(name="b", tags=["x" * 408_000])).status == 413


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        ({"body": "{"}, {}, 400),
        ({"body": '{"ratio": NaN}'}, {}, 400),
        ({"body": '{"ratio": -Infinity}'}, {}, 400),
        ({"body": '"\\ud800"'}, {}, 400),
        ({"body": '{"name": "a", "name": "b"}'}, {}, 400),
        ({"body": "1e99999999999999999999"}, {}, 400),
        ({"body": "1" * 5000}, {}, 400),
        ({"body": "\ufeff{}"}, {}, 400),
        ({"body": "[" * 100_000}, {}, 400),
        ({"body": "/w==", "isBase64Encoded": True}, {}, 400),
        ({"body": "x", "isBase64Encoded": True}, {}, 400),
        ({"body": None}, {}, 400),
        ({"body": "[]"}, {}, 422),
        ({"body": "{}"}, {"content_type": "text/csv"}, 415),
        ({"body": "{}"}, {"content_type": ""}, 415),
        ({"body": '"' + "x" * (5 * 1024 * 1024) + '"'}, {}, 413),
    ],
)
def test_a_body_that_is_not_valid_is_refused_with_a_problem_document(
    call: Call, raw: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    answer = call("POST", "/things", raw=raw, **headers)

    assert (answer.status, answer.body["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


# Names of things() whose values no column of DynamoDB and Iceberg both can hold, and the rule that says so.
HOSTILE_VALUES = {
    "a number beyond any double": ('"ratio":1e400', "maximum"),
    "a number with 4,000 digits": (f'"exact":{"9" * 4000}', "maximum"),
    "a number with one digit too many before the point": (f'"exact":{"9" * 29}', "maximum"),
    "a number with one digit too many behind the point": ('"exact":0.12345678901', "multipleOf"),
    "a number beyond any exponent": ('"ratio":-1e999999', "minimum"),
    "a number beyond any double with many digits": (f'"ratio":{"1" * 20}e400', "maximum"),
    "lists in lists in lists": (f'"tags":{"[" * 900}{"]" * 900}', "depth"),
    "objects in an object's number": (f'"size":{chr(123)}"width":{chr(123)}{chr(125) * 2}', "type"),
    "a list for an object": ('"size":[]', "type"),
    "an object for a list": ('"tags":{}', "type"),
    "text that is no base64": ('"blob":"\\u0000"', "pattern"),
}


@pytest.mark.parametrize(("member", "rule"), HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
def test_a_hostile_value_breaks_a_rule_of_the_contract(call: Call, member: str, rule: str) -> None:
    body = f'{{"name":"a","day":"2026-11-24",{member}}}'

    answers = [
        call("POST", "/things", raw={"body": body}),
        call("PUT", "/things/a,2026-11-24", raw={"body": body}),
    ]

    for answer in answers:
        assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
        assert [found["rule"] for found in answer.body["violations"]] == [rule]
        assert len(answer.body["violations"][0]["message"]) < 400  # whatever its size, it is not sent back


def test_38_digits_and_control_characters_are_kept(call: Call) -> None:
    digits, name = "-9999999999999999999999999999.9999999999", "a\0\x1b[31m\u202e"

    created = call("POST", "/things", thing(name=name, exact=Decimal(digits)))

    read = call("GET", "/" + created.headers["location"])
    assert (read.status, read.body["name"], str(read.body["exact"])) == (200, name, digits)


def test_a_body_sent_in_base64_is_read(call: Call) -> None:
    assert call("POST", "/things", raw={"body": "e30=", "isBase64Encoded": True}).status == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/nothing/1"),
        ("POST", "/nothing"),
        ("GET", "/transactions/1"),
        ("GET", "/transactions/01,2"),
        ("GET", "/transactions/a,b"),
        ("GET", f"/things/{'x' * 3000},2026-11-24"),
        ("GET", "/"),
        ("GET", "/products/"),
        ("GET", "/products/1\ud800"),
        ("GET", "/products/1e3"),
        ("GET", f"/products/{'9' * 5000}"),
        ("GET", "/transactions/1,2"),
    ],
)
def test_a_path_that_does_not_exist_is_a_problem_document(call: Call, method: str, path: str) -> None:
    answer = call(method, path, {})

    assert (answer.status, answer.body["type"]) == (404, "urn:glueline:problem:not-found")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/products", "GET, POST"),
        ("/products/25671", "GET, PUT, PATCH, DELETE"),
        ("/batch", "POST"),
        ("/openapi.json", "GET"),
    ],
)
def test_an_unsupported_method_is_405_and_lists_the_supported_ones(
    call: Call, path: str, allowed: str
) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"} - {
        *allowed.split(", ")
    }:
        answer = call(method, path, {})

        assert (answer.status, answer.headers["allow"]) == (405, allowed), method
        assert answer.body["type"] == "urn:glueline:problem:method-not-allowed"


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        ("*:read *:write *:delete", {"GET", "PUT", "PATCH", "POST", "DELETE"}),
        ("products:write", {"PUT", "PATCH", "POST"}),
        ("products:read", {"GET"}),
        ("transactions:delete products:delete", {"DELETE"}),
        ("transactions:write", set()),
        ("", set()),
        (None, set()),
    ],
)
def test_a_permission_is_for_a_dataset_and_a_verb(
    call: Call, permissions: str | None, allowed: set[str]
) -> None:
    asked = {
        "GET": "/products",
        "POST": "/products",
        "PUT": "/products/25671",
        "PATCH": "/products/25671",
        "DELETE": "/products/25671",
    }

    statuses = {
        method: call(method, path, product(), permissions=permissions).status
        for method, path in asked.items()
    }

    assert {method for method, status in statuses.items() if status != 403} == allowed


def test_a_request_without_an_authorizer_is_refused(call: Call) -> None:
    assert call("GET", "/products", authorizer=None).status == 403


def test_the_stage_in_the_path_is_not_a_dataset(call: Call, event_named: Callable[[str], Any]) -> None:
    context = event_named("http_api")["requestContext"] | {"stage": "prod"}

    answer = call("GET", "/prod/products", raw={"requestContext": context})

    assert (answer.status, answer.body) == (200, {"items": [], "next": None})


def test_the_openapi_document_needs_no_token(call: Call) -> None:
    answer = call("GET", "/openapi.json", permissions="")

    assert answer.status == 200
    assert "/things/{key}" in answer.body["paths"]
    assert answer.body["servers"] == [{"url": "."}]


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/openapi.json", None),
    ("POST", "/batch", {"changes": []}),
    ("GET", "/products", None),
    ("POST", "/products", product()),
    ("GET", "/products/25671", None),
    ("PUT", "/products/25671", product()),
    ("PATCH", "/products/25671", {"department": "DELI"}),
    ("DELETE", "/products/25671", None),
]


@pytest.mark.parametrize(
    ("method", "path", "body"), ROUTES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_an_unknown_query_parameter_is_refused(
    call: Call, failing: Failing, method: str, path: str, body: Any
) -> None:
    answer = call(method, path, body, query={"cursor": "x", "limit ": "1"})

    assert (answer.status, answer.body["type"]) == (400, "urn:glueline:problem:bad-request")
    known = "only the query parameters limit, next" if (method, path) == ("GET", "/products") else "no query"
    assert answer.body["detail"] == f"expected {known}, got cursor, limit "
    assert failing.calls == []


def test_without_permission_the_parameters_are_not_disclosed(call: Call) -> None:
    assert call("GET", "/products", query={"cursor": "x"}, permissions="").status == 403


# Extremes of every number that the API reads from text, and of Python's: an int takes 4,300 digits at most.
LONG_NUMBERS = ["9" * 19, "9" * 39, "9" * 4301, "0" * 4301 + "1", "-" + "9" * 4301, "1" + "0" * 4400]


@pytest.mark.parametrize("number", LONG_NUMBERS, ids=len)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_key_beyond_the_range_of_its_type_is_404(call: Call, method: str, number: str) -> None:
    for path in (f"/products/{number}", f"/transactions/{number},1"):
        assert call(method, path, {}).status == 404


@pytest.mark.parametrize("number", LONG_NUMBERS, ids=len)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_an_entity_tag_may_have_any_length(call: Call, method: str, number: str) -> None:
    call("POST", "/products", product())

    assert call(method, "/products/25671", product(), if_match=f'"{number}"').status in (200, 412)
    assert call("GET", "/products/25671", if_none_match=f'"{number}"').status == 200


@pytest.mark.parametrize("number", [*LONG_NUMBERS, "1e999999", "1e-999999", "-1e308", "0.1e-4301"])
@pytest.mark.parametrize("column", ["exact", "ratio", "name", "size", "tags", "flag", "day"])
@pytest.mark.parametrize("form", ["{}", '"{}"'], ids=["number", "text"])
def test_a_number_of_any_length_does_not_fail_the_api(
    call: Call, column: str, number: str, form: str
) -> None:
    member = f'"{column}":{form.format(number)}'
    body = f'{{"name":"a","day":"2026-11-24",{member}}}' if column not in ("name", "day") else f"{{{member}}}"

    assert call("PUT", "/things/a,2026-11-24", raw={"body": body}).status in (200, 201, 400, 422)


@pytest.mark.parametrize("value", ["1E+200", "-1.7976931348623157E+308", "1E-200", "5E-324", "9.99E+125"])
def test_a_double_beyond_the_numbers_of_dynamodb_is_stored_as_text(
    call: Call, item: ItemOf, value: str
) -> None:
    call("POST", "/things", thing(name="a", ratio=Decimal(value)))

    assert call("GET", "/things/a,2026-11-24").body["ratio"] == Decimal(value)
    assert item("things", "a,2026-11-24")["ratio"] == {"N" if value == "9.99E+125" else "S": value}


def test_a_number_too_small_for_a_double_is_zero(call: Call) -> None:
    created = call("POST", "/things", raw={"body": '{"name":"a","day":"2026-11-24","ratio":-1e-400}'})

    assert (created.status, created.body["ratio"]) == (201, 0)


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "message"}}, "PutItem")


@pytest.mark.parametrize(
    "failure",
    [
        error("ProvisionedThroughputExceededException"),
        error("ThrottlingException"),
        error("InternalServerError"),
        error("RequestLimitExceeded"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_a_dynamodb_that_is_busy_or_unreachable_is_503_with_retry_after(
    call: Call, failing: Failing, failure: Exception
) -> None:
    requests: list[tuple[str, str, Any]] = [
        ("POST", "/products", product()),
        ("PUT", "/products/25671", product()),
        ("PATCH", "/products/25671", {"department": "DELI"}),
        ("DELETE", "/products/25671", None),
        ("GET", "/products/25671", None),
        ("GET", "/products", None),
        ("POST", "/batch", {"changes": [{"dataset": "products", "op": "upsert", "data": product()}]}),
    ]
    for method, path, body in requests:
        failing.failures = [failure] * 9

        answer = call(method, path, body)

        assert (answer.status, answer.headers.get("retry-after")) == (503, "2"), (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.body["type"] == "urn:glueline:problem:unavailable"


@pytest.fixture
def with_own_client(
    call: Call, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Call]:
    """The API with the client that it makes itself, which finds its DynamoDB on the loopback server."""
    (tmp_path / "contracts.json").write_text(dump_compiled(contracts()), encoding="utf-8")
    monkeypatch.setattr(app, "_service", OF_ITS_OWN)
    monkeypatch.setenv("CONTRACTS", str(tmp_path / "contracts.json"))
    monkeypatch.setenv("TABLE_PREFIX", "glueline-")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", loopback.url)
    OF_ITS_OWN.cache_clear()
    yield call
    OF_ITS_OWN.cache_clear()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}'),
        Answer(400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'),
        Answer(500, b'{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}'),
        Answer(503, b'{"__type":"com.amazonaws.dynamodb.v20120810#ServiceUnavailable"}'),
        Answer(503, b"<html>from something in between</html>"),
    ],
)
def test_a_request_to_a_busy_dynamodb_is_retried_once_and_then_503(
    with_own_client: Call, loopback: Loopback, answer: Answer
) -> None:
    loopback.routes["/"] = lambda _: answer

    for method, path, body in (("GET", "/products/1", None), ("PUT", "/products/25671", product())):
        loopback.requests.clear()

        told = with_own_client(method, path, body)

        assert (told.status, told.headers["retry-after"]) == (503, "2")
        assert len(loopback.requests) == 2


def test_a_dynamodb_that_does_not_answer_is_503(
    with_own_client: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")

    told = with_own_client("PUT", "/products/25671", product())

    assert (told.status, told.body["type"]) == (503, "urn:glueline:problem:unavailable")


def test_a_write_is_retried_while_a_transaction_holds_the_row(
    call: Call, failing: Failing, slept: list[float]
) -> None:
    failing.failures = [error("TransactionConflictException")] * 2
    assert call("POST", "/products", product()).status == 201
    assert len(slept) == 2

    failing.failures = [error("TransactionConflictException")] * 100
    assert call("DELETE", "/products/25671").status == 503
    assert sum(slept) < 10


def test_any_other_error_fails_the_invocation(call: Call, failing: Failing) -> None:
    failing.failures = [error("AccessDeniedException")]

    with pytest.raises(ClientError):
        call("POST", "/products", product())


def test_outcomes_are_counted_by_dataset(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("PUT", LINE, transaction(updated_at="2017-01-02T00:00:00Z"))
    call("PUT", LINE, transaction())
    call("PUT", LINE, transaction(week=99))

    printed = capsys.readouterr().out
    for outcome in ("accepted", "stale", "rejected"):
        assert f'"dataset":"transactions","service":"test","{outcome}":[1.0]' in printed
