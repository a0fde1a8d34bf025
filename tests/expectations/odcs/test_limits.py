"""Limits that no engine could keep are refused when the contract is read."""

from decimal import Decimal
from pathlib import Path

import pytest

from expectations.contract import Column
from expectations.odcs.limits import is_number, range_of
from tests.expectations.contract_files import AMOUNT_AT, problems, with_amount


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (r"logicalType: string, logicalTypeOptions: {pattern: '^a\Z'}",
         r"expected a pattern with one meaning in Rust (queue, API) and Java (jobs), got '^a\\Z' with \Z; "
         "write $"),
        ("logicalType: string, logicalTypeOptions: {pattern: 5}",
         "expected a regular expression, got 5; correct it"),
        ("physicalType: int, logicalTypeOptions: {minimum: 3000000000}",
         "expected a number of type int, got 3000000000; correct it"),
        ("physicalType: int, logicalTypeOptions: {maximum: .nan}",
         "expected a number of type int, got nan; correct it"),
        ("logicalType: number, logicalTypeOptions: {maximum: .inf}",
         "expected a number of type double, got inf; correct it"),
        ("physicalType: 'decimal(4,2)', logicalTypeOptions: {maximum: 100}",
         "expected a number of type decimal(4,2), got 100; correct it"),
        ("logicalType: integer, logicalTypeOptions: {minimum: 5, exclusiveMaximum: 4}",
         "expected limits that values of type long can keep, got 5 to 4; correct one of them"),
        ("logicalType: string, logicalTypeOptions: {minLength: 5, maxLength: 4}",
         "expected limits that values of type string can keep, got 5 to 4; correct one of them"),
        ("logicalType: timestamp, logicalTypeOptions: {minimum: 2026-01-02, maximum: 2026-01-01}",
         "expected limits that values of type timestamp can keep, got 2026-01-02T00:00:00Z to "
         "2026-01-01T00:00:00Z; correct one of them"),
        ("logicalType: string, logicalTypeOptions: {maxLength: 3000000000}",
         "expected a whole number from 0 to 2147483647, got 3000000000; correct it"),
    ],
)  # fmt: skip
def test_a_limit_that_no_row_could_keep_is_refused_with_advice(
    tmp_path: Path, description: str, message: str
) -> None:

    (problem,) = problems(tmp_path, with_amount(description))

    assert problem.path.startswith(AMOUNT_AT)
    assert problem.message == message


@pytest.mark.parametrize(
    ("kind", "greatest"),
    [
        ("int", Decimal(2**31 - 1)),
        ("long", Decimal(2**63 - 1)),
        ("decimal(4,2)", Decimal("99.99")),
        ("float", Decimal("3.4028234663852886E+38")),
        ("double", Decimal("1E+125")),
    ],
)
def test_a_column_has_a_range_that_dynamodb_can_store(kind: str, greatest: Decimal) -> None:
    least, most = range_of(Column("c", kind))

    assert most == greatest
    assert least == (-greatest - 1 if kind in ("int", "long") else -greatest)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(1, True), (0.5, True), (True, False), (float("nan"), False), (float("inf"), False), ("1", False)],
)
def test_only_finite_numbers_are_numbers(given: object, *, expected: bool) -> None:
    assert is_number(given) is expected
