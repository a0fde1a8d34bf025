"""The page of lineage, from the objects that steps of batches leave in the lake bucket."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from expectations.odcs import load_contracts
from jobs.lineage.events import Dataset, Input, Run, athena_table, completed, written
from tests.workflows.console.opened_console import with_databases, with_rows

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from workflows.console.answering import Console

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"
NEWEST = {
    "batch_id": "wr_1",
    "datasets": "products",
    "doors": "drop",
    "files": 1,
    "rows_read": 3,
    "accepted": 3,
    "quarantined": 0,
    "checked_at": AT,
}


@pytest.fixture
def told(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lineage of the batch wr_1, which has read a file with a hostile name."""
    target = console.readings.target
    with_databases(target)
    file = Dataset("s3://raw", f"drops/products/{HOSTILE}.csv")
    changes = athena_table("us-east-1", "lake", "products_changes")
    events = completed(
        Run("glueline/local", "check", "wr_1", "products", AT),
        AT,
        [Input(file, 3)],
        written(changes, load_contracts()["products"], [file], 3, by_alias=True),
    )
    body = "".join(json.dumps(event) + "\n" for event in events).encode()
    target.client("s3").put_object(
        Bucket=target.output("LakeBucket"), Key="lineage/wr_1/check.jsonl", Body=body
    )
    with_rows(monkeypatch, console.readings, BATCH_COUNTS=[NEWEST])


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("path", ["/parts/lineage", "/parts/lineage?batch=wr_1"])
def test_the_newest_batch_is_drawn_unless_another_is_asked_for(browser: TestClient, path: str) -> None:
    shown = browser.get(path)

    assert shown.status_code == 200
    assert "3 rows read" in shown.text
    assert "products_changes" in shown.text
    assert "<script>" not in shown.text
    assert "&lt;script&gt;" in shown.text


@pytest.mark.usefixtures("told")
def test_columns_are_shown_on_demand(browser: TestClient) -> None:
    drawn = browser.get("/parts/lineage").text
    shown = browser.get("/parts/lineage/columns", params={"batch": "wr_1", "dataset": "products"}).text

    assert "/parts/lineage/columns?batch=wr_1&amp;dataset=products" in drawn
    assert "department" in shown
    missing = browser.get("/parts/lineage/columns", params={"batch": "wr_1", "dataset": "orders"})
    assert (missing.status_code, "no lineage of columns of orders" in missing.text) == (404, True)


@pytest.mark.usefixtures("told")
def test_a_batch_without_lineage_says_why(browser: TestClient) -> None:
    assert "No lineage of the batch wr_9 is kept" in browser.get("/parts/lineage?batch=wr_9").text


def test_a_new_stack_says_that_there_is_no_batch(
    browser: TestClient, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rows(monkeypatch, console.readings)

    assert "No batch has been checked" in browser.get("/parts/lineage").text


@pytest.mark.usefixtures("told")
def test_lineage_that_can_not_be_read_is_said_beside_the_batches_to_choose_from(
    browser: TestClient, console: Console
) -> None:
    target = console.readings.target
    key = "lineage/wr_1/merge.jsonl"
    target.client("s3").put_object(Bucket=target.output("LakeBucket"), Key=key, Body=b"<b>{")

    shown = browser.get("/parts/lineage")

    assert shown.status_code == 200
    assert f"{key}, got something else" in shown.text
    assert '<select name="batch">' in shown.text
    assert "No lineage of the batch" not in shown.text
