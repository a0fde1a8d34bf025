"""What each function and operator of Athena is in DuckDB.

A function is here in one of four ways: DuckDB's own of that name answers alike (`_ALIKE`), its name differs
(`_OTHER_NAME`), a macro answers (`macros.sql`), or a rule writes it, mostly as its answer depends on types.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from workflows.query.dialect.patterns import from_joda, from_mysql
from workflows.query.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.query.dialect.translate import Time, Translation

type Rule = Callable[["Translation", exp.Expression], exp.Expression]

_ALIKE: Final = frozenset(
    [
        "abs",
        "acos",
        "asin",
        "atan",
        "atan2",
        "cbrt",
        "ceil",
        "ceiling",
        "coalesce",
        "concat_ws",
        "cos",
        "cosh",
        "covar_pop",
        "covar_samp",
        "corr",
        "count",
        "cume_dist",
        "current_date",
        "degrees",
        "dense_rank",
        "exp",
        "first_value",
        "floor",
        "grouping",
        "hour",
        "isfinite",
        "lag",
        "last_value",
        "lead",
        "length",
        "lower",
        "map_from_entries",
        "map_keys",
        "map_values",
        "max",
        "max_by",
        "min",
        "min_by",
        "minute",
        "month",
        "nth_value",
        "ntile",
        "nullif",
        "percent_rank",
        "pi",
        "quarter",
        "radians",
        "random",
        "rank",
        "regr_intercept",
        "regr_slope",
        "row_number",
        "sign",
        "sin",
        "sinh",
        "starts_with",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "tan",
        "tanh",
        "translate",
        "upper",
        "uuid",
        "var_pop",
        "var_samp",
        "variance",
        "week",
        "year",
        "day",
        "bool_and",
        "bool_or",
        "array_agg",
        "bit_count",
    ]
)
_OTHER_NAME: Final = {
    "arbitrary": "any_value", "any_value": "any_value", "every": "bool_and", "geometric_mean": "geomean",
    "is_finite": "isfinite", "is_infinite": "isinf", "is_nan": "isnan", "pow": "athena_power", "rand": "random",
    "row": "row", "zip": "list_zip", "substring": "athena_substr", "normalize": "nfc_normalize",
}  # fmt: skip
_AGGREGATES: Final = frozenset(
    [
        "any_value",
        "arg_max",
        "arg_min",
        "array_agg",
        "arbitrary",
        "avg",
        "bool_and",
        "bool_or",
        "corr",
        "count",
        "count_if",
        "covar_pop",
        "covar_samp",
        "every",
        "geomean",
        "geometric_mean",
        "histogram",
        "list",
        "max",
        "max_by",
        "min",
        "min_by",
        "quantile_disc",
        "regr_intercept",
        "regr_slope",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "listagg",
        "sum",
        "var_pop",
        "var_samp",
        "variance",
        "athena_map_agg",
        "athena_multimap_agg",
        "athena_histogram",
        "athena_map_of",
        "approx_distinct",
        "approx_percentile",
        "map_agg",
        "multimap_agg",
    ]
)
_INTEGERS: Final = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19, "HUGEINT": 38, '"NULL"': 1}
_UNSIGNED: Final = {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
_FLOATS: Final = ("DOUBLE", "FLOAT")
_TIMESTAMPS: Final = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_ZONED: Final = "TIMESTAMP WITH TIME ZONE"
_LOCAL: Final = frozenset(
    [
        "day",
        "day_of_month",
        "day_of_week",
        "day_of_year",
        "dow",
        "doy",
        "hour",
        "last_day_of_month",
        "millisecond",
        "minute",
        "month",
        "quarter",
        "second",
        "week",
        "week_of_year",
        "year",
        "year_of_week",
        "yow",
        "date",
    ]
)  # of a timestamp with time zone, these are of the time that its zone shows
_LONG_UNITS: Final = ("day", "week", "month", "quarter", "year")
_UNITS: Final = ("millisecond", "second", "minute", "hour", *_LONG_UNITS)


def func(name: str, *arguments: exp.Expression) -> exp.Anonymous:
    """A call, as it is written."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(node: exp.Expression, kind: str) -> exp.Cast:
    """A cast to a type of DuckDB."""
    return exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))


def number(value: int | str) -> exp.Literal:
    return exp.Literal.number(value)


def text(value: str) -> exp.Literal:
    return exp.Literal.string(value)


