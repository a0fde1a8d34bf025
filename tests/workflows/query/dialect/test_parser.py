"""Functions keep the names and arguments they are written with."""

from __future__ import annotations

import pytest
from sqlglot import exp

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.parser import parse


@pytest.mark.parametrize(
    "call", ["date_diff('day', a, b)", "element_at(x, 1)", "regexp_extract(a, 'b')", "approx_distinct(a)"]
)
def test_a_function_keeps_its_name_and_arguments(call: str) -> None:
    (found,) = parse(f"select {call}").expressions

    assert isinstance(found, exp.Anonymous)
    assert found.sql("athena").lower() == call


def test_a_decimal_literal_has_the_digits_it_is_written_with() -> None:
    (found,) = parse("select decimal '010.50'").expressions

    assert found.to.sql("duckdb") == "DECIMAL(4, 2)"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("selec 1", "not valid SQL"),
        ("delete from products", "Expected a SELECT, got DELETE"),
        ("select 1; select 2", "got 2 statements"),
        ("", "got 0 statements"),
    ],
)
def test_what_is_no_select_is_refused(sql: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        parse(sql)
