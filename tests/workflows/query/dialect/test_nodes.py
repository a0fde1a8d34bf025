"""Types of DuckDB, and the text of an expression as its statement has it."""

from __future__ import annotations

import pytest

from workflows.query.dialect.nodes import (
    decimal_shape,
    fields_of,
    func,
    group_of,
    number,
    remember_as_written,
    written,
)
from workflows.query.dialect.parser import parse


@pytest.mark.parametrize(
    ("kind", "shape"), [("DECIMAL(10,2)", (10, 2)), ("BIGINT", (19, 0)), ("DOUBLE", None), ("VARCHAR", None)]
)
def test_exact_numbers_have_a_precision_and_a_scale(kind: str, shape: tuple[int, int] | None) -> None:
    assert decimal_shape(kind) == shape


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("STRUCT(a INTEGER, b VARCHAR)[]", 2),
        ("STRUCT(INTEGER, DECIMAL(3,2), MAP(VARCHAR, INTEGER))[]", 3),
        ('STRUCT("a,(b" INTEGER)[]', 1),
    ],
)
def test_fields_of_a_row_are_counted(kind: str, count: int) -> None:
    assert fields_of(kind) == count


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        ("DECIMAL(10,2)", "number"),
        ("VARCHAR", "text"),
        ("DATE", "date or timestamp"),
        ("INTEGER[]", ""),
        ('"NULL"', ""),
    ],
)
def test_only_types_of_one_group_are_compared(kind: str, group: str) -> None:
    assert group_of(kind) == group


def test_an_expression_is_shown_as_it_was_written() -> None:
    statement = parse("select quantity / 2")
    remember_as_written(statement)
    (found,) = statement.expressions
    found.set("this", func("athena__has", number(1)))

    assert written(found) == "quantity / 2"
