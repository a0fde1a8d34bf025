"""Requests are read exactly, or refused with the reason: bodies, keys, methods, parameters, permissions."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.builders import product
from tests.lambdas.contracts import thing
from tests.lambdas.data_api.conftest import (
    LONG_NUMBERS,
    Call,
    Failing,
)


def test_a_key_sent_as_plain_values_is_accepted(call: Call) -> None:
    call("POST", "/things", thing(name="a b/c"))

    assert call("GET", "/things/a b/c,2026-11-24").status == 200


COUNTER = {"name": "a", "revision": 7, "value": 1}
# What of a request for the row `a?b` arrives if its key was percent-encoded once: the path without its end.
CUT = "/counters/a"


@pytest.mark.parametrize(
    ("method", "body"),
    [("PUT", {"revision": 8, "value": 2}), ("PATCH", {"value": 2}), ("DELETE", None)],
)
@pytest.mark.parametrize("query", [None, {"confirm": "a%3Fb"}, {"confirm": "a?b"}], ids=str)
def test_a_write_whose_path_may_be_cut_changes_no_row(
    call: Call, method: str, body: Any, query: dict[str, str] | None
) -> None:
    call("POST", "/counters", COUNTER)

    refused = call(method, CUT, body, query=query)

    assert (refused.status, refused.body["type"]) == (400, "urn:glueline:problem:bad-request")
    assert "%3F" in refused.body["detail"]
    assert call("GET", "/counters/a").body == {**COUNTER, "_version": 7}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_body_with_another_key_than_a_cut_path_changes_no_row(call: Call, method: str) -> None:
    call("POST", "/counters", COUNTER)

    assert call(method, CUT, {"name": "a?b", "revision": 8, "value": 2}).status == 422
    assert call("GET", "/counters/a").body == {**COUNTER, "_version": 7}


@pytest.mark.parametrize("name", ["a", "a?b", "50 %", "left, right"])
def test_a_write_that_names_a_text_key_twice_is_made(call: Call, name: str) -> None:
    key = quote(name, safe="")
    path, again = f"/counters/{quote(key)}", {"confirm": key}

    assert call("PUT", path, {"name": name, "revision": 1, "value": 1}).status == 201
    assert call("PUT", path, {"revision": 2, "value": 1}, query=again).status == 200
    assert call("PATCH", path, {"name": name, "value": 2}).status == 200
    assert call("PATCH", path, {"value": 3}, query=again).status == 200
    assert call("DELETE", path, query=again).status == 204
    assert call("GET", path).status == 404


def test_a_key_that_does_not_end_in_text_is_named_once(call: Call) -> None:
    assert call("DELETE", "/products/1", query={"confirm": "1"}).status == 400
    assert call("DELETE", "/products/1").status == 204


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
    is_list = (method, path) == ("GET", "/products")
    known = "only the query parameters limit, next, order, fields" if is_list else "no query"
    assert answer.body["detail"] == f"expected {known}, got cursor, limit "
    assert failing.calls == []


def test_without_permission_the_parameters_are_not_disclosed(call: Call) -> None:
    assert call("GET", "/products", query={"cursor": "x"}, permissions="").status == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_key_beyond_the_range_of_its_type_is_404(call: Call, method: str) -> None:
    for number in LONG_NUMBERS:
        assert call(method, f"/products/{number}", {}).status == 404
        assert call(method, f"/transactions/{number},1", {}).status == 404
