"""The table of a message, and the small readers of its members."""

from typing import Any

import pytest

from lambdas.source.capture.captured import Table, shown, whole, wrong

ORDERS = Table("shop", "public", "orders")


@pytest.mark.parametrize(
    ("table", "asked", "is_it"),
    [
        (ORDERS, (None, None, "orders"), True),
        (ORDERS, ("shop", "public", "orders"), True),
        (ORDERS, ("other", None, "orders"), False),
        (ORDERS, (None, "other", "orders"), False),
        (ORDERS, (None, None, "Orders"), False),
        (Table("shop", "", "orders"), (None, "shop", "orders"), True),  # in MySQL a schema is a database
        (Table("shop", "public", "orders"), (None, "shop", "orders"), False),
    ],
)
def test_a_table_is_named_by_what_the_contract_says_of_it(table: Table, asked: Any, is_it: bool) -> None:
    assert table.is_named(*asked) is is_it


@pytest.mark.parametrize(
    ("value", "number"),
    [(0, 0), (7, 7), ("7", 7), (-1, None), (True, None), ("x", None), ("9" * 21, None), (None, None)],
)
def test_a_whole_number_may_be_text(value: Any, number: int | None) -> None:
    assert whole(value) == number


def test_a_violation_shows_no_nested_value() -> None:
    [violation] = wrong("/a", "envelope", "a row", {"b": 1}, "send one").violations

    assert violation.message == "expected a row, got a dict: send one"
    assert shown("x" * 500) == '"' + "x" * 99
