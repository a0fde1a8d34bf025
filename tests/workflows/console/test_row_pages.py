"""The page about the rows of a key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from expectations.item_keys import key_text_of_item
from tests.jobs.existing_histories import LEDGER
from tests.workflows.console.opened_console import with_results
from workflows.console import row_pages
from workflows.query.dialect.errors import NoSuchTable

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from workflows.console.answering import Console

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


def test_a_key_has_its_history_and_both_states(
    console: Console, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = console.readings.contracts()["products"]
    target = console.readings.target
    table = f"{target.output('TablePrefix')}products"
    target.client("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
    )
    item = {"_key": {"S": "7"}, "product_id": {"N": "7"}, "brand": {"S": "National"}}
    target.client("dynamodb").put_item(TableName=table, Item=item)
    row = dict.fromkeys(column.name for column in contract.columns) | {"product_id": 7, "brand": HOSTILE}
    version = row | {
        "_op": "upsert",
        "valid_from": NOON,
        "valid_to": None,
        "is_current": True,
        "is_coarse": False,
        "_source": "drop",
        "_event_id": "s3://raw/a.csv#7",
        "_batch_id": "b1",
    }
    asked = with_results(monkeypatch, row_pages, pa.Table.from_pylist([version]), pa.Table.from_pylist([row]))

    text = browser.get("/parts/rows?dataset=products&key=7").text

    assert asked[1] == "select * from products where product_id = 7"
    assert "It is in DynamoDB and in the table." in text
    assert "s3://raw/a.csv#7" in text
    assert '<span class="state bad">no</span>' in text  # the brands differ
    assert "<script" not in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("dataset=products&key=x", "expected"),
        ("dataset=refunds&key=1", "No contract for"),
        ("dataset=products", "expected"),
    ],
)
def test_a_wrong_key_is_answered_in_words(query: str, words: str, browser: TestClient) -> None:
    answer = browser.get(f"/parts/rows?{query}")

    assert answer.status_code == 400
    assert words in answer.text


def test_keys_to_begin_with_are_proposed_unless_they_are_restricted(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_results(monkeypatch, row_pages, pa.table({"product_id": [7, 8]}), NoSuchTable("no table"))

    assert "dataset=products&key=8" in browser.get("/parts/rows/keys?dataset=products").text
    assert "No row of products was accepted yet." in browser.get("/parts/rows/keys?dataset=products").text
    assert "restricted" in browser.get("/parts/rows/keys?dataset=households").text


def test_the_item_of_an_existing_table_is_found_by_its_own_key(
    console: Console, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = console.readings.target
    monkeypatch.setattr(type(target), "contracts", lambda _: {"ledger": LEDGER})
    table = LEDGER.table_name("")
    target.client("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "Account", "AttributeType": "S"},
            {"AttributeName": "Entry", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "Account", "KeyType": "HASH"},
            {"AttributeName": "Entry", "KeyType": "RANGE"},
        ],
    )
    item = {"Account": {"S": "a"}, "Entry": {"N": "7"}, "_deleted": {"BOOL": True}}
    target.client("dynamodb").put_item(TableName=table, Item=item)
    with_results(monkeypatch, row_pages, NoSuchTable("no table"), NoSuchTable("no table"))

    text = browser.get(
        "/parts/rows", params={"dataset": "ledger", "key": key_text_of_item(LEDGER, item)}
    ).text

    assert "It is in DynamoDB" in text
