"""What each function and operator of Athena is in DuckDB.

A function is here in one of four ways: DuckDB's own of that name answers alike (`_ALIKE`), its name differs
(`_OTHER_NAME`), a macro answers (`macros.sql`), or a rule writes it, mostly as its answer depends on types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from workflows.query.dialect.casts import casted
from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.macros import public_names
from workflows.query.dialect.nested import (
    by_kind,
    combined,
    element,
    filtered,
    joined,
    map_changed,
    matching,
    reduced,
    sequence,
    subscript,
    transformed,
    zipped_with,
)
from workflows.query.dialect.nodes import func
from workflows.query.dialect.numbers import compared, divide, modulo, multiplied, null_if_any, rounded
from workflows.query.dialect.patterns import from_joda, from_mysql
from workflows.query.dialect.texts import formatted, json_path, regexp_grouped, regexp_replaced, trimmed
from workflows.query.dialect.times import (
    added,
    at_zone,
    difference,
    instant,
    iso_text,
    moment,
    plus,
    text_time,
    time_text,
    truncated,
    with_zone,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.query.dialect.scope import Scope

type Rule = Callable[["Scope", Any], exp.Expr]


_ALIKE: Final = frozenset(
    """
    abs acos asin atan atan2 cbrt ceil ceiling coalesce concat_ws cos cosh covar_pop covar_samp corr
    count cume_dist current_date degrees dense_rank exp first_value floor grouping hour lag
    last_value lead length lower map_from_entries map_keys map_values max max_by min min_by minute month
    nth_value ntile nullif percent_rank pi quarter radians random rank regr_intercept regr_slope
    row_number sign sin sinh starts_with stddev stddev_pop stddev_samp tan tanh translate upper uuid
    var_pop var_samp variance week year day bool_and bool_or array_agg bit_count
    """.split()  # noqa: SIM905 -- words read better than 74 texts
)
_OTHER_NAME: Final = {
    "arbitrary": "any_value", "any_value": "any_value", "every": "bool_and", "geometric_mean": "geomean",
    "is_finite": "isfinite", "is_infinite": "isinf", "is_nan": "isnan",
    "pow": "athena_power", "rand": "random",
    "row": "row", "zip": "list_zip", "substring": "athena_substr", "normalize": "nfc_normalize",
}  # fmt: skip
_LOCAL: Final = frozenset(
    """
    day day_of_month day_of_week day_of_year dow doy hour last_day_of_month millisecond minute month
    quarter second week week_of_year year year_of_week yow date
    """.split()  # noqa: SIM905 -- words read better than 19 texts
)  # of a timestamp with time zone, these are of the time that its zone shows


def call(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    """A function in its place. Raises QueryError if nothing here answers as Athena does."""
    name = str(node.this).lower()
    if name in _LOCAL:
        _take_local(scope, node)
    if rule := CALLS.get(name):
        return rule(scope, node)
    if name in _ALIKE:
        return node
    if other := _OTHER_NAME.get(name):
        return func(other, *node.expressions)
    if name in public_names():
        return func(f"athena_{name}", *node.expressions)
    raise QueryError(f"Function {name} is not supported here; Athena on AWS has it.")


def _take_local(scope: Scope, node: exp.Anonymous) -> None:
    if node.expressions and scope.has_zones:
        (kind,) = scope.types(node.expressions[0])
        node.set("expressions", [scope.local(node.expressions[0].copy(), kind), *node.expressions[1:]])


def extracted(scope: Scope, node: exp.Expr) -> exp.Expr:
    return call(
        scope,
        func(node.name.lower() if not node.this else str(node.this.name).lower(), node.expression.copy()),
    )


_COMPARISONS: Final = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip
CALLS: Final[dict[str, Rule]] = {
    "concat": joined, "greatest": null_if_any, "least": null_if_any, "mod": modulo, "round": rounded,
    "element_at": element, "cardinality": by_kind("len", "cardinality", "len"),
    "reverse": by_kind("list_reverse", "reverse", "reverse"), "filter": filtered, "transform": transformed,
    "any_match": matching("any"), "all_match": matching("all"), "none_match": matching("none"),
    "zip_with": zipped_with, "reduce": reduced, "map_filter": map_changed("filter"),
    "transform_values": map_changed("values"), "transform_keys": map_changed("keys"),
    "regexp_extract": regexp_grouped("regexp_extract"),
    "regexp_extract_all": regexp_grouped("regexp_extract_all"),
    "regexp_replace": regexp_replaced, "format": formatted, "date_trunc": truncated, "date_add": added,
    "date_diff": difference, "at_timezone": at_zone, "with_timezone": with_zone,
    "date_format": time_text("date_format", from_mysql),
    "format_datetime": time_text("format_datetime", from_joda),
    "date_parse": text_time("date_parse", from_mysql),
    "parse_datetime": text_time("parse_datetime", from_joda),
    "to_iso8601": iso_text, "from_unixtime": instant("from_unixtime"), "now": instant("now"),
    "from_iso8601_timestamp": instant("from_iso8601_timestamp"),
    "sequence": sequence, "combinations": combined,
    "json_extract": json_path("json_extract"), "json_extract_scalar": json_path("json_extract_scalar"),
    "json_exists": json_path("json_exists"), "json_size": json_path("json_size"),
    "try": lambda _, node: func("TRY", *[one.copy() for one in node.expressions]),
}  # fmt: skip
RULES: Final[dict[type[exp.Expr], Rule]] = {
    exp.Div: divide, exp.Mod: modulo, exp.Add: plus, exp.Sub: plus, exp.DPipe: joined, exp.Bracket: subscript,
    exp.Cast: casted, exp.TryCast: casted, exp.Extract: extracted, exp.AtTimeZone: at_zone, exp.Trim: trimmed,
    exp.CurrentTimestamp: moment, exp.Localtimestamp: moment,
    exp.JSONValue: json_path("json_value"), exp.JSONExtract: json_path("json_query"),
    exp.Substring: lambda _, node: func("athena_substr", *[
        one.copy() for one in (node.this, node.args.get("start"), node.args.get("length")) if one
    ]),
    exp.StrPosition: lambda _, node: func("athena_strpos", node.this.copy(), node.args["substr"].copy()),
    exp.GroupConcat: lambda _, node: node, exp.Mul: multiplied,
    **dict.fromkeys(_COMPARISONS, compared),
}  # fmt: skip
