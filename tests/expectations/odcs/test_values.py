"""Defaults and compared values are ones that their column can hold."""

from pathlib import Path
from typing import Any

import pytest

from expectations.contract import Column
from expectations.odcs.values import fits
from tests.expectations.contract_files import AMOUNT_AT, problems, with_amount


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", "a", True),
        ("string", 1, False),
        ("boolean", True, True),
        ("boolean", "true", False),
        ("int", 5, True),
        ("int", 5.0, False),
        ("int", 2**31, False),
        ("int", True, False),
        ("decimal(4,2)", 1.25, True),
        ("decimal(4,2)", 1.255, False),
        ("decimal(4,2)", 100, False),
        ("date", "2026-01-31", True),
        ("date", "2026-02-30", False),
        ("timestamp", "2026-01-31T12:00:00Z", True),
        ("timestamp", "2026-01-31 12:00", False),
        ("binary", "aGk=", False),
        ("list<int>", [1], False),
    ],
)
def test_a_value_fits_a_column_that_can_hold_it(kind: str, value: Any, *, expected: bool) -> None:
    assert fits(Column("c", kind), value) is expected


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("physicalType: int, customProperties: [{property: default, value: 3000000000}]",
         "expected a value of type int, got 3000000000; correct the default"),
        ("physicalType: 'decimal(4,2)', customProperties: [{property: default, value: 1.005}]",
         "expected a value of type decimal(4,2), got 1.005; correct the default"),
        ("logicalType: number, customProperties: [{property: default, value: .inf}]",
         "expected a value of type double, got inf; correct the default"),
    ],
)  # fmt: skip
def test_a_default_that_does_not_fit_is_refused(tmp_path: Path, description: str, message: str) -> None:

    (problem,) = problems(tmp_path, with_amount(description))

    assert problem.path.startswith(AMOUNT_AT)
    assert problem.message == message
