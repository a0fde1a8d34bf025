"""Functions keep the names and arguments they are written with."""

import pytest
from sqlglot import exp

from expectations.sql.grammar import InvalidStatement, parse_statements


def test_a_function_is_no_node_of_sqlglots_own() -> None:
    (select,) = parse_statements("SELECT date_diff('day', a, b) FROM t")

    assert isinstance(select.expressions[0], exp.Anonymous)


def test_a_decimal_literal_has_the_digits_it_is_written_with() -> None:
    (select,) = parse_statements("SELECT DECIMAL '010.50'")

    assert select.expressions[0].args["to"].sql("duckdb") == "DECIMAL(4, 2)"


def test_a_fault_is_named_with_its_place() -> None:
    with pytest.raises(InvalidStatement, match=r"line 1, column 14, at 'FROM'"):
        parse_statements("SELECT (1 FROM FROM t")
