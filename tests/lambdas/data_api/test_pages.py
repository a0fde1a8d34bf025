from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.data_api import pages
from lambdas.data_api.problems import Problem
from tests.builders import contracts, product
from tests.lambdas.data_api.conftest import Call, Failing


def walk(call: Call, limit: int) -> list[list[int]]:
    """The product ids of every page."""
    found, token = [], None
    while True:
        query = {"limit": str(limit)} | ({"next": token} if token else {})
        page = call("GET", "/products", query=query).body
        found.append([row["product_id"] for row in page["items"]])
        token = page["next"]
        if token is None:
            return found


def test_pages_together_have_every_row_once_and_no_deleted_one(call: Call) -> None:
    for number in range(1, 31):
        call("POST", "/products", product(product_id=number))
    for number in range(1, 31, 3):
        call("DELETE", f"/products/{number}")

    found = walk(call, 7)

    assert sorted(chain.from_iterable(found)) == [number for number in range(1, 31) if number % 3 != 1]
    assert [len(page) for page in found[:2]] == [7, 7]


def test_a_row_in_a_list_equals_the_row_alone(call: Call) -> None:
    call("POST", "/products", product())

    assert call("GET", "/products").body["items"] == [call("GET", "/products/25671").body]


def test_a_page_of_large_rows_ends_early(call: Call) -> None:
    for number in range(10):
        call("POST", "/things", {"name": f"{number}", "day": "2026-11-24", "tags": ["x" * 300_000]})

    page = call("GET", "/things").body

    assert 0 < len(page["items"]) < 10
    assert page["next"] is not None


def test_a_page_of_a_table_full_of_deleted_rows_ends(
    call: Call, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 21):
        call("DELETE", f"/products/{number}")
    failing.calls.clear()

    page = call("GET", "/products", query={"limit": "1"}).body

    assert (page["items"], page["next"] is not None) == ([], True)
    assert failing.calls == ["scan"] * pages.MAX_SCANS


@pytest.mark.parametrize(
    "limit",
    ["0", "1001", "-1", "ten", "", "1.0", "1" * 5000, "٣", "0001000000", "01", "00001" + "0" * 4400, " 5"],
)
def test_a_limit_is_a_number_from_1_to_1000(call: Call, limit: str) -> None:
    assert call("GET", "/products", query={"limit": limit}).status == 400


@pytest.mark.parametrize("token", ["", "x", "!", "cHJvZHVjdHM", "dGhpbmdzLzE", "/w", "ü"])
def test_a_token_that_is_not_from_a_page_is_refused(call: Call, token: str) -> None:
    assert call("GET", "/products", query={"next": token}).status == 400


@given(st.text())
def test_any_token_is_a_page_or_a_problem(token: str) -> None:
    try:
        page = pages.read_page(contracts()["products"], {"next": token})
    except Problem as problem:
        assert problem.status == 400
    else:
        assert page.start
