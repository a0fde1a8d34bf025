"""Numbers: Athena's answers keep integers and decimals (trino.io/docs/current/functions/decimal.html)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import (
    FLOATS,
    INTEGERS,
    cast,
    decimal_shape,
    func,
    group_of,
    number,
    text,
    written,
)

if TYPE_CHECKING:
    from workflows.query.dialect.scope import Scope


def _unscaled(node: exp.Expr, scale: int) -> exp.Expr:
    if scale:
        node = exp.Mul(this=exp.paren(node), expression=cast(text(str(10**scale)), f"DECIMAL({scale + 1},0)"))
    return cast(node, "HUGEINT")


def _rescaled(node: exp.Expr, precision: int, scale: int) -> exp.Expr:
    exact: exp.Expr = cast(node, "DECIMAL(38,0)")
    if scale:
        unit = cast(text(f"0.{'1'.rjust(scale, '0')}"), f"DECIMAL({scale},{scale})")
        exact = exp.Mul(this=exact, expression=unit)
    return cast(exact, f"DECIMAL({min(38, precision)},{scale})")


def exact_quotient(
    left: exp.Expr, right: exp.Expr, scales: tuple[int, int], precision: int, scale: int
) -> exp.Expr:
    """The quotient rounded half away from zero to the scale."""
    left_scale, right_scale = scales
    shift = scale - left_scale + right_scale
    dividend = exp.Mul(this=_unscaled(left, left_scale), expression=cast(text(str(10**shift)), "HUGEINT"))
    return _rescaled(func("athena__quotient", dividend, _unscaled(right, right_scale)), precision, scale)


def divide(scope: Scope, node: exp.Expr) -> exp.Expr:
    """Of integers an integer, of decimals a decimal: trino.io/docs/current/functions/decimal.html."""
    left, right = node.this, node.expression
    kinds = scope.types(left, right)
    if not all(kinds):
        kinds = [scope.type(left, "its quotient"), scope.type(right, "the quotient")]
    if any(kind in FLOATS for kind in kinds):
        return exp.Div(this=cast(left.copy(), "DOUBLE"), expression=cast(right.copy(), "DOUBLE"))
    if all(kind in INTEGERS for kind in kinds):
        return func("athena__divide_integers", left.copy(), right.copy())
    shapes = [decimal_shape(kind) for kind in kinds]
    first, second = shapes
    if first is None or second is None:
        raise QueryError(f"Division of {kinds[0]} by {kinds[1]} is not supported.")
    scale = max(first[1], second[1])
    precision = first[0] + second[1] + max(0, second[1] - first[1])
    return exact_quotient(left.copy(), right.copy(), (first[1], second[1]), precision, scale)


def modulo(scope: Scope, node: exp.Expr) -> exp.Expr:
    left, right = (node.this, node.expression) if isinstance(node, exp.Mod) else node.expressions
    kind = scope.type(right, "the remainder")
    left, right = left.copy(), right.copy()
    rest = exp.Mod(this=exp.paren(left), expression=exp.paren(right))
    if kind in FLOATS:
        return exp.paren(rest)
    zero = exp.EQ(this=exp.paren(right.copy()), expression=number(0))
    failure = cast(func("athena__fail", text("Division by zero")), kind if kind != '"NULL"' else "BIGINT")
    return exp.Case(ifs=[exp.If(this=zero, true=failure)], default=rest)


def rounded(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    """`round` of a decimal keeps its scale."""
    kind = scope.type(node.expressions[0], "round")
    shape = decimal_shape(kind)
    if shape is None or kind in INTEGERS:
        return node
    if len(node.expressions) == 1:
        return cast(node.copy(), f"DECIMAL({min(38, shape[0] - shape[1] + 1)},0)")
    return cast(node.copy(), f"DECIMAL({min(38, shape[0] + 1)},{shape[1]})")


def null_if_any(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    """`greatest` and `least` are null if an argument is."""
    del scope
    empty = [exp.Is(this=exp.paren(one.copy()), expression=exp.Null()) for one in node.expressions]
    return exp.Case(ifs=[exp.If(this=exp.or_(*empty), true=exp.Null())], default=node.copy())


def compared(scope: Scope, node: exp.Expr) -> exp.Expr:
    """Athena compares a text with a number or a time by a CAST alone; DuckDB would cast by itself."""
    sides = [node.this, node.args.get("expression"), node.args.get("low"), node.args.get("high")]
    sides += node.expressions if isinstance(node, exp.In) else []
    known = [
        one
        for one in sides
        if one is not None and not isinstance(one, (exp.Tuple, exp.Null, exp.All, exp.Any))
    ]
    groups = {
        group: one for one, kind in zip(known, scope.types(*known), strict=True) if (group := group_of(kind))
    }
    if len(groups) > 1:
        (first, left), (second, right), *_ = groups.items()
        raise QueryError(
            f"Athena does not compare a {first} with a {second}: CAST {written(left)} or {written(right)}."
        )
    return node


def multiplied(scope: Scope, node: exp.Expr) -> exp.Expr:
    refuse_texts(scope, node)
    return node


def refuse_texts(scope: Scope, node: exp.Expr) -> None:
    for side, kind in zip((node.this, node.expression), scope.types(node.this, node.expression), strict=True):
        if kind == "VARCHAR":
            raise QueryError(f"Expected a number or a time, got the text {written(side)}: CAST it.")
