"""Contracts, rows of a key, SQL and Data Docs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tests.workflows.console.opened_console import console_on, opened, with_databases
from tests.workflows.empty_stack import empty_stack
from workflows.console import exploring
from workflows.console.security import FOREIGN_POLICY
from workflows.query.dialect.errors import NoSuchTable
from workflows.query.sql import BYTES_READ

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from workflows.console.answering import Console
    from workflows.stack.target import Target

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def console(aws: str) -> Console:
    return console_on(empty_stack(aws))


@pytest.fixture
def browser(console: Console) -> TestClient:
    return opened(console)


def with_result(patch: pytest.MonkeyPatch, *results: pa.Table | Exception) -> list[str]:
    """Let statements have these results, one after the other; the statements that are run."""
    left, asked = list(results), list[str]()

    def answer(target: Target, sql: str) -> pa.Table:
        asked.append(sql)
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found.replace_schema_metadata({BYTES_READ: "2500000"})

    patch.setattr(exploring, "query", answer)
    return asked


def test_a_contract_has_a_page_with_columns_rules_routes_and_sql(browser: TestClient) -> None:
    listed = browser.get("/parts/contracts").text
    text = browser.get("/parts/contracts/transactions").text

    assert 'href="/contracts/transactions"' in listed
    for part in (
        "household_id",
        "restricted",
        "/transactions/{key}",
        "Sales value by department",
        "decimal(",
    ):
        assert part in text
    assert browser.get("/parts/contracts/refunds").status_code == 400


def test_example_rows_are_read_when_asked_for_without_restricted_columns(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = with_result(monkeypatch, pa.table({"brand": [HOSTILE]}))

    text = browser.get("/parts/contracts/transactions/examples").text

    assert "household_id" not in asked[0]
    assert "&lt;script&gt;" in text


def test_a_dataset_without_a_table_has_no_versions(console: Console, browser: TestClient) -> None:
    with_databases(console.readings.target)

    assert "There is no table yet." in browser.get("/parts/contracts/products/versions").text


def test_a_result_is_a_table_a_chart_and_a_file(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    result = pa.table({"department": ["a", HOSTILE], "sales": [1.5, None]})
    with_result(monkeypatch, result, result)

    shown = browser.post("/parts/sql", data={"sql": "select department, sum(x) as sales from t group by 1;"})
    file = browser.get("/sql/result.csv", params={"sql": "select department, 1 as sales from t"})

    assert "2 rows in" in shown.text
    assert "2.5 MB read" in shown.text
    assert "<canvas data-chart=" in shown.text
    assert "<script" not in shown.text
    assert file.text == f"department,sales\na,1.5\n{HOSTILE},\n"
    assert file.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("is_shown", [False, True])
def test_restricted_columns_of_a_result_are_hidden_unless_asked_for(
    is_shown: bool, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = pa.table({"h": [501, 502], "n": [1, 2]})
    with_result(monkeypatch, result, result)
    sql = {"sql": "select household_id as h, count(*) as n from transactions group by 1"}
    asked = sql | ({"restricted": "shown"} if is_shown else {})

    shown, file = (
        browser.post("/parts/sql", data=asked).text,
        browser.get("/sql/result.csv", params=asked).text,
    )

    assert ("501" in shown, "501" in file) == (is_shown, is_shown)
    assert ("h may have values of restricted columns" in shown) is not is_shown


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("", "Expected a SELECT, got nothing."),
        ("drop table products", "Expected"),
        ("select * from", "Expected"),
    ],
)
def test_a_wrong_statement_is_answered_in_words(sql: str, words: str, browser: TestClient) -> None:
    answer = browser.post("/parts/sql", data={"sql": sql})

    assert answer.status_code == 400
    assert words.lower() in answer.text.lower()
    assert "Traceback" not in answer.text


def test_a_statement_in_the_address_runs_when_the_page_is_shown(browser: TestClient) -> None:
    text = browser.get("/sql", params={"sql": "select '</textarea><script>' as x"}).text

    assert "&lt;/textarea&gt;&lt;script&gt;" in text
    assert 'hx-trigger="submit, load delay:150ms"' in text


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
    asked = with_result(monkeypatch, pa.Table.from_pylist([version]), pa.Table.from_pylist([row]))

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
    with_result(monkeypatch, pa.table({"product_id": [7, 8]}), NoSuchTable("no table"))

    assert "dataset=products&key=8" in browser.get("/parts/rows/keys?dataset=products").text
    assert "No row of products was accepted yet." in browser.get("/parts/rows/keys?dataset=products").text
    assert "restricted" in browser.get("/parts/rows/keys?dataset=households").text


def test_data_docs_are_served_without_their_scripts_and_nothing_beside_them(
    console: Console, browser: TestClient
) -> None:
    target = console.readings.target
    for key in ("quality/docs/index.html", "secret.html"):
        target.client("s3").put_object(Bucket=target.output("LakeBucket"), Key=key, Body=HOSTILE.encode())

    answer = browser.get("/docs/index.html")

    assert answer.text == HOSTILE
    assert answer.headers["content-security-policy"] == FOREIGN_POLICY
    for path in (
        "/docs/../../secret.html",
        "/docs/%2e%2e/%2e%2e/secret.html",
        "/docs/x/..%2f..%2f..%2fsecret.html",
    ):
        assert HOSTILE not in browser.get(path).text
