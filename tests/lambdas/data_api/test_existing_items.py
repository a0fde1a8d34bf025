"""Items of existing tables, read as rows: by key and in pages, and never written."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from expectations.contract import Column, Contract
from expectations.entities import Condition
from expectations.existing_table import ExistingTable
from expectations.openapi import openapi
from lambdas.data_api.batch import read_changes
from lambdas.data_api.changes import Checker
from lambdas.data_api.existing_items import item_of_row
from lambdas.data_api.pages import Page, list_rows, read_page
from lambdas.data_api.problems import Problem, read_only
from lambdas.data_api.rows import body, read
from lambdas.data_api.store import Store
from lambdas.validation import Validators
from tests.builders import contracts

TABLE = ExistingTable(
    "Shop",
    (("Digest", "B"), ("Line", "N")),
    (("digest", "Digest"), ("line", "Line"), ("city", "address.city"), ("sku", "lines[1].sku")),
)
SHOP = Contract(
    dataset="orders",
    version="1",
    description="",
    columns=(
        Column("digest", "binary", required=True),
        Column("line", "long", required=True),
        Column("city", "string"),
        Column("sku", "string"),
    ),
    key=("digest", "line"),
    table=TABLE,
)
ITEM: dict[str, Any] = {
    "Digest": {"B": b"\xfb\xff"},
    "Line": {"N": "1"},
    "_version": {"N": "5"},
    "_deleted": {"BOOL": True},
    "address": {"M": {"city": {"S": "Brno"}}},
    "lines": {"L": [{"M": {"sku": {"S": "a"}}}, {"M": {"sku": {"S": "b"}}}]},
}
ROW = {"digest": "+/8=", "line": 1, "city": "Brno", "sku": "b", "_version": 0}


@pytest.fixture
def store() -> Iterator[Store]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="Shop",
            KeySchema=[
                {"AttributeName": "Digest", "KeyType": "HASH"},
                {"AttributeName": "Line", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "Digest", "AttributeType": "B"},
                {"AttributeName": "Line", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for line in range(1, 6):
            client.put_item(TableName="Shop", Item=ITEM | {"Line": {"N": str(line)}})
        yield Store(client, "glueline-")


def test_an_item_becomes_the_columns_of_the_contract() -> None:
    assert item_of_row(SHOP, ITEM) == {
        "digest": {"B": b"\xfb\xff"},
        "line": {"N": "1"},
        "city": {"S": "Brno"},
        "sku": {"S": "b"},
    }
    assert item_of_row(contracts()["products"], ITEM) is ITEM


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"address": {"S": "x"}, "lines": {"S": "x"}},
        {"address": {"M": {}}, "lines": {"L": []}},
        {"address": {"NULL": True}, "lines": {"L": [{"N": "1"}, {"N": "2"}]}},
    ],
)
def test_what_is_not_at_its_path_is_absent(item: dict[str, Any]) -> None:
    assert item_of_row(SHOP, item) == {}


def test_a_row_is_read_by_its_key(store: Store) -> None:
    assert body(read(store, SHOP, "%2B%2F8%3D,1")) == ROW
    with pytest.raises(Problem) as caught:
        read(store, SHOP, "%2B%2F8%3D,9")
    assert caught.value.kind == "not-found"


def test_pages_show_every_row_once(store: Store) -> None:
    lines: list[int] = []
    page = Page(2, None)
    while True:
        answer = json.loads(list_rows(store, SHOP, page))
        lines += [row["line"] for row in answer["items"]]
        if answer["next"] is None:
            break
        page = read_page(SHOP, {"limit": "2", "next": answer["next"]})

    assert sorted(lines) == [1, 2, 3, 4, 5]


FIRST = replace(SHOP, table=replace(TABLE, entity=(Condition("Line", "equals", 1),)))


def test_rows_of_other_datasets_of_the_table_are_neither_read_nor_listed(store: Store) -> None:
    assert item_of_row(FIRST, ITEM) == item_of_row(SHOP, ITEM)
    assert body(read(store, FIRST, "%2B%2F8%3D,1")) == ROW
    with pytest.raises(Problem) as caught:
        read(store, FIRST, "%2B%2F8%3D,2")
    assert caught.value.kind == "not-found"
    assert json.loads(list_rows(store, FIRST, Page(10))) == {"items": [ROW], "next": None}


def test_a_page_after_what_is_no_key_is_refused() -> None:
    import base64

    token = base64.urlsafe_b64encode(b"orders/x,y,z").decode()
    with pytest.raises(Problem) as caught:
        read_page(SHOP, {"next": token})
    assert caught.value.kind == "bad-request"


def test_a_write_is_refused_with_the_reason() -> None:
    problem = read_only(SHOP)

    assert problem.status == 405
    assert "items of the table Shop" in problem.detail
    assert problem.headers == {"Allow": "GET"}


def test_a_change_in_a_batch_is_rejected_alone() -> None:
    known = {"orders": SHOP}
    given = [{"dataset": "orders", "op": "delete", "event_id": "1", "data": {"digest": "+/8=", "line": 1}}]

    changes, results = read_changes(given, Checker(known, Validators(known)), lambda *_: True, 0)

    assert changes == {}
    assert results[0].problem is not None
    assert results[0].problem.kind == "read-only"


def test_the_description_of_the_api_has_no_writes_of_it() -> None:
    products = contracts()["products"]
    paths = openapi({"orders": SHOP, "products": products})["paths"]

    assert {path: sorted(about) for path, about in paths.items() if "orders" in path} == {
        "/orders": ["get"],
        "/orders/changes": ["get"],
        "/orders/{key}": ["get", "parameters"],
    }
    assert "post" in paths["/products"]
    assert "/batch" not in openapi({"orders": SHOP})["paths"]
    assert "/batch" in openapi({"products": replace(products)})["paths"]
