"""What stands around expressions: UNNEST, FETCH, names of columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from workflows.query.dialect.casts import zone_of
from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nested import lambda_of
from workflows.query.dialect.nodes import fields_of, func, number

if TYPE_CHECKING:
    from workflows.query.dialect.scope import Scope


def unnest(scope: Scope, node: exp.Unnest) -> None:
    """One column for each list, two for each map, one for each field of rows; shorter lists end in nulls."""
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    offset = node.args.get("offset")
    columns: list[exp.Expr] = []
    for source in node.expressions:
        kind = scope.type(source, "UNNEST")
        if kind.startswith("MAP("):
            columns += [func("unnest", func(name, source.copy())) for name in ("map_keys", "map_values")]
        elif kind.startswith("STRUCT(") and kind.endswith(")[]"):
            columns += [
                func(
                    "unnest",
                    func(
                        "list_transform",
                        source.copy(),
                        lambda_of(func("struct_extract_at", exp.to_identifier("_e"), number(place)), "_e"),
                    ),
                )
                for place in range(1, fields_of(kind) + 1)
            ]
        elif kind.endswith("[]"):
            columns.append(func("unnest", source.copy()))
        else:
            raise QueryError(f"UNNEST takes arrays and maps, got {kind}.")
    if offset:
        lengths = [
            func("cardinality" if scope.type(one, "UNNEST").startswith("MAP(") else "len", one.copy())
            for one in node.expressions
        ]
        most = lengths[0] if len(lengths) == 1 else func("greatest", *lengths)
        columns.append(func("unnest", func("range", number(1), exp.Add(this=most, expression=number(1)))))
        if isinstance(offset, exp.Identifier) and len(names) < len(columns):
            names.append(offset.name)
    names = names or [f"_field{place}" for place in range(len(columns))]
    if len(names) != len(columns):
        raise QueryError(f"UNNEST gives {len(columns)} columns, and its alias names {len(names)}.")
    select = exp.Select(
        expressions=[
            exp.alias_(column, name, quoted=True) for column, name in zip(columns, names, strict=True)
        ]
    )
    table = exp.TableAlias(this=exp.to_identifier(alias.name if alias and alias.name else "_unnested"))
    inner = exp.Subquery(this=select)
    is_joined = isinstance(node.parent, exp.Join)
    if is_joined:
        node.replace(exp.Lateral(this=inner, alias=table))
    else:
        inner.set("alias", table)
        node.replace(inner)


def ties(node: exp.Select) -> None:
    """FETCH FIRST n ROWS, WITH TIES or ONLY."""
    fetch = node.args.get("limit")
    if not isinstance(fetch, exp.Fetch):
        return
    options = fetch.args.get("limit_options")
    count = fetch.args.get("count") or number(1)
    if not (options and options.args.get("with_ties")):
        node.set("limit", exp.Limit(expression=count.copy()))
        return
    order = node.args.get("order")
    if order is None:
        raise QueryError("FETCH … WITH TIES takes an ORDER BY.")
    if node.args.get("group") or node.args.get("distinct") or node.args.get("having"):
        raise QueryError("FETCH … WITH TIES beside GROUP BY, HAVING or DISTINCT: put these in a subquery.")
    place = exp.Window(this=func("rank"), order=order.copy())
    node.set("qualify", exp.Qualify(this=exp.LTE(this=place, expression=count.copy())))
    node.set("limit", None)


def nulls_inside(statement: exp.Expr) -> None:
    """DuckDB takes IGNORE NULLS inside of the call: lag(x IGNORE NULLS)."""
    for node in list(statement.find_all(exp.IgnoreNulls, exp.RespectNulls)):
        if isinstance(node.this, exp.Anonymous):
            call = node.this
            first, *rest = (one.copy() for one in call.expressions)
            node.replace(exp.Anonymous(this=call.this, expressions=[type(node)(this=first), *rest]))


def name_columns(statement: exp.Expr) -> None:
    """Columns without a name are `_col0`, `_col1`, … by their place."""
    while not isinstance(statement, exp.Select):
        if not isinstance(statement, (exp.SetOperation, exp.Subquery)):
            return
        statement = statement.this
    for place, item in enumerate(list(statement.expressions)):
        is_named = isinstance(item, (exp.Alias, exp.Column, exp.Star, exp.Dot)) or item.is_star
        if not is_named:
            item.replace(exp.alias_(item.copy(), f"_col{place}"))


def has_zones(statement: exp.Expr) -> bool:
    """Whether a time of the statement may be in another zone than UTC."""
    if statement.find(exp.AtTimeZone):
        return True
    for one in statement.find_all(exp.Anonymous):
        name = str(one.this).lower()
        if name in ("at_timezone", "with_timezone"):
            return True
        if name == "from_iso8601_timestamp" and not re.search(r"(Z|\d)$", one.expressions[0].name):
            return True
        if name == "from_iso8601_timestamp" and re.search(r"[+-]\d\d:?\d\d$", one.expressions[0].name):
            return True
    return any(
        zone_of(str(one.this.this)) not in ("", "UTC", "Z")
        for one in statement.find_all(exp.Cast)
        if one.to.this == exp.DType.TIMESTAMPTZ and isinstance(one.this, exp.Literal)
    )
