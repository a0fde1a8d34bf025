"""What commands print."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
import typer
from rich.console import Console
from rich.text import Text

from workflows.cli import printing
from workflows.cli.printing import arrow_table, cell, print_json, progress, read_time, showing_progress
from workflows.progress.waiting import Pending


def test_json_keeps_the_digits_of_decimals_and_the_zone_of_times(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"n": Decimal("1.10"), "at": datetime(2026, 11, 24, tzinfo=UTC)})

    assert capsys.readouterr().out == '{\n  "n": "1.10",\n  "at": "2026-11-24T00:00:00+00:00"\n}\n'


def test_a_small_decimal_is_printed_without_an_exponent() -> None:
    assert cell(Decimal("0E-10")) == "0.0000000000"


def test_null_is_an_empty_cell_and_brackets_are_text() -> None:
    console = Console(file=io.StringIO(), width=40)
    console.print(arrow_table(pa.table({"[a]": ["[red]", None]}), 40))

    assert isinstance(console.file, io.StringIO)
    assert "[red]" in console.file.getvalue()
    assert "None" not in console.file.getvalue()


def test_a_table_that_is_too_wide_is_printed_row_by_row() -> None:
    console = Console(file=io.StringIO(), width=40)
    wide = pa.table(
        {"payment": ["p" * 20, "q" * 20], "currency": ["EUR", None], "reference": ["r" * 20, "s"]}
    )

    console.print(arrow_table(wide, 40))

    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    assert "p" * 20 in printed
    assert printed.count("currency") == 2
    assert "…" not in printed


def test_a_time_without_a_zone_is_utc() -> None:
    assert read_time("--since", "2026-11-24 12:00") == datetime(2026, 11, 24, 12, tzinfo=UTC)
    with pytest.raises(typer.BadParameter, match="got 'noon'"):
        read_time("--since", "noon")


def test_without_a_terminal_each_change_of_progress_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO())
    monkeypatch.setattr(printing, "err", console)

    with showing_progress(lambda step, started: Text(f"step {step}")) as report:
        for step in (1, 1, 2):
            report(step)

    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines() == ["step 1", "step 2"]


def test_progress_shows_what_is_pending() -> None:
    shown = progress(Pending(inbound=5, intake=4, files=2, batches=1), datetime.now(UTC)).plain

    assert shown.split("s", 1)[1].split() == (
        ["inbound", "queue", "5", "intake", "queue", "4", "open", "batches", "1", "files", "to", "merge", "2"]
    )
