"""Pages about the contracts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from tests.workflows.console.opened_console import with_databases, with_results
from workflows.console import contract_pages

if TYPE_CHECKING:
    import pytest
    from starlette.testclient import TestClient

    from workflows.console.answering import Console

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


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
    asked = with_results(monkeypatch, contract_pages, pa.table({"brand": [HOSTILE]}))

    text = browser.get("/parts/contracts/transactions/examples").text

    assert "household_id" not in asked[0]
    assert "&lt;script&gt;" in text


def test_a_dataset_without_a_table_has_no_versions(console: Console, browser: TestClient) -> None:
    with_databases(console.readings.target)

    assert "There is no table yet." in browser.get("/parts/contracts/products/versions").text
