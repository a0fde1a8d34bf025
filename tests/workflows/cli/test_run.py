"""The report of a run, and messages from a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from tests.workflows.cli.calling import call
from tests.workflows.empty_stack import empty_stack
from workflows.cli.run import outcome_table
from workflows.demo.accounting import Outcome

if TYPE_CHECKING:
    from pathlib import Path

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


def test_the_lines_of_a_file_are_sent(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = empty_stack(aws)
    monkeypatch.setattr("workflows.stack.target.connect", lambda name: target)
    file = tmp_path / "messages.jsonl"
    file.write_text('{"a": 1}\n{"b": 2}\n')

    result = call("send", str(file))

    assert result.exit_code == 0
    assert result.stdout.startswith("Sent 2 messages to ")
    answer = target.client("sqs").receive_message(
        QueueUrl=target.output("InboundQueueUrl"), MaxNumberOfMessages=10
    )
    assert sorted(message["Body"] for message in answer["Messages"]) == ['{"a": 1}', '{"b": 2}']
