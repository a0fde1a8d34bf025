"""Aggregates.

A rule gets the call and `wrap`, which puts a call where the statement has this one, with its FILTER and OVER.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import INTEGERS, cast, decimal_shape, func, number
from workflows.query.dialect.numbers import exact_quotient

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.query.dialect.scope import Scope


type Wrap = Callable[[exp.Expr], exp.Expr]
type Aggregate = Callable[["Scope", exp.Anonymous, Wrap], exp.Expr]


def total(scope: Scope, node: exp.Anonymous, wrap: Wrap) -> exp.Expr:
    kind = scope.type(_argument(node), "sum")
    return cast(wrap(node.copy()), "BIGINT") if kind in INTEGERS else wrap(node.copy())


def average(scope: Scope, node: exp.Anonymous, wrap: Wrap) -> exp.Expr:
    """Of decimals a decimal of the same type, rounded half away from zero."""
    shape = decimal_shape(kind := scope.type(_argument(node), "avg"))
    if shape is None or kind in INTEGERS:
        return wrap(node.copy())
    total, count = (wrap(func(name, *[one.copy() for one in node.expressions])) for name in ("sum", "count"))
    empty = exp.EQ(this=count.copy(), expression=number(0))
    quotient = exact_quotient(total, count, (shape[1], 0), *shape)
    return exp.Case(ifs=[exp.If(this=empty, true=exp.Null())], default=quotient)


def counted(scope: Scope, node: exp.Anonymous, wrap: Wrap) -> exp.Expr:
    del scope
    return cast(wrap(node.copy()), "BIGINT")


def distinct_count(scope: Scope, node: exp.Anonymous, wrap: Wrap) -> exp.Expr:
    """The exact number is within every error that `approx_distinct` may have."""
    del scope
    return wrap(func("count", exp.Distinct(expressions=[node.expressions[0].copy()])))


def percentile(scope: Scope, node: exp.Anonymous, wrap: Wrap) -> exp.Expr:
    """The exact percentile is within every error that `approx_percentile` may have."""
    if len(node.expressions) != 2:
        raise QueryError("approx_percentile is supported with a value and a percentage.")
    value, percentage = (one.copy() for one in node.expressions)
    if scope.type(node.expressions[0], "approx_percentile").startswith("DECIMAL"):
        value = cast(value, "DOUBLE")
    return wrap(func("quantile_disc", value, percentage))


def renamed(name: str) -> Aggregate:
    def rule(scope: Scope, node: exp.Anonymous, wrap: Wrap) -> exp.Expr:
        del scope
        return wrap(func(name, *[one.copy() for one in node.expressions]))

    return rule


def bare(name: str) -> Aggregate:
    """A macro over aggregates, which takes no FILTER and no OVER."""

    def rule(scope: Scope, node: exp.Anonymous, wrap: Wrap) -> exp.Expr:
        del scope
        new = func(f"athena_{name}", *[one.copy() for one in node.expressions])
        if not isinstance(wrap(new), exp.Anonymous):
            raise QueryError(f"{name} with FILTER or OVER is not supported here.")
        return new

    return rule


def _argument(node: exp.Anonymous) -> exp.Expr:
    argument: exp.Expr = node.expressions[0]
    if isinstance(argument, exp.Distinct):
        argument = argument.expressions[0]
    return argument


AGGREGATES: Final[dict[str, Aggregate]] = {
    "sum": total, "avg": average, "count_if": counted, "approx_distinct": distinct_count,
    "approx_percentile": percentile, "arbitrary": renamed("any_value"), "every": renamed("bool_and"),
    "geometric_mean": renamed("geomean"), "histogram": renamed("histogram"), "map_agg": bare("map_agg"),
    "multimap_agg": bare("multimap_agg"),
}  # fmt: skip
