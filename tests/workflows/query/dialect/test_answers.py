"""Answers of each kind of function and clause, and what has none here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.query.dialect.answering import assert_answer, assert_refused
from tests.workflows.query.dialect.cases import (
    aggregates,
    casts,
    clauses,
    functions,
    nested,
    numbers,
    texts,
    times,
)

CASES = (aggregates, casts, clauses, functions, nested, numbers, texts, times)


@pytest.mark.parametrize(("sql", "rows"), [case for cases in CASES for case in cases.ANSWERS])
def test_an_answer_is_that_of_trinos_documentation(sql: str, rows: list[list[Any]]) -> None:
    assert_answer(sql, rows)


@pytest.mark.parametrize(("sql", "message"), [case for cases in CASES for case in cases.REFUSED])
def test_what_has_no_answer_here_says_so(sql: str, message: str) -> None:
    assert_refused(sql, message)
