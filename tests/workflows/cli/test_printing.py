"""What commands print."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
import typer
from rich.console import Console

from workflows.cli.printing import arrow_table, cell, print_json, read_time


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
