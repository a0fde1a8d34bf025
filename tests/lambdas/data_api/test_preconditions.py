import pytest

from lambdas.data_api.preconditions import MAX_TAGS, etag, expectation, is_known
from lambdas.data_api.problems import Problem
from lambdas.data_api.stored import ANYTHING, Expectation


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
