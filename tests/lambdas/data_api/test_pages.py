import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import boto3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from expectations.contract import Column, Contract
from expectations.entities import Condition
from expectations.existing_table import ExistingTable
from expectations.openapi_lists import page as page_schema
from lambdas.data_api import pages
from lambdas.data_api.problems import Problem
from lambdas.data_api.store import Store
from tests.builders import contracts, product
from tests.lambdas.data_api.conftest import PREFIX, Call, Failing


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
    monkeypatch.setattr(pages, "MAX_READS", 2)
    for number in range(1, 21):
        call("DELETE", f"/products/{number}")
    failing.calls.clear()

    page = call("GET", "/products", query={"limit": "1"}).body

    assert (page["items"], page["next"] is not None) == ([], True)
    assert failing.calls == ["scan"] * 2


def test_a_page_reads_on_until_it_is_full_in_few_calls(call: Call, failing: Failing) -> None:
    for number in range(1, 41):
        call(
            *("POST", "/products", product(product_id=number))
            if number % 10 == 0
            else ("DELETE", f"/products/{number}")
        )
    failing.calls.clear()

    assert [len(page) for page in walk(call, 2)][:2] == [2, 2]
    assert len(failing.calls) < 10


def test_a_page_of_rows_alone_is_one_call(call: Call, failing: Failing) -> None:
    for number in range(1, 31):
        call("POST", "/products", product(product_id=number))
    failing.calls.clear()

    assert len(call("GET", "/products", query={"limit": "10"}).body["items"]) == 10
    assert failing.calls == ["scan"]


SHARED = Contract(
    dataset="orders",
    version="1",
    description="",
    columns=(Column("customer", "string", required=True), Column("number", "string", required=True)),
    key=("customer", "number"),
    table=ExistingTable(
        "App",
        (("pk", "S"), ("sk", "S")),
        (("customer", "pk"), ("number", "sk")),
        entity=(
            Condition("pk", "format", "C#{customer}"),
            Condition("sk", "format", "O#{number}"),
            Condition("kind", "equals", 1),
        ),
    ),
)
KINDS = {
    "row": ("C#1", "O#{:03}", "1"),
    "other kind": ("C#1", "O#{:03}", "2"),
    "longer key": ("C#1", "O#{:03}#2", "1"),  # begins as a row does
    "other key": ("C#1", "P#{:03}", "1"),
    "other pk": ("X#1", "O#{:03}", "1"),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Any]:
    """A table of several kinds of items."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="App",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def fill(shared: Any, kinds: list[str]) -> list[str]:
    """Put an item of each of these kinds into the table instead of those in it; the numbers of the rows."""
    for item in shared.scan(TableName="App")["Items"]:
        shared.delete_item(TableName="App", Key={name: item[name] for name in ("pk", "sk")})
    for place, name in enumerate(kinds):
        pk, sk, kind = KINDS[name]
        item = {"pk": {"S": pk}, "sk": {"S": sk.format(place)}, "kind": {"N": kind}}
        shared.put_item(TableName="App", Item=item)
    return [f"{place:03}" for place, name in enumerate(kinds) if name == "row"]


@st.composite
def kinds_of_items(draw: st.DrawFn) -> list[str]:
    """Kinds of items, of which any part is rows."""
    rows_in_ten = draw(st.integers(0, 10))
    others = st.sampled_from(list(KINDS)[1:])
    return [
        "row" if draw(st.integers(1, 10)) <= rows_in_ten else draw(others)
        for _ in range(draw(st.integers(0, 24)))
    ]


@settings(max_examples=25)
@example(["other kind", "other kind", "row", *["other kind"] * 9], 1, 4, 10_000)  # and here it finds one
@example(["other kind", "other kind", *["row"] * 9], 1, 4, 10_000)  # a call finds more rows than are lacking
@given(
    kinds=kinds_of_items(),
    limit=st.integers(1, 8),
    reads=st.integers(1, 4),
    most_bytes=st.sampled_from([100, 10_000]),
)
def test_pages_of_a_shared_table_are_full_unless_a_bound_or_the_end_is_reached(
    shared: Any, kinds: list[str], limit: int, reads: int, most_bytes: int
) -> None:
    """However many of the items are rows, all pages together have each row once."""
    expected = fill(shared, kinds)
    counting = Failing(shared)
    found: list[str] = []
    cursor = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "MAX_READS", reads)
        patch.setattr(pages, "MAX_BYTES", most_bytes)
        while True:
            counting.calls.clear()
            query = {"limit": str(limit)} | ({"next": cursor} if cursor else {})
            text = pages.list_rows(Store(counting, PREFIX), SHARED, pages.read_page(SHARED, query))
            page = json.loads(text)
            cursor = page["next"]
            found += [row["number"] for row in page["items"]]
            assert len(page["items"]) <= limit
            assert len(counting.calls) <= reads
            is_bound = len(counting.calls) == reads or len(text) > most_bytes
            assert len(page["items"]) == limit or cursor is None or is_bound
            if cursor is None:
                break
            if len(page["items"]) == limit:  # the cursor shows no key of another dataset
                start = pages.read_page(SHARED, {"next": cursor}).start
                assert start == {"pk": {"S": "C#1"}, "sk": {"S": f"O#{found[-1]}"}}

    assert sorted(found) == sorted(expected)


def test_the_description_of_the_api_names_the_bounds_of_a_page() -> None:
    description = page_schema(SHARED)["properties"]["items"]["description"]

    assert pages.MAX_READS == 8
    assert pages.MAX_BYTES == 2 * 1024 * 1024
    assert "8 reads of at most 1 MB" in description
    assert "2 MB of rows" in description


def test_a_page_of_few_rows_among_many_items_is_full_after_few_calls(shared: Any) -> None:
    expected = fill(shared, ["row" if place % 50 == 0 else "other kind" for place in range(400)])
    counting = Failing(shared)

    page = json.loads(pages.list_rows(Store(counting, PREFIX), SHARED, pages.Page(6)))

    assert len(page["items"]) == 6 < len(expected)
    assert len(counting.calls) <= 5


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
