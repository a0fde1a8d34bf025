"""The statements about bookkeeping tables, on rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pyarrow as pa
import pytest

from tests.workflows.empty_stack import empty_stack
from tests.workflows.query.tables import Lake, ScannedTable
from workflows.console import readings as module
from workflows.console.readings import Readings
from workflows.console.views.batches import batch_lines
from workflows.console.views.values import SEPARATOR
from workflows.query.local_engine import query_here


@pytest.fixture
def readings(aws: str) -> Readings:
    return Readings(empty_stack(aws))


@pytest.fixture
def kept(readings: Readings, monkeypatch: pytest.MonkeyPatch) -> Readings:
    """Two days of batches: b1 with files of two datasets and a refused message, then many of one file."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    yesterday = today - timedelta(days=1)

    def checked(
        batch: str, dataset: str | None, door: str | None, rows: int, accepted: int
    ) -> dict[str, Any]:
        counts = {"rows_read": rows, "accepted": accepted, "quarantined": rows - accepted}
        at = yesterday if batch == "b1" else today
        return {"batch_id": batch, "dataset": dataset, "door": door, "checked_at": at, **counts}

    rows = [checked("b1", "orders", "drop", 5, 4), checked("b1", "products", "stream", 3, 3)]
    rows += [checked("b1", None, None, 1, 0)]
    rows += [checked(f"b{number}", "products", "stream", 1, 1) for number in range(2, 8)]
    table = pa.Table.from_pylist(rows)
    lake = Lake()
    lake.tables = {("lake_ops", "batches"): ScannedTable(table)}
    monkeypatch.setattr(module, "query", lambda target, sql: query_here(cast("Any", lake), sql, "lake")[0])
    return readings


def test_days_are_sums_by_dataset(kept: Readings) -> None:
    found = {(one["dataset"], one["accepted"], one["quarantined"]) for one in kept.day_counts()}

    assert found == {("orders", 4, 1), ("products", 3, 0), (None, 0, 1), ("products", 6, 0)}
    assert len({one["day"] for one in kept.day_counts()}) == 2


def test_the_newest_batches_are_read_and_each_as_a_whole(
    kept: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [line.batch_id for line in batch_lines(kept.batch_counts())][-1] == "b1"
    monkeypatch.setattr(module, "MOST_BATCHES", 6)
    kept.forget()
    assert "b1" not in {one["batch_id"] for one in kept.batch_counts()}
    assert len(kept.batch_counts()) == 6

    [line] = batch_lines(kept.counts_of("b1"))
    assert (line.datasets, line.doors, line.files) == (("orders", "products"), ("drop", "stream"), 3)
    assert (line.rows_read, line.accepted, line.quarantined) == (9, 7, 2)
    assert kept.counts_of("b'1") == []


def test_the_newest_certificate_of_each_dataset_is_found_however_old_it_is(
    readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a dataset that nobody has proved for weeks would look like a new one."""
    now = datetime.now(UTC)
    numbers = dict.fromkeys(("buckets", "differing_buckets", "items", "rows", "drop_only", "outranked"), 7)
    keys = {"missing": ["1", "2"], "extra": ["3"], "differing": ["4"], "quarantined": ["5"]}

    def issued(dataset: str, days: int, *, ok: bool) -> dict[str, Any]:
        at = now - timedelta(days=days)
        times = {"verified_through": at, "issued_at": at, "run_id": "jr"}
        return {"dataset": dataset, "ok": ok, "repaired": 0, **times, **numbers, **keys}

    rows = [issued("orders", 40, ok=True), issued("orders", 50, ok=False)]
    rows += [issued("products", 1, ok=False), issued("products", 2, ok=True)]
    lake = Lake()
    lake.tables = {("lake_ops", "parity_results"): ScannedTable(pa.Table.from_pylist(rows))}
    monkeypatch.setattr(module, "query", lambda target, sql: query_here(cast("Any", lake), sql, "lake")[0])

    newest = {one["dataset"]: one for one in readings.newest_certificates()}

    assert {name: one["ok"] for name, one in newest.items()} == {"orders": True, "products": False}
    assert newest["orders"]["missing"] == f"1{SEPARATOR}2"
    assert [one["dataset"] for one in readings.certificates()] == ["products", "products"]
    assert newest["products"] == readings.certificates()[0]