def literal_text(node: exp.Expression, what: str) -> str:
    """A text that is written out. Raises QueryError that names what needs it so."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    raise QueryError(f"{what} is supported as a text that is written out, not as an expression.")


@cache
def macros() -> str:
    """The SQL that makes the macros."""
    return files(__package__).joinpath("macros.sql").read_text()


@cache
def _macro_names() -> frozenset[str]:
    return frozenset(re.findall(r"CREATE MACRO athena_(\w+)\(", macros()))


# --- calls --------------------------------------------------------------------------------------------------


def call(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    """A function in its place. Raises QueryError if nothing here answers as Athena does."""
    name = str(node.this).lower()
    if name in _LOCAL:
        _take_local(translation, node)
    if rule := CALLS.get(name):
        return rule(translation, node)
    if name in _ALIKE:
        return node
    if other := _OTHER_NAME.get(name):
        return func(other, *node.expressions)
    if name in _macro_names():
        return func(f"athena_{name}", *node.expressions)
    if name.startswith("athena_") or name in _WRITTEN:
        return node  # written by a rule
    raise QueryError(f"Function {name} is not supported here; Athena on AWS has it.")


_WRITTEN: Final = frozenset(
    [
        "timezone",
        "list_filter",
        "list_transform",
        "list_reduce",
        "strftime",
        "strptime",
        "list_extract",
        "map_extract",
        "sum",
        "avg",
        "list",
        "len",
    ]
)


def _take_local(translation: Translation, node: exp.Anonymous) -> None:
    if node.expressions and translation.has_zones:
        (kind,) = translation.types(node.expressions[0])
        node.set("expressions", [translation.local(node.expressions[0].copy(), kind), *node.expressions[1:]])


def is_aggregate(node: exp.Expression) -> bool:
    """Whether a node makes one value of many rows."""
    if isinstance(node, exp.GroupConcat):
        return True
    return (
        isinstance(node, exp.Anonymous)
        and str(node.this).lower() in _AGGREGATES
        and not isinstance(node.parent, exp.Window)
    )


# --- numbers ------------------------------------------------------------------------------------------------


def _decimal(kind: str) -> tuple[int, int] | None:
    """Precision and scale of an exact number; None of anything else."""
    if kind in _INTEGERS:
        return _INTEGERS[kind], 0
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    return (int(found[1]), int(found[2])) if found else None


def _unscaled(node: exp.Expression, scale: int) -> exp.Expression:
    if scale:
        node = exp.Mul(this=exp.paren(node), expression=cast(text(str(10**scale)), f"DECIMAL({scale + 1},0)"))
    return cast(node, "HUGEINT")


def _rescaled(node: exp.Expression, precision: int, scale: int) -> exp.Expression:
    exact: exp.Expression = cast(node, "DECIMAL(38,0)")
    if scale:
        unit = cast(text(f"0.{'1'.rjust(scale, '0')}"), f"DECIMAL({scale},{scale})")
        exact = exp.Mul(this=exact, expression=unit)
    return cast(exact, f"DECIMAL({min(38, precision)},{scale})")


def _exact_quotient(
    left: exp.Expression, right: exp.Expression, left_scale: int, right_scale: int, precision: int, scale: int
) -> exp.Expression:
    """The quotient rounded half away from zero to the scale."""
    shift = scale - left_scale + right_scale
    dividend = exp.Mul(this=_unscaled(left, left_scale), expression=cast(text(str(10**shift)), "HUGEINT"))
    return _rescaled(func("athena_quotient", dividend, _unscaled(right, right_scale)), precision, scale)


def divide(translation: Translation, node: exp.Expression) -> exp.Expression:
    """Of integers an integer, of decimals a decimal: trino.io/docs/current/functions/decimal.html."""
    left, right = node.this, node.expression
    kinds = translation.types(left, right)
    if not all(kinds):
        kinds = [translation.type(left, "its quotient"), translation.type(right, "the quotient")]
    if any(kind in _FLOATS for kind in kinds):
        return exp.Div(this=cast(left.copy(), "DOUBLE"), expression=cast(right.copy(), "DOUBLE"))
    if all(kind in _INTEGERS for kind in kinds):
        return func("athena_divide_integers", left.copy(), right.copy())
    shapes = [_decimal(kind) for kind in kinds]
    first, second = shapes
    if first is None or second is None:
        raise QueryError(f"Division of {kinds[0]} by {kinds[1]} is not supported.")
    scale = max(first[1], second[1])
    precision = first[0] + second[1] + max(0, second[1] - first[1])
    return _exact_quotient(left.copy(), right.copy(), first[1], second[1], precision, scale)


def modulo(translation: Translation, node: exp.Expression) -> exp.Expression:
    left, right = (node.this, node.expression) if isinstance(node, exp.Mod) else node.expressions
    kind = translation.type(right, "the remainder")
    left, right = left.copy(), right.copy()
    rest = exp.Mod(this=exp.paren(left), expression=exp.paren(right))
    if kind in _FLOATS:
        return exp.paren(rest)
    zero = exp.EQ(this=exp.paren(right.copy()), expression=number(0))
    failure = cast(func("athena_fail", text("Division by zero")), kind if kind != '"NULL"' else "BIGINT")
    return exp.Case(ifs=[exp.If(this=zero, true=failure)], default=rest)


def rounded(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    """`round` of a decimal keeps its scale."""
    kind = translation.type(node.expressions[0], "round")
    shape = _decimal(kind)
    if shape is None or kind in _INTEGERS:
        return node
    if len(node.expressions) == 1:
        return cast(node.copy(), f"DECIMAL({min(38, shape[0] - shape[1] + 1)},0)")
    return cast(node.copy(), f"DECIMAL({min(38, shape[0] + 1)},{shape[1]})")


def null_if_any(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    """`greatest` and `least` are null if an argument is."""
    del translation
    empty = [exp.Is(this=exp.paren(one.copy()), expression=exp.Null()) for one in node.expressions]
    return exp.Case(ifs=[exp.If(this=exp.or_(*empty), true=exp.Null())], default=node.copy())


# --- aggregates: `wrap` puts a call where the statement has one, with its FILTER and OVER ---------------------

type Wrap = Callable[[exp.Expression], exp.Expression]
type Aggregate = Callable[["Translation", exp.Anonymous, Wrap], exp.Expression]


def total(translation: Translation, node: exp.Anonymous, wrap: Wrap) -> exp.Expression:
    kind = translation.type(_argument(node), "sum")
    return cast(wrap(node.copy()), "BIGINT") if kind in _INTEGERS else wrap(node.copy())


def average(translation: Translation, node: exp.Anonymous, wrap: Wrap) -> exp.Expression:
    """Of decimals a decimal of the same type, rounded half away from zero."""
    shape = _decimal(kind := translation.type(_argument(node), "avg"))
    if shape is None or kind in _INTEGERS:
        return wrap(node.copy())
    total, count = (wrap(func(name, *[one.copy() for one in node.expressions])) for name in ("sum", "count"))
    empty = exp.EQ(this=count.copy(), expression=number(0))
    quotient = _exact_quotient(total, count, shape[1], 0, *shape)
    return exp.Case(ifs=[exp.If(this=empty, true=exp.Null())], default=quotient)


def counted(translation: Translation, node: exp.Anonymous, wrap: Wrap) -> exp.Expression:
    del translation
    return cast(wrap(node.copy()), "BIGINT")


def distinct_count(translation: Translation, node: exp.Anonymous, wrap: Wrap) -> exp.Expression:
    """The exact number is within every error that `approx_distinct` may have."""
    del translation
    return wrap(func("count", exp.Distinct(expressions=[node.expressions[0].copy()])))


def percentile(translation: Translation, node: exp.Anonymous, wrap: Wrap) -> exp.Expression:
    """The exact percentile is within every error that `approx_percentile` may have."""
    if len(node.expressions) != 2:
        raise QueryError("approx_percentile is supported with a value and a percentage.")
    value, percentage = (one.copy() for one in node.expressions)
    if translation.type(node.expressions[0], "approx_percentile").startswith("DECIMAL"):
        value = cast(value, "DOUBLE")
    return wrap(func("quantile_disc", value, percentage))


def renamed(name: str) -> Aggregate:
    def rule(translation: Translation, node: exp.Anonymous, wrap: Wrap) -> exp.Expression:
        del translation
        return wrap(func(name, *[one.copy() for one in node.expressions]))

    return rule


def bare(name: str) -> Aggregate:
    """A macro over aggregates, which takes no FILTER and no OVER."""

    def rule(translation: Translation, node: exp.Anonymous, wrap: Wrap) -> exp.Expression:
        del translation
        new = func(f"athena_{name}", *[one.copy() for one in node.expressions])
        if not isinstance(wrap(new), exp.Anonymous):
            raise QueryError(f"{name} with FILTER or OVER is not supported here.")
        return new

    return rule


AGGREGATES: Final[dict[str, Aggregate]] = {
    "sum": total, "avg": average, "count_if": counted, "approx_distinct": distinct_count,
    "approx_percentile": percentile, "arbitrary": renamed("any_value"), "every": renamed("bool_and"),
    "geometric_mean": renamed("geomean"), "histogram": renamed("histogram"), "map_agg": bare("map_agg"),
    "multimap_agg": bare("multimap_agg"),
}  # fmt: skip


def _argument(node: exp.Anonymous) -> exp.Expression:
    argument = node.expressions[0]
    return argument.expressions[0] if isinstance(argument, exp.Distinct) else argument


# --- comparisons --------------------------------------------------------------------------------------------

_GROUPS: Final = (
    ("text", ("VARCHAR",)),
    ("number", (*_INTEGERS, *_UNSIGNED, *_FLOATS, "DECIMAL")),
    ("boolean", ("BOOLEAN",)),
    ("date or timestamp", ("DATE", *_TIMESTAMPS, _ZONED)),
)


def _group(kind: str) -> str:
    return next((name for name, kinds in _GROUPS if kind.partition("(")[0] in kinds and kind != '"NULL"'), "")


def compared(translation: Translation, node: exp.Expression) -> exp.Expression:
    """Athena compares a text with a number or a time by a CAST alone; DuckDB would cast by itself."""
    sides = [node.this, node.args.get("expression"), node.args.get("low"), node.args.get("high")]
    sides += node.expressions if isinstance(node, exp.In) else []
    known = [
        one
        for one in sides
        if one is not None and not isinstance(one, (exp.Tuple, exp.Null, exp.All, exp.Any))
    ]
    groups = {
        group: one
        for one, kind in zip(known, translation.types(*known), strict=True)
        if (group := _group(kind))
    }
    if len(groups) > 1:
        (first, left), (second, right), *_ = groups.items()
        raise QueryError(
            f"Athena does not compare a {first} with a {second}: {left.sql('athena')}, {right.sql('athena')}. CAST one of them."
        )
    return node


def multiplied(translation: Translation, node: exp.Expression) -> exp.Expression:
    _refuse_texts(translation, node)
    return node


def _refuse_texts(translation: Translation, node: exp.Expression) -> None:
    for side, kind in zip(
        (node.this, node.expression), translation.types(node.this, node.expression), strict=True
    ):
        if kind == "VARCHAR":
            raise QueryError(f"Expected a number or a time, got the text {side.sql('athena')}: CAST it.")


# --- operators ----------------------------------------------------------------------------------------------


def plus(translation: Translation, node: exp.Expression) -> exp.Expression:
    """Of a date and an interval a date, of two dates an interval."""
    left, right = node.this, node.expression
    _refuse_texts(translation, node)
    kinds = translation.types(left, right)
    is_minus = isinstance(node, exp.Sub)
    node.meta["time"] = translation.time(right if "TIMESTAMP" in kinds[1] else left)
    if kinds == ["DATE", "DATE"] and is_minus:
        return func("to_days", cast(node.copy(), "INTEGER"))
    if "DATE" in kinds:
        if "INTERVAL" not in kinds:
            raise QueryError("A date takes an INTERVAL: date '2017-01-01' + INTERVAL '1' DAY.")
        return cast(node.copy(), "DATE")
    return node


def joined(translation: Translation, node: exp.Expression) -> exp.Expression:
    """`||` and `concat`: null if a part is null; a list and an element make a list."""
    parts = [part.copy() for part in (node.expressions or [node.this, node.expression])]
    kinds = translation.types(*parts)
    if any(kind.endswith("[]") for kind in kinds):
        parts = [
            part if kind.endswith("[]") else exp.Array(expressions=[part])
            for part, kind in zip(parts, kinds, strict=True)
        ]
        return func("list_concat", *parts)
    for part, kind in zip(parts, kinds, strict=True):
        if kind and _group(kind) not in ("text", ""):
            raise QueryError(
                f"Expected texts to join, got {part.sql('athena')} of type {kind}: CAST it to VARCHAR."
            )
    found = parts[0]
    for part in parts[1:]:
        found = exp.DPipe(this=found, expression=part)
    return exp.paren(found)


def subscript(translation: Translation, node: exp.Expression) -> exp.Expression:
    """Of what is not there, Athena makes an error."""
    source, (place,) = node.this.copy(), [one.copy() for one in node.expressions]
    kind = translation.type(node.this, "a subscript")
    if kind.endswith("[]"):
        return func("athena_subscript", source, place)
    if kind.startswith("MAP("):
        there = exp.If(this=func("map_contains", source.copy(), place.copy()), true=number(1))
        missing = func("athena_fail", text("Key not present in map"))
        return func(
            "list_extract", func("map_extract", source, place), exp.Case(ifs=[there], default=missing)
        )
    if kind.startswith("STRUCT("):
        return func("struct_extract_at", source, place)
    raise QueryError(f"A subscript of {kind} is not supported.")


def element(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    """Of what is not there, null."""
    source, place = (one.copy() for one in node.expressions)
    kind = translation.type(node.expressions[0], "element_at")
    return func("map_extract_value" if kind.startswith("MAP(") else "list_extract", source, place)


def by_kind(of_list: str, of_map: str, of_text: str) -> Rule:
    """A function whose name depends on what it is of."""

    def rule(translation: Translation, node: exp.Expression) -> exp.Expression:
        kind = translation.type(node.expressions[0], str(node.this))
        name = of_list if kind.endswith("[]") else of_map if kind.startswith("MAP(") else of_text
        return func(name, *[one.copy() for one in node.expressions])

    return rule


# --- lambdas ------------------------------------------------------------------------------------------------


def variables(translation: Translation, node: exp.Anonymous, part: exp.Lambda) -> dict[str, exp.Expression]:
    """A value of the type of each variable of a lambda, by what it is an argument of."""
    first, *others = node.expressions
    item = func("list_extract", first.copy(), number(1))
    name = str(node.this).lower()
    values = [item]
    if name == "zip_with":
        values.append(func("list_extract", others[0].copy(), number(1)))
    elif name == "reduce":
        values = [others[0].copy(), item]
    elif name in ("map_filter", "transform_values", "transform_keys"):
        values = [
            func("list_extract", func(keys, first.copy()), number(1)) for keys in ("map_keys", "map_values")
        ]
    values = [translation.with_values(value) for value in values]
    return {one.name: value for one, value in zip(part.expressions, values, strict=False)}


def _body(part: exp.Expression, *values: exp.Expression) -> exp.Expression:
    """A lambda's body with values in the places of its variables."""
    if not isinstance(part, exp.Lambda):
        raise QueryError("Expected a lambda: x -> …")
    places = {one.name: value for one, value in zip(part.expressions, values, strict=True)}

    def put(node: exp.Expression) -> exp.Expression:
        is_variable = (
            isinstance(node, exp.Identifier) and node.name in places and not isinstance(node.parent, exp.Dot)
        )
        return places[node.name].copy() if is_variable else node

    return part.this.copy().transform(put)


