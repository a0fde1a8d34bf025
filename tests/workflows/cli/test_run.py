"""The report of a run, and messages from a file."""

from __future__ import annotations

import io

from rich.console import Console

from workflows.cli.run import outcome_table
from workflows.demo.accounting import Outcome


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
