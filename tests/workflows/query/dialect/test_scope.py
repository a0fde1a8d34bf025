"""What a scope knows of expressions: types by DuckDB, and the zones of times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from sqlglot import exp, parse_one

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import UTC, ZONED, Time
from workflows.query.dialect.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def scope() -> Iterator[Scope]:
    """Inside of `SELECT … FROM baskets`, which has `amount` and `sold_at`."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE baskets (amount DECIMAL(9,2), sold_at TIMESTAMPTZ)")

        def describe(sql: str) -> list[tuple[str, str]]:
            found = connection.execute(f"DESCRIBE {sql}").fetchall()
            return [(name, kind) for name, kind, *_ in found]

        scope = Scope(describe)
        with scope.select({"sold_at": Time(3, exp.Literal.string("Asia/Tokyo"))}):
            scope.sources[-1].append(parse_one("baskets"))
            yield scope


def expression(text: str) -> exp.Expr:
    return parse_one(text, dialect="duckdb")


def test_types_are_those_of_the_sources(scope: Scope) -> None:
    assert scope.types(expression("amount"), expression("sum(amount)"), expression("nothing")) == ["", "", ""]
    assert scope.types(expression("amount"), expression("amount > 1")) == ["DECIMAL(9,2)", "BOOLEAN"]


def test_an_aggregate_has_a_type_beside_columns(scope: Scope) -> None:
    total = exp.Anonymous(this="sum", expressions=[expression("amount")])

    assert scope.types(expression("sold_at"), total) == [ZONED, "DECIMAL(38,2)"]


def test_a_type_that_is_not_known_is_asked_for(scope: Scope) -> None:
    with pytest.raises(QueryError, match=r"^The type of nothing is not known here, and avg depends on it"):
        scope.type(expression("nothing"), "avg")


def test_a_variable_of_a_lambda_has_the_type_of_its_value(scope: Scope) -> None:
    scope.variables = {"x": expression("amount")}

    assert scope.types(exp.Anonymous(this="abs", expressions=[exp.to_identifier("x")])) == ["DECIMAL(9,2)"]


def test_the_nearest_select_says_in_which_zone_a_time_is_shown(scope: Scope) -> None:
    assert scope.zone(expression("sold_at")).name == "Asia/Tokyo"
    with scope.select({"sold_at": Time(6, UTC)}):
        assert scope.zone(expression("sold_at")) == UTC
    assert scope.zone(expression("sold_at")).name == "Asia/Tokyo"


def test_a_zone_that_is_not_known_is_refused_where_zones_matter(scope: Scope) -> None:
    moment = exp.Anonymous(this="now", expressions=[])
    assert scope.zone(moment) == UTC

    scope.has_zones = True
    with pytest.raises(QueryError, match="write AT TIME ZONE where it is used"):
        scope.zone(moment)
