"""The page on which a reader runs a SELECT."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tests.workflows.console.opened_console import with_results
from workflows.console import sql_pages

if TYPE_CHECKING:
    from starlette.testclient import TestClient


NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


def test_a_result_is_a_table_a_chart_and_a_file(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    result = pa.table({"department": ["a", HOSTILE], "sales": [1.5, None]})
    with_results(monkeypatch, sql_pages, result, result)

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
    with_results(monkeypatch, sql_pages, result, result)
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
