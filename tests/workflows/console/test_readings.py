"""What the stack answers, and how long an answer is kept."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.intake.results import CheckedBatch, FileCount, MergedBatch
from tests.workflows.console.opened_console import with_databases, with_rows
from tests.workflows.empty_stack import empty_stack
from workflows.console import readings as module
from workflows.console.readings import Readings

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
