"""CAST and TRY_CAST: trino.io/docs/current/functions/conversion.html."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import (
    FLOATS,
    TIMESTAMPS,
    UTC,
    ZONED,
    Time,
    cast,
    func,
    number,
    text,
    written,
)

if TYPE_CHECKING:
    from workflows.query.dialect.scope import Scope


_WHOLE: Final = (exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT)
_DAY: Final = r"[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}"
# The texts that Athena casts; DuckDB casts more, as ' 42' and '2.5' to an integer.
_TEXTS_OF: Final = {
    **dict.fromkeys(_WHOLE, r"[+-]?[0-9]+"),
    exp.DType.DECIMAL: r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
    exp.DType.BOOLEAN: r"(?i)t|f|true|false|1|0",
    exp.DType.DATE: rf"\s*{_DAY}\s*",
    exp.DType.TIMESTAMP: rf"{_DAY}( [0-9]{{1,2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]*)?)?)?",
}


def casted(scope: Scope, node: exp.Expr) -> exp.Expr:
    """CAST and TRY_CAST: trino.io/docs/current/functions/conversion.html."""
    to, source = node.args["to"], node.this
    is_literal = isinstance(source, exp.Literal) and source.is_string
    kind = "VARCHAR" if is_literal else scope.type(source, "CAST")
    new = _cast(scope, source.copy(), kind, to)
    time = _time_of_cast(scope, source, kind, to)
    if isinstance(node, exp.TryCast):
        new = func("TRY", new)
    new.meta["time"] = time
    return new


def _cast(scope: Scope, source: exp.Expr, kind: str, to: exp.DataType) -> exp.Expr:
    target = to.this
    if target in (exp.DType.VARCHAR, exp.DType.TEXT):
        as_text = to_varchar(scope, source, kind)
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
        source = func("athena__checked", source, text(pattern))
    if kind in FLOATS and target in _WHOLE:
        source = func("round", source)
    if kind == ZONED and target in (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIME):
        source = scope.local(source, kind) if scope.has_zones else source
    return exp.Cast(this=source, to=to.copy())


def _time_of_cast(scope: Scope, source: exp.Expr, kind: str, to: exp.DataType) -> Time:
    digits = (
        int(to.expressions[0].this.this)
        if to.expressions and to.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)
        else 3
    )
    if to.this == exp.DType.TIMESTAMP:
        return Time(digits)
    if to.this == exp.DType.TIMESTAMPTZ:
        if isinstance(source, exp.Literal) and (zone := zone_of(str(source.this))):
            return Time(digits, text(zone))
        return Time(digits, scope.time(source).zone if kind == ZONED else UTC)
    return Time()


def zone_of(written: str) -> str:
    found = re.search(r"\s*(Z|[+-]\d\d:?\d\d|[A-Za-z][A-Za-z_/+-]*\w*)\s*$", written)
    return found[1] if found else ""


def to_varchar(scope: Scope, source: exp.Expr, kind: str) -> exp.Expr:
    """A value as Athena's text of it."""
    if kind in FLOATS:
        raise QueryError(
            "The text of a double is not supported here: CAST it to DECIMAL(p, s) first, or use format."
        )
    if kind == "JSON":
        return func("json_extract_string", source, text("$"))
    if kind in TIMESTAMPS or kind == ZONED:
        digits = scope.time(source).digits
        if digits is None:
            raise QueryError(
                f"The precision of {written(source)} is not known here, and its text depends on it: "
                "use date_format."
            )
        shown = stamp(scope.local(source.copy(), kind) if scope.has_zones else source, digits, " ")
        if kind != ZONED:
            return shown
        zone = scope.zone(source)
        return exp.DPipe(this=exp.DPipe(this=shown, expression=text(" ")), expression=zone.copy())
    return cast(source, "VARCHAR")


def stamp(source: exp.Expr, digits: int, between: str) -> exp.Expr:
    pattern = f"%Y-%m-%d{between}%H:%M:%S" + (".%f" if digits else "")
    shown = func("strftime", source, text(pattern))
    return func("left", shown, number(20 + digits)) if 0 < digits < 6 else shown