def _entry(name: str) -> exp.Expression:
    return exp.Dot(this=exp.to_identifier("_e"), expression=exp.to_identifier(name))


def _lambda(body: exp.Expression, *names: str) -> exp.Lambda:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in names])


def filtered(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    del translation
    return func("list_filter", *[one.copy() for one in node.expressions])


def transformed(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    del translation
    return func("list_transform", *[one.copy() for one in node.expressions])


def matching(name: str) -> Rule:
    def rule(translation: Translation, node: exp.Expression) -> exp.Expression:
        return func(f"athena_{name}_true", transformed(translation, node))  # type: ignore[arg-type]

    return rule


def zipped_with(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    del translation
    first, second, part = node.expressions
    pair = exp.to_identifier("_e")
    sides = [func("struct_extract_at", pair.copy(), number(place)) for place in (1, 2)]
    return func(
        "list_transform", func("list_zip", first.copy(), second.copy()), _lambda(_body(part, *sides), "_e")
    )


def reduced(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    del translation
    source, start, step, end = node.expressions
    return _body(end, func("list_reduce", source.copy(), step.copy(), start.copy()))


def map_changed(change: str) -> Rule:
    def rule(translation: Translation, node: exp.Expression) -> exp.Expression:
        del translation
        source, part = node.expressions
        entries = func("map_entries", source.copy())
        body = _body(part, _entry("key"), _entry("value"))
        if change == "filter":
            return func("map_from_entries", func("list_filter", entries, _lambda(body, "_e")))
        key, value = (_entry("key"), body) if change == "values" else (body, _entry("value"))
        return func(
            "map_from_entries", func("list_transform", entries, _lambda(func("row", key, value), "_e"))
        )

    return rule


# --- texts --------------------------------------------------------------------------------------------------


def regexp_group(name: str) -> Rule:
    """The group has to be written out for DuckDB."""

    def rule(translation: Translation, node: exp.Expression) -> exp.Expression:
        del translation
        arguments = [one.copy() for one in node.expressions]
        found = func(name, *arguments)
        if name == "regexp_extract_all":
            return found
        matches = func("regexp_matches", *[one.copy() for one in arguments[:2]])
        return exp.Case(ifs=[exp.If(this=matches, true=found)])

    return rule


def regexp_replaced(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    r"""Groups are `$1` in Athena and `\1` in DuckDB."""
    del translation
    source, pattern, *rest = (one.copy() for one in node.expressions)
    other = literal_text(rest[0], "The replacement of regexp_replace") if rest else ""
    other = other.replace("\\$", "\0").replace("\\", "\\\\")
    other = re.sub(r"\$(\d)", r"\\\1", other).replace("\0", "$")
    if re.search(r"\$\{", other):
        raise QueryError("Named groups in regexp_replace are not supported here: number them, $1.")
    return func("regexp_replace", source, pattern, text(other), text("g"))


def formatted(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    pattern = literal_text(node.expressions[0], "The pattern of format")
    parts = re.findall(r"%(?:%|[-0-9.]*[a-zA-Z,].?)", pattern)
    values = iter(node.expressions[1:])
    found = []
    for part in parts:
        if part == "%%":
            continue
        value = next(values, None)
        kinds = {"s": "VARCHAR", "d": "BIGINT", "f": "DOUBLE", "x": "BIGINT"}
        kind = re.fullmatch(r"%[-0-9.]*([a-zA-Z]).?", part)
        if value is None or kind is None or kind[1] not in kinds:
            raise QueryError(f"Pattern {part} of format is not supported here: use %s, %d, %f or %x.")
        if kind[1] == "s":
            found.append(to_varchar(translation, value.copy(), translation.type(value, "format")))
        else:
            found.append(cast(value.copy(), kinds[kind[1]]))
    return func("printf", text(pattern), *found)


def trimmed(translation: Translation, node: exp.Expression) -> exp.Expression:
    del translation
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    characters = node.args.get("expression")
    if characters is None:
        return func(f"athena_{name}", node.this.copy())
    return func(name, node.this.copy(), characters.copy())


# --- casts --------------------------------------------------------------------------------------------------

_TEXTS_OF: Final = {
    exp.DType.TINYINT: r"[+-]?[0-9]+", exp.DType.SMALLINT: r"[+-]?[0-9]+", exp.DType.INT: r"[+-]?[0-9]+",
    exp.DType.BIGINT: r"[+-]?[0-9]+", exp.DType.DECIMAL: r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
    exp.DType.BOOLEAN: r"(?i)t|f|true|false|1|0", exp.DType.DATE: r"\s*[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}\s*",
    exp.DType.TIMESTAMP: r"[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]*)?)?)?",
}  # fmt: skip
_WHOLE: Final = (exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT)


def casted(translation: Translation, node: exp.Expression) -> exp.Expression:
    """CAST and TRY_CAST: trino.io/docs/current/functions/conversion.html."""
    to, source = node.args["to"], node.this
    is_literal = isinstance(source, exp.Literal) and source.is_string
    kind = "VARCHAR" if is_literal else translation.type(source, "CAST")
    new = _cast(translation, source.copy(), kind, to)
    time = _time_of_cast(translation, source, kind, to)
    if isinstance(node, exp.TryCast):
        new = func("TRY", new)
    new.meta["time"] = time
    return new


def _cast(translation: Translation, source: exp.Expression, kind: str, to: exp.DataType) -> exp.Expression:
    target = to.this
    if target in (exp.DType.VARCHAR, exp.DType.TEXT):
        as_text = to_varchar(translation, source, kind)
        return func("left", as_text, to.expressions[0].this.copy()) if to.expressions else as_text
    if target in (exp.DType.CHAR, exp.DType.NCHAR):
        raise QueryError("CHAR is not supported here: use VARCHAR.")
    if target == exp.DType.JSON:
        return func("to_json", source)
    if target == exp.DType.DECIMAL and not to.expressions:
        to = exp.DataType.build("DECIMAL(38, 0)")
    if target in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ):
        to = exp.DataType.build(target.value)
    if kind == "VARCHAR" and (pattern := _TEXTS_OF.get(target)):
        source = func("athena_checked", source, text(pattern))
    if kind in _FLOATS and target in _WHOLE:
        source = func("round", source)
    if kind == _ZONED and target in (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIME):
        source = translation.local(source, kind) if translation.has_zones else source
    return exp.Cast(this=source, to=to.copy())


def _time_of_cast(translation: Translation, source: exp.Expression, kind: str, to: exp.DataType) -> Time:
    from workflows.query.dialect.translate import UTC, Time

    digits = (
        int(to.expressions[0].this.this)
        if to.expressions and to.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)
        else 3
    )
    if to.this == exp.DType.TIMESTAMP:
        return Time(digits)
    if to.this == exp.DType.TIMESTAMPTZ:
        if isinstance(source, exp.Literal) and (zone := _zone_of(str(source.this))):
            return Time(digits, text(zone))
        return Time(digits, translation.time(source).zone if kind == _ZONED else UTC)
    return Time()


def _zone_of(written: str) -> str:
    found = re.search(r"\s*(Z|[+-]\d\d:?\d\d|[A-Za-z][A-Za-z_/+-]*\w*)\s*$", written)
    return found[1] if found else ""


def to_varchar(translation: Translation, source: exp.Expression, kind: str) -> exp.Expression:
    """A value as Athena's text of it."""
    if kind in _FLOATS:
        raise QueryError(
            "The text of a double is not supported here: CAST it to DECIMAL(p, s) first, or use format."
        )
    if kind == "JSON":
        return func("json_extract_string", source, text("$"))
    if kind in _TIMESTAMPS or kind == _ZONED:
        digits = translation.time(source).digits
        if digits is None:
            raise QueryError(
                f"The precision of {source.sql('athena')} is not known here, and its text depends on it: use date_format."
            )
        shown = _stamp(
            translation.local(source.copy(), kind) if translation.has_zones else source, digits, " "
        )
        if kind != _ZONED:
            return shown
        zone = translation.zone(source)
        return exp.DPipe(this=exp.DPipe(this=shown, expression=text(" ")), expression=zone.copy())
    return cast(source, "VARCHAR")


def _stamp(source: exp.Expression, digits: int, between: str) -> exp.Expression:
    pattern = f"%Y-%m-%d{between}%H:%M:%S" + (".%f" if digits else "")
    shown = func("strftime", source, text(pattern))
    return func("left", shown, number(20 + digits)) if 0 < digits < 6 else shown


# --- dates and times ----------------------------------------------------------------------------------------


def extracted(translation: Translation, node: exp.Expression) -> exp.Expression:
    return call(
        translation,
        func(node.name.lower() if not node.this else str(node.this.name).lower(), node.expression.copy()),
    )


def _unit(node: exp.Anonymous) -> str:
    unit = literal_text(node.expressions[0], f"The unit of {node.this}").lower()
    if unit not in _UNITS:
        raise QueryError(
            f"Unit '{unit}' of {node.this} is not supported here: there are {', '.join(_UNITS)}."
        )
    return unit


def truncated(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    unit, source = _unit(node), node.expressions[1]
    kind = translation.type(source, "date_trunc")
    time = translation.time(source)
    new: exp.Expression = func("date_trunc", text(unit), source.copy())
    if kind == "DATE":
        return cast(new, "DATE")
    if kind == _ZONED and translation.has_zones:
        zone = translation.zone(source)
        local = func("date_trunc", text(unit), translation.local(source.copy(), kind))
        new = func("timezone", zone.copy(), local)
    new.meta["time"] = time
    return new


def added(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    unit, count, source = _unit(node), node.expressions[1].copy(), node.expressions[2]
    kind = translation.type(source, "date_add")
    if unit == "quarter":
        unit, count = "month", exp.Mul(this=exp.paren(count), expression=number(3))
    step = func(f"to_{unit}s", cast(count, "BIGINT" if unit not in _LONG_UNITS else "INTEGER"))
    if kind == "DATE":
        if unit not in _LONG_UNITS:
            raise QueryError(f"Unit '{unit}' of date_add does not go with a date.")
        return cast(exp.Add(this=source.copy(), expression=step), "DATE")
    time = translation.time(source)
    new: exp.Expression = exp.paren(exp.Add(this=source.copy(), expression=step))
    if kind == _ZONED and translation.has_zones and unit in _LONG_UNITS:
        zone = translation.zone(source)
        new = func(
            "timezone", zone.copy(), exp.Add(this=translation.local(source.copy(), kind), expression=step)
        )
    new.meta["time"] = time
    return new


def difference(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    """Complete units, not the boundaries that are crossed."""
    unit, sides = _unit(node), list(node.expressions[1:])
    kinds = translation.types(*sides)
    if translation.has_zones and unit in _LONG_UNITS:
        sides = [translation.local(side.copy(), kind) for side, kind in zip(sides, kinds, strict=True)]
    return func("date_sub", text(unit), *[side.copy() for side in sides])


def at_zone(translation: Translation, node: exp.Expression) -> exp.Expression:
    """The same instant, shown in another zone."""
    from workflows.query.dialect.translate import Time

    source, zone = (node.this, node.args["zone"]) if isinstance(node, exp.AtTimeZone) else node.expressions
    digits = translation.time(source).digits
    kind = translation.type(source, "AT TIME ZONE")
    new = exp.paren(source.copy() if kind == _ZONED else cast(source.copy(), "TIMESTAMPTZ"))
    new.meta["time"] = Time(digits, zone.copy())
    return new


def with_zone(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    from workflows.query.dialect.translate import Time

    source, zone = node.expressions
    new = func("timezone", zone.copy(), source.copy())
    new.meta["time"] = Time(translation.time(source).digits, zone.copy())
    return new


def time_text(name: str, pattern: Callable[[str], str]) -> Rule:
    """`date_format` and `format_datetime`."""

    def rule(translation: Translation, node: exp.Expression) -> exp.Expression:
        source, written = node.expressions
        kind = translation.type(source, name)
        local = translation.local(source.copy(), kind) if translation.has_zones else source.copy()
        return func("strftime", local, text(pattern(literal_text(written, f"The pattern of {name}"))))

    return rule


def text_time(name: str, pattern: Callable[[str], str]) -> Rule:
    """`date_parse` and `parse_datetime`."""

    def rule(translation: Translation, node: exp.Expression) -> exp.Expression:
        from workflows.query.dialect.translate import UTC, Time

        del translation
        source, written = node.expressions
        new: exp.Expression = func(
            "strptime", source.copy(), text(pattern(literal_text(written, f"The pattern of {name}")))
        )
        if name == "parse_datetime":
            new = cast(new, "TIMESTAMPTZ")
            new.meta["time"] = Time(3, UTC)
        else:
            new.meta["time"] = Time(3)
        return new

    return rule


def iso_text(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    source = node.expressions[0]
    kind = translation.type(source, "to_iso8601")
    if kind == "DATE":
        return cast(source.copy(), "VARCHAR")
    digits = translation.time(source).digits
    if digits is None:
        raise QueryError(f"The precision of {source.sql('athena')} is not known here: use date_format.")
    shown = _stamp(source.copy(), digits, "T")
    if kind != _ZONED:
        return shown
    if translation.has_zones and translation.zone(source).name not in ("UTC", "Z"):
        raise QueryError("to_iso8601 of a time in another zone than UTC is not supported here.")
    return exp.DPipe(this=shown, expression=text("Z"))


def instant(name: str) -> Rule:
    """A function that gives a timestamp with time zone in milliseconds, in UTC."""

    def rule(translation: Translation, node: exp.Expression) -> exp.Expression:
        from workflows.query.dialect.translate import UTC, Time

        if len(node.expressions) > 1:
            raise QueryError(f"{name} is supported with one argument.")
        written = (
            node.expressions[0].name
            if node.expressions and isinstance(node.expressions[0], exp.Literal)
            else ""
        )
        is_utc = name != "from_iso8601_timestamp" or not translation.has_zones or written.endswith("Z")
        new = func("now" if name == "now" else f"athena_{name}", *[one.copy() for one in node.expressions])
        new.meta["time"] = Time(3, UTC if is_utc else None)
        return new

    return rule


def moment(translation: Translation, node: exp.Expression) -> exp.Expression:
    """CURRENT_TIMESTAMP and LOCALTIMESTAMP, in milliseconds."""
    from workflows.query.dialect.translate import UTC, Time

    del translation
    is_local = isinstance(node, exp.Localtimestamp)
    now = func("date_trunc", text("milliseconds"), func("now"))
    new: exp.Expression = cast(now, "TIMESTAMP") if is_local else now
    new.meta["time"] = Time(3, None if is_local else UTC)
    return new


# --- arrays of numbers and days ------------------------------------------------------------------------------


def sequence(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    kind = translation.type(node.expressions[0], "sequence")
    arguments = [one.copy() for one in node.expressions]
    if kind == "DATE":
        step = arguments[2:] or [exp.Interval(this=text("1"), unit=exp.var("DAY"))]
        return cast(func("generate_series", *arguments[:2], *step), "DATE[]")
    if kind in _INTEGERS:
        return func("athena_sequence", *arguments)
    return func("generate_series", *arguments)


def combined(translation: Translation, node: exp.Anonymous) -> exp.Expression:
    del translation
    if node.expressions[1].name != "2":
        raise QueryError("combinations is supported for pairs: combinations(x, 2).")
    return func("athena_pairs", node.expressions[0].copy())


# --- JSON ---------------------------------------------------------------------------------------------------


def json_path(name: str) -> Rule:
    """Paths of the SQL standard have a mode: lax or strict."""

    def rule(translation: Translation, node: exp.Expression) -> exp.Expression:
        del translation
        arguments = node.expressions or [node.this, node.args.get("path") or node.args.get("expression")]
        if node.args.get("option") or node.args.get("returning"):
            raise QueryError(f"{name} is supported with a value and a path.")
        path = re.sub(r"^\s*(lax|strict)\s+", "", literal_text(arguments[1], f"The path of {name}"))
        return func(f"athena_{name}", arguments[0].copy(), text(path))

    return rule


# --- what stands in FROM ------------------------------------------------------------------------------------


def unnest(translation: Translation, node: exp.Unnest) -> None:
    """One column for each list, two for each map, one for each field of rows; shorter lists end in nulls."""
    translation.rewrite_all(node)
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    offset = node.args.get("offset")
    columns: list[exp.Expression] = []
    for source in node.expressions:
        kind = translation.type(source, "UNNEST")
        if kind.startswith("MAP("):
            columns += [func("unnest", func(name, source.copy())) for name in ("map_keys", "map_values")]
        elif kind.startswith("STRUCT(") and kind.endswith(")[]"):
            columns += [
                func(
                    "unnest",
                    func(
                        "list_transform",
                        source.copy(),
                        _lambda(func("struct_extract_at", exp.to_identifier("_e"), number(place)), "_e"),
                    ),
                )
                for place in range(1, _fields(kind) + 1)
            ]
        elif kind.endswith("[]"):
            columns.append(func("unnest", source.copy()))
        else:
            raise QueryError(f"UNNEST takes arrays and maps, got {kind}.")
    if offset:
        lengths = [
            func("cardinality" if translation.type(one, "UNNEST").startswith("MAP(") else "len", one.copy())
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


def _fields(kind: str) -> int:
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


# --- the statement as a whole -------------------------------------------------------------------------------


def nulls_inside(statement: exp.Expression) -> None:
    """DuckDB takes IGNORE NULLS inside of the call: lag(x IGNORE NULLS)."""
    for node in list(statement.find_all(exp.IgnoreNulls, exp.RespectNulls)):
        if isinstance(node.this, exp.Anonymous):
            call = node.this
            first, *rest = (one.copy() for one in call.expressions)
            node.replace(exp.Anonymous(this=call.this, expressions=[type(node)(this=first), *rest]))


def name_columns(statement: exp.Expression) -> None:
    """Columns without a name are `_col0`, `_col1`, … by their place."""
    while not isinstance(statement, exp.Select):
        if not isinstance(statement, (exp.SetOperation, exp.Subquery)):
            return
        statement = statement.this
    for place, item in enumerate(list(statement.expressions)):
        is_named = isinstance(item, (exp.Alias, exp.Column, exp.Star, exp.Dot)) or item.is_star
        if not is_named:
            item.replace(exp.alias_(item.copy(), f"_col{place}"))


def has_zones(statement: exp.Expression) -> bool:
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
        _zone_of(str(one.this.this)) not in ("", "UTC", "Z")
        for one in statement.find_all(exp.Cast)
        if one.to.this == exp.DType.TIMESTAMPTZ and isinstance(one.this, exp.Literal)
    )


CALLS: Final[dict[str, Rule]] = {
    "concat": joined, "greatest": null_if_any, "least": null_if_any, "mod": modulo, "round": rounded,
    "element_at": element, "cardinality": by_kind("len", "cardinality", "len"),
    "reverse": by_kind("list_reverse", "reverse", "reverse"), "filter": filtered, "transform": transformed,
    "any_match": matching("any"), "all_match": matching("all"), "none_match": matching("none"),
    "zip_with": zipped_with, "reduce": reduced, "map_filter": map_changed("filter"),
    "transform_values": map_changed("values"), "transform_keys": map_changed("keys"),
    "regexp_extract": regexp_group("regexp_extract"), "regexp_extract_all": regexp_group("regexp_extract_all"),
    "regexp_replace": regexp_replaced, "format": formatted, "date_trunc": truncated, "date_add": added,
    "date_diff": difference, "at_timezone": at_zone, "with_timezone": with_zone,
    "date_format": time_text("date_format", from_mysql), "format_datetime": time_text("format_datetime", from_joda),
    "date_parse": text_time("date_parse", from_mysql), "parse_datetime": text_time("parse_datetime", from_joda),
    "to_iso8601": iso_text, "from_unixtime": instant("from_unixtime"), "now": instant("now"),
    "from_iso8601_timestamp": instant("from_iso8601_timestamp"), "sequence": sequence, "combinations": combined,
    "json_extract": json_path("json_extract"), "json_extract_scalar": json_path("json_extract_scalar"),
    "json_exists": json_path("json_exists"), "json_size": json_path("json_size"),
    "try": lambda _, node: func("TRY", *[one.copy() for one in node.expressions]),
}  # fmt: skip
RULES: Final[dict[type[exp.Expression], Rule]] = {
    exp.Div: divide, exp.Mod: modulo, exp.Add: plus, exp.Sub: plus, exp.DPipe: joined, exp.Bracket: subscript,
    exp.Cast: casted, exp.TryCast: casted, exp.Extract: extracted, exp.AtTimeZone: at_zone, exp.Trim: trimmed,
    exp.CurrentTimestamp: moment, exp.Localtimestamp: moment,
    exp.JSONValue: json_path("json_value"), exp.JSONExtract: json_path("json_query"),
    exp.Substring: lambda _, node: func("athena_substr", *[
        one.copy() for one in (node.this, node.args.get("start"), node.args.get("length")) if one
    ]),
    exp.StrPosition: lambda _, node: func("athena_strpos", node.this.copy(), node.args["substr"].copy()),
    exp.GroupConcat: lambda _, node: node, exp.Mul: multiplied,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between, exp.NullSafeEQ, exp.NullSafeNEQ), compared),
}  # fmt: skip
