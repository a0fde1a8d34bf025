"""The pages of dashboards: what they show before anything is read, and what a chart shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tests.workflows.console.opened_console import with_results
from workflows.analysts.dashboards import MOST_BARS
from workflows.console import dashboard_pages
from workflows.query.dialect.errors import NoSuchTable

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def test_every_dataset_has_a_dashboard(browser: TestClient) -> None:
    shown = browser.get("/parts/dashboards").text

    for dataset in ("households", "products", "transactions"):
        assert f'href="/dashboards/{dataset}"' in shown


def test_nothing_is_read_until_the_reader_asks(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = with_results(monkeypatch, dashboard_pages)

    page = browser.get("/dashboards/transactions")

    assert page.status_code == 200
    assert "Sales value by Products department" in page.text
    assert page.text.count('hx-trigger="click from:#draw"') == page.text.count("Not drawn yet.") > 5
    assert asked == []


def test_a_chart_is_drawn_from_its_own_statement(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = browser.get("/dashboards/transactions").text
    place = titles.split("<h2>")[1:].index(
        next(
            part for part in titles.split("<h2>")[1:] if part.startswith("Sales value by Products department")
        )
    )
    asked = with_results(
        monkeypatch, dashboard_pages, pa.table({"dimension": ["<b>GROCERY", None], "value": [10.5, 2.0]})
    )

    shown = browser.get(f"/parts/dashboards/transactions/{place}").text

    assert 'r."department" as dimension' in asked[0]
    assert "<canvas data-chart=" in shown
    assert "&lt;b&gt;GROCERY" in shown
    assert "<b>" not in shown
    assert "2.5 MB read" in shown


def test_a_total_is_a_number(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with_results(monkeypatch, dashboard_pages, pa.table({"value": [92353]}))

    assert '<p class="big">92,353</p>' in browser.get("/parts/dashboards/products/0").text


def test_restricted_columns_are_in_no_statement(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    page = browser.get("/dashboards/transactions").text
    number = page.count("Not drawn yet.")
    asked = with_results(
        monkeypatch, dashboard_pages, *[pa.table({"dimension": ["a"], "value": [1]})] * number
    )

    for place in range(number):
        browser.get(f"/parts/dashboards/transactions/{place}")

    assert len(asked) == number
    selected = [sql.partition(" from ")[0] for sql in asked]  # a join may use it
    assert not any("household_id" in part for part in selected)  # it is classified as restricted


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (
            "/dashboards/refunds",
            "There is no dashboard of refunds, but of households, products, transactions.",
        ),
        ("/parts/dashboards/refunds/0", "There is no dashboard of refunds"),
        ("/parts/dashboards/products/99", "and no 100."),
    ],
)
def test_what_does_not_exist_is_said_in_words(browser: TestClient, path: str, words: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 404
    assert words in answer.text


def test_a_table_that_does_not_exist_yet_is_said_in_words(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_results(monkeypatch, dashboard_pages, NoSuchTable("No table lake.products"))

    answer = browser.get("/parts/dashboards/products/0")

    assert answer.status_code == 400
    assert "No table lake.products" in answer.text


@pytest.mark.parametrize(("number", "is_said"), [(MOST_BARS, True), (MOST_BARS - 1, False)])
def test_bars_that_are_not_all_say_so(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, number: int, is_said: bool
) -> None:
    page = browser.get("/dashboards/products").text
    place = page.split("<h2>")[1:].index(
        next(part for part in page.split("<h2>")[1:] if part.startswith("Rows by"))
    )
    many = pa.table({"dimension": [f"brand {one}" for one in range(number)], "value": [1] * number})
    with_results(monkeypatch, dashboard_pages, many)

    shown = browser.get(f"/parts/dashboards/products/{place}").text

    assert (f"The {MOST_BARS} largest; there may be more." in shown) is is_said
