"""A cell is the text that a field of CSV would have."""

from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.reading.formats.xlsx_cells import is_empty, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (7.0, "7"),
        (-0.5, "-0.5"),
        (0.10000000000000001, "0.1"),
        (1e22, "10000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (True, "true"),
        (False, "false"),
        (" x ", " x "),
        (datetime(2026, 11, 24), "2026-11-24"),
        (datetime(2026, 11, 24, 12, 30), "2026-11-24T12:30:00"),
        (datetime(2026, 11, 24, 12, 30, 0, 5000), "2026-11-24T12:30:00.005000"),
        (date(2026, 11, 24), "2026-11-24"),
        (time(1, 2, 3), "01:02:03"),
        (timedelta(hours=30), "PT108000S"),
        (timedelta(milliseconds=1500), "PT1.5S"),
    ],
)
def test_the_text_of_a_value(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "found"), [(None, True), ("", True), (" \n", True), (0, False), ("0", False)]
)
def test_a_cell_without_a_value_is_empty(value: Any, found: bool) -> None:
    assert is_empty(SimpleNamespace(value=value)) is found
