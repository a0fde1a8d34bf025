"""Translates expressions over all rows: aggregates, and what is computed of them."""

from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from expectations.sql.expressions import Row
from expectations.sql.values import (
    MOST_DIGITS,
    NUMBERS,
    TIMES,
    WHOLE,
    NotAlike,
    Typed,
    derived,
    expect,
    refuse_digits,
    refuse_float,
)

_MORE_DIGITS: Final = 10  # that Spark gives a sum of decimals
AGGREGATES: Final = ("count", "count_if", "sum", "avg", "min", "max", "bool_and", "every", "bool_or")
_OF_CONDITIONS: Final = ("count_if", "bool_and", "every", "bool_or")


@dataclass(frozen=True, slots=True)
class Rows(Row):
    """The rows of the dataset, of which only those that meet a condition count."""

    where: Typed | None = None

    def column(self, node: exp.Expr) -> Typed:
        raise NotAlike(f"{node.sql()} stands outside of an aggregate ({', '.join(AGGREGATES)})")

    def value(self, node: exp.Expr) -> Typed:
        """An expression of aggregates in Spark SQL. Raises NotAlike."""
        if isinstance(node, exp.Filter):
            return self._filtered(node.this, self._row.condition(node.expression.this))
        if isinstance(node, exp.Anonymous) and str(node.this).lower() in AGGREGATES:
            return self._filtered(node, None)
        return Row.value(self, node)

    @property
    def _row(self) -> Row:
        return Row(self.columns, self.tables)

    def _filtered(self, node: exp.Expr, condition: Typed | None) -> Typed:
        """An aggregate of the rows that meet the condition of the query and its own."""
        aggregate = self._aggregate(node)
        conditions = [one for one in (self.where, condition) if one is not None]
        if not conditions:
            return aggregate
        both = " AND ".join(one.sql for one in conditions)
        return derived(f"{aggregate.sql} FILTER (WHERE {both})", aggregate.type, aggregate, *conditions)

    def _aggregate(self, node: exp.Expr) -> Typed:
        name = str(node.this).lower() if isinstance(node, exp.Anonymous) else ""
        if name not in AGGREGATES:
            raise NotAlike(f"FILTER is evaluated after an aggregate ({', '.join(AGGREGATES)})")
        if name == "count":
            return self._count(node)
        if len(node.expressions) != 1:
            raise NotAlike(f"{name} is evaluated with one argument")
        (given,) = node.expressions
        if isinstance(given, exp.Distinct):
            raise NotAlike(f"{name} of DISTINCT values is not evaluated; COUNT is")
        if name in _OF_CONDITIONS:
            return _of_condition(name, self._row.condition(given))
        return _of_values(name, self._row.value(given))

    def _count(self, node: exp.Expr) -> Typed:
        given = node.expressions
        if not given or isinstance(given[0], exp.Star):
            return Typed("count(*)", "long")
        distinct = isinstance(given[0], exp.Distinct)
        values = given[0].expressions if distinct else given
        if len(values) != 1:
            raise NotAlike("count is evaluated with one argument")
        value = self._row.value(values[0])
        if distinct:
            expect(value, (*NUMBERS, *TIMES, "string", "boolean"), "count of DISTINCT values")
        return derived(f"count({'DISTINCT ' if distinct else ''}{value.sql})", "long", value)


def _of_condition(name: str, condition: Typed) -> Typed:
    if name == "count_if":
        return derived(f"count(CASE WHEN {condition.sql} THEN 1 END)", "long", condition)
    return derived(f"{name}({condition.sql})", "boolean", condition)


def _of_values(name: str, value: Typed) -> Typed:
    if name in ("min", "max"):
        return derived(f"{name}({expect(value, (*NUMBERS, *TIMES, 'string'), name).sql})", value.type, value)
    expect(value, NUMBERS, name)
    if value.kind == "float":
        refuse_float(f"compute {name}")
    sql = f"{name}({value.sql})"
    if name == "avg":
        if value.kind == "decimal":
            refuse_digits("averages")
        return derived(sql, "double", value)
    if value.kind != "decimal":
        return derived(sql, "long" if value.kind in WHOLE else value.type, value)
    precision, scale = value.digits
    return derived(sql, f"decimal({min(precision + _MORE_DIGITS, MOST_DIGITS)},{scale})", value)
