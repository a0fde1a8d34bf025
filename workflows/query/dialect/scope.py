"""What is known of an expression where it stands: its type, its zone, the values of lambdas' variables."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import duckdb
from sqlglot import exp
from sqlglot.dialects import duckdb as duckdb_dialect

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import UTC, ZONED, Time, is_aggregate, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class DuckDBAsWritten(duckdb_dialect.DuckDB):
    """DuckDB's grammar as `functions` writes it."""

    class Generator(duckdb_dialect.DuckDB.Generator):  # type: ignore[misc,valid-type]
        TRANSFORMS: ClassVar = {
            **duckdb_dialect.DuckDB.Generator.TRANSFORMS,
            exp.IgnoreNulls: lambda self, node: f"{self.sql(node, 'this')} IGNORE NULLS",
            exp.RespectNulls: lambda self, node: f"{self.sql(node, 'this')} RESPECT NULLS",
        }


@dataclass
class Scope:
    """The SELECTs around an expression, with their sources, and the lambdas around it."""

    describe: Callable[[str], list[tuple[str, str]]]  # SQL of DuckDB -> its columns: name, type
    has_zones: bool = False
    withs: list[exp.CTE] = field(default_factory=list)
    sources: list[list[exp.Expr]] = field(default_factory=list)  # of the SELECTs around, innermost last
    columns: list[dict[str, Time]] = field(default_factory=list)  # of the sources of each of these
    ctes: dict[str, dict[str, Time]] = field(default_factory=dict)
    variables: dict[str, exp.Expr] = field(default_factory=dict)  # of lambdas: a value of their type

    @contextmanager
    def select(self, columns: dict[str, Time]) -> Iterator[None]:
        """Enter a SELECT that has these columns in its sources."""
        self.sources.append([])
        self.columns.append(columns)
        try:
            yield
        finally:
            self.sources.pop()
            self.columns.pop()

    def types(self, *nodes: exp.Expr) -> list[str]:
        """DuckDB's types of expressions that stand in the innermost SELECT; "" where it can't tell."""
        if not nodes:
            return []
        text = "SELECT " + ", ".join(
            f"{self.with_values(node).sql(DuckDBAsWritten)} AS t{place}" for place, node in enumerate(nodes)
        )
        sources = [part for around in reversed(self.sources) for part in around]
        if sources:
            text += " FROM " + ", ".join(source.sql(DuckDBAsWritten) for source in sources)
        if any(is_aggregate(one) for node in nodes for one in node.walk()):
            text += " GROUP BY ALL"
        if self.withs:
            is_recursive = any(_names_itself(cte) for cte in self.withs)
            text = (
                ("WITH RECURSIVE " if is_recursive else "WITH ")
                + ", ".join(cte.sql(DuckDBAsWritten) for cte in self.withs)
                + " "
                + text
            )
        try:
            return [kind for _, kind in self.describe(text)]
        except duckdb.Error:
            return [""] * len(nodes)

    def with_values(self, node: exp.Expr) -> exp.Expr:
        """The expression with a value in the place of each variable of a lambda."""
        if not self.variables:
            return node

        def put(one: exp.Expr) -> exp.Expr:
            is_name = isinstance(one.parent, (exp.Column, exp.Dot, exp.Lambda, exp.TableAlias, exp.Alias))
            if isinstance(one, exp.Identifier) and not is_name and one.name in self.variables:
                return exp.paren(self.variables[one.name].copy())
            return one

        return exp.paren(node.copy()).transform(put)

    def type(self, node: exp.Expr, why: str) -> str:
        """DuckDB's type of an expression. Raises QueryError that says what it is needed for."""
        (kind,) = self.types(node)
        if not kind:
            raise QueryError(
                f"The type of {written(node)} is not known here, and {why} depends on it: CAST it."
            )
        return kind

    def time(self, node: exp.Expr) -> Time:
        """What is known of a timestamp."""
        if "time" in node.meta:
            found: Time = node.meta["time"]
            return found
        if isinstance(node, (exp.Alias, exp.Paren)):
            return self.time(node.this)
        if isinstance(node, exp.Column):
            for columns in reversed(self.columns):
                if node.name.lower() in columns:
                    return columns[node.name.lower()]
            return Time(6, UTC)  # a column of a table
        return Time()

    def zone(self, node: exp.Expr) -> exp.Expr:
        """The zone that a timestamp with time zone is shown in. Raises QueryError if it is not known."""
        zone = self.time(node).zone
        if zone is None and self.has_zones:
            raise QueryError(
                f"The time zone of {written(node)} is not known here: write AT TIME ZONE where it is used."
            )
        return zone or UTC

    def local(self, node: exp.Expr, kind: str) -> exp.Expr:
        """A date or time as its zone shows it."""
        if kind != ZONED:
            return node
        return exp.Anonymous(this="timezone", expressions=[self.zone(node).copy(), node])


def _names_itself(cte: exp.CTE) -> bool:
    return any(table.name == cte.alias and not table.db for table in cte.this.find_all(exp.Table))
