"""Nodes of a statement, and what the rules ask of them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sqlglot import exp

from workflows.query.dialect.errors import QueryError

# DuckDB's names of types.
INTEGERS: Final = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "HUGEINT": 38, '"NULL"': 1}
UNSIGNED: Final = {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
FLOATS: Final = ("DOUBLE", "FLOAT")
TIMESTAMPS: Final = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
ZONED: Final = "TIMESTAMP WITH TIME ZONE"
UTC: Final = exp.Literal.string("UTC")


class Time(NamedTuple):
    """What Athena knows of a timestamp beyond DuckDB: digits of the second, and the zone it is shown in."""

    digits: int | None = None
    zone: exp.Expr | None = None


def func(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call, as it is written."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(node: exp.Expr, kind: str) -> exp.Cast:
    """A cast to a type of DuckDB."""
    return exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))


def number(value: int | str) -> exp.Expr:
    return exp.Literal.number(value)


def text(value: str) -> exp.Literal:
    return exp.Literal.string(value)


def remember_as_written(statement: exp.Expr) -> None:
    """Keep each expression's text for messages: it is about to be rewritten."""
    for node in statement.walk():
        node.meta["written"] = node.sql("athena")


def written(node: exp.Expr) -> str:
    """An expression as the statement has it."""
    return str(node.meta.get("written") or node.sql("athena"))


def literal_text(node: exp.Expr, what: str) -> str:
    """A text that is written out. Raises QueryError that names what needs it so."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    raise QueryError(f"{what} is supported as a text that is written out, not as an expression.")


def decimal_shape(kind: str) -> tuple[int, int] | None:
    """Precision and scale of an exact number; None of anything else."""
    if kind in INTEGERS:
        return INTEGERS[kind], 0
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    return (int(found[1]), int(found[2])) if found else None


def fields_of(kind: str) -> int:
    """How many fields a STRUCT has, by its type's text."""
    depth, count, is_quoted = 0, 1, False
    for letter in kind[len("STRUCT(") : -len(")[]")]:
        if letter == '"':
            is_quoted = not is_quoted
        if is_quoted:
            continue
        depth += (letter == "(") - (letter == ")")
        count += letter == "," and depth == 0
    return count


_GROUPS: Final = (
    ("text", ("VARCHAR",)),
    ("number", (*INTEGERS, *UNSIGNED, *FLOATS, "DECIMAL")),
    ("boolean", ("BOOLEAN",)),
    ("date or timestamp", ("DATE", *TIMESTAMPS, ZONED)),
)


def group_of(kind: str) -> str:
    """What a type's values can be compared with; "" if anything."""
    return next((name for name, kinds in _GROUPS if kind.partition("(")[0] in kinds and kind != '"NULL"'), "")


_AGGREGATES: Final = frozenset(
    """
    any_value arg_max arg_min array_agg arbitrary avg bool_and bool_or corr count count_if covar_pop
    covar_samp every geomean geometric_mean histogram list max max_by min min_by quantile_disc
    regr_intercept regr_slope stddev stddev_pop stddev_samp string_agg listagg sum var_pop var_samp
    variance athena_map_agg athena_multimap_agg athena_histogram athena__map_of approx_distinct
    approx_percentile map_agg multimap_agg
    """.split()  # noqa: SIM905 -- words read better than 42 texts
)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a node makes one value of many rows."""
    if isinstance(node, exp.GroupConcat):
        return True
    return (
        isinstance(node, exp.Anonymous)
        and str(node.this).lower() in _AGGREGATES
        and not isinstance(node.parent, exp.Window)
    )
