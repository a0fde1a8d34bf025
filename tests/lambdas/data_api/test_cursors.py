"""The cursors of pages: bound to their question, and worth nothing when forged."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.data_api.cursors import read_cursor, write_cursor
from lambdas.data_api.problems import Problem
from lambdas.data_api.questions import Question, read_question
from tests.builders import contracts, transaction
from tests.lambdas.contracts import READINGS
from tests.lambdas.data_api.conftest import Call

TRANSACTIONS = contracts()["transactions"]


def question(**query: str) -> Question:
    found = read_question(TRANSACTIONS, query)
    assert found is not None
    return found


ASKED = question(household_id="42", transaction_timestamp="ge:2026-11-01")
LAST = {
    "_key": {"S": "1,2"},
    "_part_household_id": {"S": ASKED.partition},
    "_sort_transaction_timestamp": {"S": "=2026-11-03T00:00:00.000000Z"},
}
OTHERS = [
    question(household_id="43", transaction_timestamp="ge:2026-11-01"),
    question(household_id="42"),
    question(household_id="42", transaction_timestamp="ge:2026-11-02"),
    question(household_id="42", transaction_timestamp="gt:2026-11-01"),
    question(household_id="42", transaction_timestamp="ge:2026-11-01", order="desc"),
    None,
]


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def test_a_cursor_starts_after_the_last_row() -> None:
    assert read_cursor(TRANSACTIONS, ASKED, write_cursor(TRANSACTIONS, ASKED, LAST)) == LAST


def test_the_same_question_in_other_words_has_the_same_cursors() -> None:
    same = question(household_id="eq:42", transaction_timestamp="ge:2026-11-01T02:00:00+02:00", order="asc")

    assert read_cursor(TRANSACTIONS, same, write_cursor(TRANSACTIONS, ASKED, LAST)) == LAST


@pytest.mark.parametrize("other", OTHERS)
def test_a_cursor_is_refused_in_another_query(other: Question | None) -> None:
    with pytest.raises(Problem, match="the same query"):
        read_cursor(TRANSACTIONS, other, write_cursor(TRANSACTIONS, ASKED, LAST))


@pytest.mark.parametrize(
    "cursor",
    [
        "", "!", "e30", forged(), forged(ASKED.fingerprint, "1,2"), forged(ASKED.fingerprint, 1, "=2026"),
        forged(ASKED.fingerprint, "", "=2026-11-03T00:00:00.000000Z"),
        forged(ASKED.fingerprint, "1,2", "=2026-10-31T00:00:00.000000Z"),
        forged(ASKED.fingerprint, "1,2", ""),
        forged(ASKED.fingerprint, "1,2", "=" + "9" * 1024),
        forged(ASKED.fingerprint, "\ud800", "=2026-11-03T00:00:00.000000Z"),
        forged(ASKED.fingerprint, "1,2", "=2026-11-03\ud800"),
        base64.urlsafe_b64encode(b"[" * 100_000).decode().rstrip("="),
    ],
)  # fmt: skip
def test_a_start_outside_of_the_question_is_refused(cursor: str) -> None:
    with pytest.raises(Problem, match="the same query"):
        read_cursor(TRANSACTIONS, ASKED, cursor)


def test_without_a_sort_column_the_key_is_the_place() -> None:
    by_place = read_question(READINGS, {"place": "roof"})
    assert by_place is not None

    for sort, is_refused in (("7", False), ("8", True)):
        plain = (
            by_place if by_place.pattern.sort is None else Question(READINGS, READINGS.patterns[-2], "=roof")
        )
        cursor = forged(plain.fingerprint, "7", sort)
        if is_refused:
            with pytest.raises(Problem):
                read_cursor(READINGS, plain, cursor)
        else:
            assert read_cursor(READINGS, plain, cursor) == {"_key": {"S": "7"}, "_part_place": {"S": "=roof"}}


@given(st.text())
def test_any_text_is_a_start_or_a_problem(cursor: str) -> None:
    for asked in (ASKED, None):
        try:
            read_cursor(TRANSACTIONS, asked, cursor)
        except Problem as problem:
            assert problem.status == 400


@given(key=st.text(min_size=1, max_size=30), sort=st.text(max_size=30))
def test_a_forged_cursor_shows_only_rows_of_the_question(key: str, sort: str) -> None:
    try:
        start = read_cursor(TRANSACTIONS, ASKED, forged(ASKED.fingerprint, key, f"={sort}"))
    except Problem:
        return
    assert start["_part_household_id"] == {"S": ASKED.partition}
    assert ASKED.condition is not None
    assert ASKED.condition.holds(start["_sort_transaction_timestamp"]["S"])


def test_the_api_refuses_a_cursor_of_another_household(call: Call) -> None:
    for basket in (1, 2):
        call("POST", "/transactions", transaction(basket_id=basket, household_id=42))
    cursor = call("GET", "/transactions", query={"household_id": "42", "limit": "1"}).body["next"]

    own = call("GET", "/transactions", query={"household_id": "42", "next": cursor})
    other = call("GET", "/transactions", query={"household_id": "43", "next": cursor})

    assert ([row["basket_id"] for row in own.body["items"]], other.status) == ([2], 400)
