"""Dates, times and time zones: trino.io/docs/current/functions/datetime.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from workflows.query.dialect.casts import stamp
from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.nodes import UTC, ZONED, Time, cast, func, literal_text, number, text, written
from workflows.query.dialect.numbers import refuse_texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.query.dialect.scope import Scope

type Rule = Callable[["Scope", Any], exp.Expr]


LONG_UNITS: Final = ("day", "week", "month", "quarter", "year")
_UNITS: Final = ("millisecond", "second", "minute", "hour", *LONG_UNITS)


def plus(scope: Scope, node: exp.Expr) -> exp.Expr:
    """Of a date and an interval a date, of two dates an interval."""
    left, right = node.this, node.expression
    refuse_texts(scope, node)
    kinds = scope.types(left, right)
    is_minus = isinstance(node, exp.Sub)
    node.meta["time"] = scope.time(right if "TIMESTAMP" in kinds[1] else left)
    if kinds == ["DATE", "DATE"] and is_minus:
        return func("to_days", cast(node.copy(), "INTEGER"))
    if "DATE" in kinds:
        if "INTERVAL" not in kinds:
            raise QueryError("A date takes an INTERVAL: date '2017-01-01' + INTERVAL '1' DAY.")
        return cast(node.copy(), "DATE")
    return node


def _unit(node: exp.Anonymous) -> str:
    unit = literal_text(node.expressions[0], f"The unit of {node.this}").lower()
    if unit not in _UNITS:
        raise QueryError(f"Unit '{unit}' of {node.this} is not supported here. Units: {', '.join(_UNITS)}.")
    return unit


def truncated(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    unit, source = _unit(node), node.expressions[1]
    kind = scope.type(source, "date_trunc")
    time = scope.time(source)
    new: exp.Expr = func("date_trunc", text(unit), source.copy())
    if kind == "DATE":
        return cast(new, "DATE")
    if kind == ZONED and scope.has_zones:
        zone = scope.zone(source)
        local = func("date_trunc", text(unit), scope.local(source.copy(), kind))
        new = func("timezone", zone.copy(), local)
    new.meta["time"] = time
    return new


def added(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    unit, count, source = _unit(node), node.expressions[1].copy(), node.expressions[2]
    kind = scope.type(source, "date_add")
    if unit == "quarter":
        unit, count = "month", exp.Mul(this=exp.paren(count), expression=number(3))
    step = func(f"to_{unit}s", cast(count, "BIGINT" if unit not in LONG_UNITS else "INTEGER"))
    if kind == "DATE":
        if unit not in LONG_UNITS:
            raise QueryError(f"Unit '{unit}' of date_add does not go with a date.")
        return cast(exp.Add(this=source.copy(), expression=step), "DATE")
    time = scope.time(source)
    new: exp.Expr = exp.paren(exp.Add(this=source.copy(), expression=step))
    if kind == ZONED and scope.has_zones and unit in LONG_UNITS:
        zone = scope.zone(source)
        local = exp.Add(this=scope.local(source.copy(), kind), expression=step)
        new = func("timezone", zone.copy(), local)
    new.meta["time"] = time
    return new


def difference(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    """Complete units, not the boundaries that are crossed."""
    unit, sides = _unit(node), list(node.expressions[1:])
    kinds = scope.types(*sides)
    if scope.has_zones and unit in LONG_UNITS:
        sides = [scope.local(side.copy(), kind) for side, kind in zip(sides, kinds, strict=True)]
    return func("date_sub", text(unit), *[side.copy() for side in sides])


def at_zone(scope: Scope, node: exp.Expr) -> exp.Expr:
    """The same instant, shown in another zone."""
    source, zone = (node.this, node.args["zone"]) if isinstance(node, exp.AtTimeZone) else node.expressions
    digits = scope.time(source).digits
    kind = scope.type(source, "AT TIME ZONE")
    new = exp.paren(source.copy() if kind == ZONED else cast(source.copy(), "TIMESTAMPTZ"))
    new.meta["time"] = Time(digits, zone.copy())
    return new


def with_zone(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    source, zone = node.expressions
    new = func("timezone", zone.copy(), source.copy())
    new.meta["time"] = Time(scope.time(source).digits, zone.copy())
    return new


def time_text(name: str, pattern: Callable[[str], str]) -> Rule:
    """`date_format` and `format_datetime`."""

    def rule(scope: Scope, node: exp.Expr) -> exp.Expr:
        source, written = node.expressions
        kind = scope.type(source, name)
        local = scope.local(source.copy(), kind) if scope.has_zones else source.copy()
        return func("strftime", local, text(pattern(literal_text(written, f"The pattern of {name}"))))

    return rule


def text_time(name: str, pattern: Callable[[str], str]) -> Rule:
    """`date_parse` and `parse_datetime`."""

    def rule(scope: Scope, node: exp.Expr) -> exp.Expr:
        del scope
        source, written = node.expressions
        found = pattern(literal_text(written, f"The pattern of {name}"))
        new: exp.Expr = func("strptime", source.copy(), text(found))
        if name == "parse_datetime":
            new = cast(new, "TIMESTAMPTZ")
            new.meta["time"] = Time(3, UTC)
        else:
            new.meta["time"] = Time(3)
        return new

    return rule


def iso_text(scope: Scope, node: exp.Anonymous) -> exp.Expr:
    source = node.expressions[0]
    kind = scope.type(source, "to_iso8601")
    if kind == "DATE":
        return cast(source.copy(), "VARCHAR")
    digits = scope.time(source).digits
    if digits is None:
        raise QueryError(f"The precision of {written(source)} is not known here: use date_format.")
    shown = stamp(source.copy(), digits, "T")
    if kind != ZONED:
        return shown
    if scope.has_zones and scope.zone(source).name not in ("UTC", "Z"):
        raise QueryError("to_iso8601 of a time in another zone than UTC is not supported here.")
    return exp.DPipe(this=shown, expression=text("Z"))


def instant(name: str) -> Rule:
    """A function that gives a timestamp with time zone in milliseconds, in UTC."""

    def rule(scope: Scope, node: exp.Expr) -> exp.Expr:
        if len(node.expressions) > 1:
            raise QueryError(f"{name} is supported with one argument.")
        is_written = bool(node.expressions) and isinstance(node.expressions[0], exp.Literal)
        written = node.expressions[0].name if is_written else ""
        is_utc = name != "from_iso8601_timestamp" or not scope.has_zones or written.endswith("Z")
        new = func("now" if name == "now" else f"athena_{name}", *[one.copy() for one in node.expressions])
        new.meta["time"] = Time(3, UTC if is_utc else None)
        return new

    return rule


def moment(scope: Scope, node: exp.Expr) -> exp.Expr:
    """CURRENT_TIMESTAMP and LOCALTIMESTAMP, in milliseconds."""
    del scope
    is_local = isinstance(node, exp.Localtimestamp)
    now = func("date_trunc", text("milliseconds"), func("now"))
    new: exp.Expr = cast(now, "TIMESTAMP") if is_local else now
    new.meta["time"] = Time(3, None if is_local else UTC)
    return new
