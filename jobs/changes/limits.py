"""The limits of a contract on values inside structs and lists: range, length, pattern, enum, number of items.

Columns at the top level have the same rules, which Great Expectations evaluates.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import Any

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, JsonValue
from expectations.patterns import to_java
from jobs.changes.reasons import no_reasons, reason, shown

_LISTED = 10  # values of an enum in a reason


def limit_reasons(column: Column, value: Expression, path: Expression) -> Expression:
    """Array of a reason for each limit that the value at the path exceeds, under the rule's name."""
    exceeded = [
        reason(~holds, path, f".{rule}: expected {expected}, got ", got)
        for rule, expected, holds, got in _limits(column, value)
    ]
    return F.array_compact(F.array(*exceeded)) if exceeded else no_reasons()


def _limits(column: Column, value: Expression) -> Iterator[tuple[str, str, Expression, Expression]]:
    """(rule, what it expects, whether it holds, what came) for each kind of limit that the column has."""
    limits, got = column.limits, shown(value.cast("string"))
    if ranged := _range(column, value):
        yield "range", " and ".join(ranged), reduce(and_, ranged.values()), got
    if (length := _between(limits.min_length, limits.max_length)) is not None:
        is_within = _within(F.length(value), limits.min_length, limits.max_length)
        yield "length", f"{length} characters", is_within, got
    if limits.pattern is not None:
        yield "pattern", f"text that matches {limits.pattern}", value.rlike(to_java(limits.pattern)), got
    if limits.multiple_of is not None:
        remainder = value % _literal(column, limits.multiple_of)
        yield "multiple", f"a multiple of {limits.multiple_of}", remainder == 0, got
    if limits.enum:
        yield "enum", f"one of {_listed(limits.enum)}", _is_in(column, value, limits.enum), got
    if limits.not_in:
        expected = f"a value, which {_listed(limits.not_in)} is not"
        yield "missing", expected, ~_is_in(column, value, limits.not_in), got
    if (size := _between(limits.min_items, limits.max_items)) is not None:
        number = F.size(value)
        is_within = _within(number, limits.min_items, limits.max_items)
        yield "items", f"{size} items", is_within, number.cast("string")


def _range(column: Column, value: Expression) -> dict[str, Expression]:
    limits = column.limits
    compared: list[tuple[str, int | float | str | None, Callable[[Expression], Expression]]] = [
        ("at least", limits.minimum, lambda limit: value >= limit),
        ("more than", limits.exclusive_minimum, lambda limit: value > limit),
        ("at most", limits.maximum, lambda limit: value <= limit),
        ("less than", limits.exclusive_maximum, lambda limit: value < limit),
    ]
    return {
        f"{words} {limit}": holds(_literal(column, limit))
        for words, limit, holds in compared
        if limit is not None
    }


def _is_in(column: Column, value: Expression, values: Sequence[JsonValue]) -> Expression:
    return value.isin([_literal(column, one) for one in values])


def _listed(values: Sequence[JsonValue]) -> str:
    more = len(values) - _LISTED
    return ", ".join(map(str, values[:_LISTED])) + (f" and {more} more" if more > 0 else "")


def _literal(column: Column, limit: Any) -> Expression:
    if isinstance(limit, bool):
        return F.lit(limit)
    if isinstance(limit, str):
        return F.lit(limit).cast(column.kind)
    if column.kind in ("float", "double"):
        return F.lit(float(limit)).cast(column.kind)
    return F.lit(Decimal(repr(limit)))


def _between(least: int | None, most: int | None) -> str | None:
    if least is None:
        return None if most is None else f"at most {most}"
    return f"at least {least}" if most is None else f"{least} to {most}"


def _within(number: Expression, least: int | None, most: int | None) -> Expression:
    return (number >= F.lit(least or 0)) & (F.lit(True) if most is None else number <= F.lit(most))
