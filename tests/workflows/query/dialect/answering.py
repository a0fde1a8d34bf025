"""Answers of the local engine over `baskets`, compared as the files of answers spell them."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.workflows.query.dialect.baskets import baskets
from workflows.query.dialect.errors import QueryError
from workflows.query.local_engine import query_here
from workflows.query.results import values


def answer(sql: str) -> tuple[list[str], list[list[Any]]]:
    """Names of the columns and rows; decimals and times are text, binary is hexadecimal."""
    table, _ = query_here(baskets(), sql, "lake")  # type: ignore[arg-type]  # a lake in memory
    columns = [values(column) for column in table.columns]
    return table.column_names, [[plain(value) for value in row] for row in zip(*columns, strict=True)]


def assert_answer(sql: str, expected: list[list[Any]]) -> None:
    """The rows are the expected ones: as a set unless the statement orders them."""
    _, rows = answer(sql)
    if "order by" not in sql.lower():
        rows, expected = sorted(rows, key=str), sorted(expected, key=str)
    assert is_same(rows, expected), rows


def assert_refused(sql: str, message: str) -> None:
    """The statement has no answer, and the error says why."""
    with pytest.raises(QueryError, match=message):
        answer(sql)


def plain(value: Any) -> Any:
    match value:
        case Decimal() | date() | datetime() | timedelta():
            return str(value)
        case bytes():
            return value.hex()
        case dict():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
    return value


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)
