"""Arrays, maps, rows, and the lambdas that work on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import INTEGERS, cast, func, group_of, number, text, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.query.dialect.scope import Scope

type Rule = Callable[["Scope", Any], exp.Expr]


def joined(scope: Scope, node: exp.Expr) -> exp.Expr:
    """`||` and `concat`: null if a part is null; a list and an element make a list."""
    parts = [part.copy() for part in (node.expressions or [node.this, node.expression])]
    kinds = scope.types(*parts)
    if any(kind.endswith("[]") for kind in kinds):
        parts = [
            part if kind.endswith("[]") else exp.Array(expressions=[part])
            for part, kind in zip(parts, kinds, strict=True)
        ]
        return func("list_concat", *parts)
    for part, kind in zip(parts, kinds, strict=True):
        if kind and group_of(kind) not in ("text", ""):
            raise QueryError(
                f"Expected texts to join, got {written(part)} of type {kind}: CAST it to VARCHAR."
            )
    found = parts[0]
    for part in parts[1:]:
        found = exp.DPipe(this=found, expression=part)
    return exp.paren(found)


def subscript(scope: Scope, node: exp.Expr) -> exp.Expr:
    """Of what is not there, Athena makes an error."""
    source, (place,) = node.this.copy(), [one.copy() for one in node.expressions]
    kind = scope.type(node.this, "a subscript")
    if kind.endswith("[]"):
        return func("athena__subscript", source, place)
    if kind.startswith("MAP("):
        there = exp.If(this=func("map_contains", source.copy(), place.copy()), true=number(1))
        missing = func("athena__fail", text("Key not present in map"))
        return func(
            "list_extract", func("map_extract", source, place), exp.Case(ifs=[there], default=missing)
        )
    if kind.startswith("STRUCT("):
        return func("struct_extract_at", source, place)
    raise QueryError(f"A subscript of {kind} is not supported.")


def element(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    """Of what is not there, null."""
    source, place = (one.copy() for one in node.expressions)
    kind = scope.type(node.expressions[0], "element_at")
    return func("map_extract_value" if kind.startswith("MAP(") else "list_extract", source, place)


def by_kind(of_list: str, of_map: str, of_text: str) -> Rule:
    """A function whose name depends on what it is of."""

    def rule(scope: Scope, node: exp.Expr) -> exp.Expr:
        kind = scope.type(node.expressions[0], str(node.this))
        name = of_list if kind.endswith("[]") else of_map if kind.startswith("MAP(") else of_text
        return func(name, *[one.copy() for one in node.expressions])

    return rule


def sequence(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    kind = scope.type(node.expressions[0], "sequence")
    arguments = [one.copy() for one in node.expressions]
    if kind == "DATE":
        step = arguments[2:] or [exp.Interval(this=text("1"), unit=exp.var("DAY"))]
        return cast(func("generate_series", *arguments[:2], *step), "DATE[]")
    if kind in INTEGERS:
        return func("athena_sequence", *arguments)
    return func("generate_series", *arguments)


def combined(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    del scope
    if node.expressions[1].name != "2":
        raise QueryError("combinations is supported for pairs: combinations(x, 2).")
    return func("athena__pairs", node.expressions[0].copy())


def variables(scope: Scope, node: exp.Anonymous, part: exp.Lambda) -> dict[str, exp.Expr]:
    """A value of the type of each variable of a lambda, by what it is an argument of."""
    first, *others = node.expressions
    item = func("list_extract", first.copy(), number(1))
    name = str(node.this).lower()
    values: list[exp.Expr] = [item]
    if name == "zip_with":
        values.append(func("list_extract", others[0].copy(), number(1)))
    elif name == "reduce":
        values = [others[0].copy(), item]
    elif name in ("map_filter", "transform_values", "transform_keys"):
        values = [
            func("list_extract", func(keys, first.copy()), number(1)) for keys in ("map_keys", "map_values")
        ]
    named = zip(part.expressions, values, strict=False)
    return {one.name: scope.with_values(value) for one, value in named}


def _body(part: exp.Expr, *values: exp.Expr) -> exp.Expr:
    """A lambda's body with values in the places of its variables."""
    if not isinstance(part, exp.Lambda):
        raise QueryError("Expected a lambda: x -> …")
    places = {one.name: value for one, value in zip(part.expressions, values, strict=True)}

    def put(node: exp.Expr) -> exp.Expr:
        is_variable = (
            isinstance(node, exp.Identifier) and node.name in places and not isinstance(node.parent, exp.Dot)
        )
        return places[node.name].copy() if is_variable else node

    body: exp.Expr = part.this.copy().transform(put)
    return body


def _entry(name: str) -> exp.Expr:
    return exp.Dot(this=exp.to_identifier("_e"), expression=exp.to_identifier(name))


def lambda_of(body: exp.Expr, *names: str) -> exp.Lambda:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in names])


def filtered(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    del scope
    return func("list_filter", *[one.copy() for one in node.expressions])


def transformed(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    del scope
    return func("list_transform", *[one.copy() for one in node.expressions])


def matching(name: str) -> Rule:
    def rule(scope: Scope, node: exp.Expr) -> exp.Expr:
        return func(f"athena__{name}_true", transformed(scope, node))  # type: ignore[arg-type]

    return rule


def zipped_with(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    del scope
    first, second, part = node.expressions
    pair = exp.to_identifier("_e")
    sides = [func("struct_extract_at", pair.copy(), number(place)) for place in (1, 2)]
    return func(
        "list_transform", func("list_zip", first.copy(), second.copy()), lambda_of(_body(part, *sides), "_e")
    )


def reduced(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    del scope
    source, start, step, end = node.expressions
    return _body(end, func("list_reduce", source.copy(), step.copy(), start.copy()))


def map_changed(change: str) -> Rule:
    def rule(scope: Scope, node: exp.Expr) -> exp.Expr:
        del scope
        source, part = node.expressions
        entries = func("map_entries", source.copy())
        body = _body(part, _entry("key"), _entry("value"))
        if change == "filter":
            return func("map_from_entries", func("list_filter", entries, lambda_of(body, "_e")))
        key, value = (_entry("key"), body) if change == "values" else (body, _entry("value"))
        return func(
            "map_from_entries", func("list_transform", entries, lambda_of(func("row", key, value), "_e"))
        )

    return rule
