"""What the stack answers, and how long an answer is kept."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pytest

from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.intake.results import CheckedBatch, FileCount, MergedBatch
from tests.workflows.console.opened_console import with_databases, with_rows
from tests.workflows.empty_stack import empty_stack
from tests.workflows.query.tables import Lake, ScannedTable
from workflows.console import readings as module
from workflows.console.readings import Readings
from workflows.console.views.batches import batch_lines
from workflows.query.local_engine import query_here

if TYPE_CHECKING:
    from workflows.stack.target import Target

LANDED = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


@pytest.fixture
def readings(target: Target) -> Readings:
    return Readings(target)


def merged_batch(target: Target, batch_id: str) -> None:
    kept = Batches(target.client("s3"), target.output("LakeBucket"))
    landed = ManifestFile(
        "raw", "drops/products/a.csv", "e", None, 7, LANDED.isoformat(), "products", "drop", "csv"
    )
    kept.open(Manifest(batch_id, (LANDED + timedelta(seconds=2)).isoformat(), (landed,)))
    count = FileCount("products", "s3://raw/drops/products/a.csv", "drop", 3, 2, 1)
    kept.mark_checked(CheckedBatch(batch_id, (count,), (LANDED + timedelta(seconds=5)).isoformat()))
    kept.mark_merged(MergedBatch(batch_id, (LANDED + timedelta(seconds=9)).isoformat()))
    kept.close(batch_id)


def test_a_batch_has_the_times_of_its_objects(target: Target, readings: Readings) -> None:
    merged_batch(target, "b1")

    manifest, times = readings.batch_times("b1")
    checked = readings.checked("b1")

    assert manifest is not None
    assert checked is not None
    assert [step.seconds for step in times.steps] == [None, 2.0, 3.0, 4.0]
    assert checked.files[0].quarantined == 1


def test_a_batch_whose_objects_are_gone_has_no_times(readings: Readings) -> None:
    manifest, times = readings.batch_times("gone")

    assert (manifest, times.steps, readings.checked("gone")) == (None, (), None)


def test_freshness_is_of_the_newest_batches(
    target: Target, readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged_batch(target, "b1")
    count = {
        "datasets": "products",
        "doors": "drop",
        "files": 1,
        "rows_read": 3,
        "accepted": 2,
        "quarantined": 1,
    }
    rows = [count | {"batch_id": name, "checked_at": LANDED} for name in ("b1", "gone")]
    with_rows(monkeypatch, readings, BATCH_COUNTS=rows)

    assert readings.freshness() == {"products": [9.0]}
    assert readings.newest_check() == LANDED


def test_a_stack_without_tables_has_no_rows(target: Target, readings: Readings) -> None:
    with_databases(target)

    assert readings.day_counts() == readings.batch_counts() == readings.counts_of("b1") == []
    assert readings.certificates() == []
    assert readings.table_rows(["products"]) == {"products": None}


def test_queues_and_dead_letters_are_read_and_stay(target: Target, readings: Readings) -> None:
    sqs = target.client("sqs")
    for body in ("a", "b"):
        sqs.send_message(QueueUrl=target.output("DeadLetterQueueUrl"), MessageBody=body)

    assert sorted(one.body for one in readings.dead_letters()) == ["a", "b"]
    assert readings.depths() == {"inbound": 0, "dead_letters": 2, "intake": 0}
    assert sorted(one.body for one in readings.dead_letters()) == ["a", "b"]


def test_an_answer_is_kept_for_a_while_and_forgotten_after_an_action(
    target: Target, readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send() -> None:
        target.client("sqs").send_message(QueueUrl=target.output("InboundQueueUrl"), MessageBody="x")

    assert readings.depths()["inbound"] == 0
    send()
    assert readings.depths()["inbound"] == 0
    readings.forget()
    assert readings.depths()["inbound"] == 1
    send()
    monkeypatch.setattr(module, "KEPT_SECONDS", -1.0)
    assert readings.depths()["inbound"] == 2


def test_parts_that_need_the_same_ask_once(readings: Readings) -> None:
    asked, go_on = [], threading.Event()

    def read() -> int:
        asked.append(1)
        assert go_on.wait(10)
        return 7

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(readings._keep("x", read))) for _ in range(4)]
    for thread in threads:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join()

    assert (len(asked), found) == (1, [7, 7, 7, 7])


def test_answers_that_are_old_are_not_kept_for_ever(
    readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    for number in range(50):
        assert readings._keep(f"batch {number}", lambda: "its objects") == "its objects"
        now[0] += module.CONTRACTS_KEPT_SECONDS

    assert len(readings._kept) <= 2


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
