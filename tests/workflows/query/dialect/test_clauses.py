"""What stands around expressions: UNNEST, LATERAL, FETCH, joins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.query.dialect.answering import assert_answer, assert_refused

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    (
        "select count(*) from transactions t, lateral (select p.brand from products p where p.product_id=t.product_id) q",
        [[5]],
    ),
]
REFUSED = [
    ("select * from transactions qualify row_number() over () = 1", "not valid SQL in Athena's dialect"),
    ("select x from (values 1) t(x) fetch first 1 rows with ties", "takes an ORDER BY"),
]


@pytest.mark.parametrize(("sql", "rows"), ANSWERS)
def test_an_answer_is_that_of_trinos_documentation(sql: str, rows: list[list[Any]]) -> None:
    assert_answer(sql, rows)


@pytest.mark.parametrize(("sql", "message"), REFUSED)
def test_what_has_no_answer_here_says_so(sql: str, message: str) -> None:
    assert_refused(sql, message)
