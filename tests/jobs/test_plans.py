"""A MERGE costs what its changes cost: its plan reads no other partitions and shuffles no table in buckets.

The tests read the plan and measure no time: a full scan of a small table is as fast.
"""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract import Contract
from expectations.timestamps import EPOCH
from jobs.lake import session
from jobs.lake.names import Lake
from jobs.lake.session import BUCKETED_JOINS, configured
from jobs.merging import steps
from tests.jobs.builders import ENTITIES, EVENTS, SENT
from tests.jobs.change_rows import merge_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame, SparkSession


@pytest.fixture(autouse=True)
def _settings_of_the_job(spark: "SparkSession") -> "Iterator[None]":
    with configured(spark, BUCKETED_JOINS):
        yield


def plan_of_merge(
    spark: "SparkSession", lake: Lake, contract: Contract, monkeypatch: pytest.MonkeyPatch, **columns: Any
) -> str:
    """The plan of the MERGE of one change into a table that holds a hundred, over all its partitions."""
    plans: list[str] = []
    run = steps.run_merge

    def explain(source: "DataFrame", statement: str) -> None:
        if lake.table(contract.dataset) in statement:
            found = source.sparkSession.sql(f"EXPLAIN FORMATTED {statement}", source=source).first()
            plans.append(found[0] if found else "")
        run(source, statement)

    monkeypatch.setattr(steps, "run_merge", explain)
    for batch_id, numbers in (("b1", range(100)), ("b2", range(7, 8))):
        changes = [
            {"_version": int(batch_id[1]), **{name: make(number) for name, make in columns.items()}}
            for number in numbers
        ]
        merge_batch(spark, lake, contract, batch_id, *changes)
    return plans[-1]


def test_the_merge_of_recent_changes_reads_their_days_only(
    spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of_merge(
        spark, lake, EVENTS, monkeypatch,
        shop=lambda _: "a", number=lambda number: number,
        happened_at=lambda number: datetime(2026, 1, 1 + number // 4, tzinfo=UTC), updated_at=lambda _: SENT,
    )  # fmt: skip

    filters = re.findall(rf"table={re.escape(lake.table('events'))},.*?filters=(.*?), runtimeFilters", plan)
    day = (datetime(2026, 1, 2, tzinfo=UTC) - EPOCH).days
    assert filters
    assert all(f"day(happened_at) = {day}" in one or f"day(happened_at) IN ({day})" in one for one in filters)


def test_the_merge_into_a_table_in_buckets_shuffles_neither_side(
    spark: "SparkSession", lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "FEW_BYTES", 0)  # few rows are merged from memory, and shuffled

    plan = plan_of_merge(spark, lake, ENTITIES, monkeypatch, id=lambda number: number, name=str)

    assert "BatchScan" in plan
    assert [line for line in plan.splitlines() if re.search(r"[+:]- Exchange", line)] == []
