"""Operators of numbers, in the types and roundings of Athena."""

import pytest

from expectations.sql.values import NotAlike
from tests.expectations.sql.samples import translated


@pytest.mark.parametrize(
    ("expression", "sql", "kind"),
    [
        ("quantity / 2", "(`quantity` DIV 2)", "long"),
        ("ratio / 2", "(`ratio` / CAST(2 AS double))", "double"),
        ("quantity + id", "(CAST(`quantity` AS bigint) + `id`)", "long"),
        ("amount - 1", "(`amount` - CAST(1 AS decimal(10,2)))", "decimal(11,2)"),
        ("amount * quantity", "(`amount` * CAST(`quantity` AS decimal(10,0)))", "decimal(21,2)"),
        ("quantity % 2", "(`quantity` % 2)", "int"),
    ],
)
def test_an_operator_is_written_as_athena_computes_it(expression: str, sql: str, kind: str) -> None:
    found = translated(expression)

    assert (found.sql, found.type) == (sql, kind)


@pytest.mark.parametrize(
    ("expression", "is_safe"),
    [
        ("amount * quantity", True),  # a decimal has room for the product
        ("ratio * 2e0", True),
        ("quantity * 2", False),  # it may overflow
        ("ratio / 2e0", False),
        ("amount % 2", False),
    ],
)
def test_what_may_fail_on_a_row_is_known(expression: str, *, is_safe: bool) -> None:
    assert translated(expression).is_safe is is_safe


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("amount / 2", "round divisions of decimals differently; write CAST"),
        ("exact * exact", "more than 38 digits"),
        ("rough * 2", "of floats alike"),
        ("name + 1", r"\+ takes int or long"),
        ("id + NULL", r"\+ takes"),
    ],
)
def test_what_the_engines_compute_differently_is_refused(expression: str, message: str) -> None:
    with pytest.raises(NotAlike, match=message):
        translated(expression)
