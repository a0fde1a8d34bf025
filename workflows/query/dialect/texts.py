"""Texts, regular expressions and JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from workflows.query.dialect.casts import to_varchar
from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import cast, func, literal_text, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.query.dialect.scope import Scope

type Rule = Callable[["Scope", Any], exp.Expr]


def regexp_grouped(name: str) -> Rule:
    """The group has to be written out for DuckDB."""

    def rule(scope: Scope, node: exp.Expr) -> exp.Expr:
        del scope
        arguments = [one.copy() for one in node.expressions]
        found = func(name, *arguments)
        if name == "regexp_extract_all":
            return found
        matches = func("regexp_matches", *[one.copy() for one in arguments[:2]])
        return exp.Case(ifs=[exp.If(this=matches, true=found)])

    return rule


def regexp_replaced(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    r"""Groups are `$1` in Athena and `\1` in DuckDB."""
    del scope
    source, pattern, *rest = (one.copy() for one in node.expressions)
    other = literal_text(rest[0], "The replacement of regexp_replace") if rest else ""
    other = other.replace("\\$", "\0").replace("\\", "\\\\")
    other = re.sub(r"\$(\d)", r"\\\1", other).replace("\0", "$")
    if re.search(r"\$\{", other):
        raise QueryError("Named groups in regexp_replace are not supported here: number them, $1.")
    return func("regexp_replace", source, pattern, text(other), text("g"))


def formatted(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    """`format` with %s, %d, %x and %f, whose numbers are rounded half away from zero."""
    pattern = literal_text(node.expressions[0], "The pattern of format")
    values = iter(node.expressions[1:])
    found: list[exp.Expr] = []

    def put(part: re.Match[str]) -> str:
        if part[0] == "%%":
            return part[0]
        value = next(values, None)
        kind, width, digits = part["kind"], part["width"], part["digits"]
        if value is None or kind not in "sdxf" or (kind == "f" and width.startswith("0")):
            raise QueryError(f"Pattern {part[0]} of format is not supported here: use %s, %d, %x or %f.")
        if kind == "s":
            found.append(to_varchar(scope, value.copy(), scope.type(value, "format")))
        elif kind == "f":
            exact = cast(cast(value.copy(), "VARCHAR"), f"DECIMAL(38,{digits or 6})")
            found.append(cast(exact, "VARCHAR"))
            return f"%{width}s"
        else:
            found.append(cast(value.copy(), "BIGINT"))
        return part[0]

    written = re.sub(r"%%|%(?P<width>-?\d*)(\.(?P<digits>\d+))?(?P<kind>[^\d.-])", put, pattern)
    return func("printf", text(written), *found)


def trimmed(scope: Scope, node: exp.Expr) -> exp.Expr:
    del scope
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    characters = node.args.get("expression")
    if characters is None:
        return func(f"athena_{name}", node.this.copy())
    return func(name, node.this.copy(), characters.copy())


def json_path(name: str) -> Rule:
    """Paths of the SQL standard have a mode: lax or strict."""

    def rule(scope: Scope, node: exp.Expr) -> exp.Expr:
        del scope
        arguments = node.expressions or [node.this, node.args.get("path") or node.args.get("expression")]
        if node.args.get("option") or node.args.get("returning"):
            raise QueryError(f"{name} is supported with a value and a path.")
        path = re.sub(r"^\s*(lax|strict)\s+", "", literal_text(arguments[1], f"The path of {name}"))
        return func(f"athena_{name}", arguments[0].copy(), text(path))

    return rule
