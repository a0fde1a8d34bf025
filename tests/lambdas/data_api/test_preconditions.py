import pytest

from lambdas.data_api.preconditions import MAX_TAGS, etag, expectation, is_known
from lambdas.data_api.problems import Problem
from lambdas.data_api.stored import ANYTHING, Expectation
from tests.builders import product
from tests.lambdas.data_api.conftest import (
    LONG_NUMBERS,
    NOW,
    Call,
)


def versions(*numbers: int) -> Expectation:
    return Expectation(versions=frozenset(numbers))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ANYTHING),
        ({"if-match": "*"}, Expectation(live=True)),
        ({"if-match": '"5"'}, versions(5)),
        ({"if-match": '"5","6" , "-7"'}, versions(5, 6, -7)),
        ({"if-match": 'W/"5", "6"'}, versions(6)),
        ({"if-match": '"text"'}, versions()),
        ({"if-match": '"05"'}, versions()),
        ({"if-match": f'"{10**30}"'}, versions()),
        ({"if-none-match": " * "}, Expectation(live=False)),
        ({"if-match": '"5"', "if-none-match": '"6"'}, versions(5)),
    ],
)
def test_headers_become_the_writers_expectation(headers: dict[str, str], expected: Expectation) -> None:
    assert expectation(headers) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"if-match": ""},
        {"if-match": "5"},
        {"if-match": '"5'},
        {"if-match": '"5" "6"'},
        {"if-match": '*, "5"'},
        {"if-match": ", ".join(['"5"'] * (MAX_TAGS + 1))},
        {"if-none-match": '"5"'},
    ],
)
def test_headers_that_are_not_valid_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Problem, match="expected"):
        expectation(headers)


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({}, False),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"4", W/"5"'}, True),
        ({"if-none-match": '"4"'}, False),
    ],
)
def test_a_client_has_a_version_by_its_if_none_match(headers: dict[str, str], *, known: bool) -> None:
    assert is_known(headers, 5) is known


def test_a_tag_is_the_version_in_quotes() -> None:
    assert expectation({"if-match": etag(5)}) == versions(5)


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


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_an_entity_tag_may_have_any_length(call: Call, method: str) -> None:
    call("POST", "/products", product())

    for number in LONG_NUMBERS:
        assert call(method, "/products/25671", product(), if_match=f'"{number}"').status in (200, 412)
        assert call("GET", "/products/25671", if_none_match=f'"{number}"').status == 200
