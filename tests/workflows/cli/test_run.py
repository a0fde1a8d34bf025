"""The report of a run, and messages from a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
from rich.console import Console

from workflows.cli.run import SAMPLE_QUERIES, outcome_table, show_run
from workflows.cli.showing import Step
from workflows.demo.accounting import Outcome
from workflows.stack.target import Target

if TYPE_CHECKING:
    import pytest


def test_the_report_has_a_row_for_each_dataset() -> None:
    outcomes = [
        Outcome("transactions", 3, 1, 1, {"broken-json": 1}, 1, 1, seconds=12.3),
        Outcome("products", 2, 1, 0, {}, None, 1, lost=["a.csv"]),
    ]
    console = Console(file=io.StringIO(), width=160)

    console.print(outcome_table(outcomes))

    assert isinstance(console.file, io.StringIO)
    first, second = [line for line in console.file.getvalue().splitlines() if line.startswith("│")]
    assert [part.strip() for part in first.split("│")[1:-1]] == [
        *("transactions", "3", "1", "1", "1 broken-json", "1", "1", "yes", "12"),
    ]
    assert [part.strip() for part in second.split("│")[5:-1]] == ["0", "-", "1", "NO", "already there"]


def test_sample_queries_are_shown_while_they_run(monkeypatch: pytest.MonkeyPatch, steps: list[Step]) -> None:
    monkeypatch.setattr("workflows.stack.target.local", lambda: Target("us-east-1", {}))
    monkeypatch.setattr("workflows.query.sql.query", lambda target, sql: pa.table({"n": [1]}))

    show_run([])

    assert steps == [Step("waiting for the result of a query")] * len(SAMPLE_QUERIES)
