"""The functions of a row's values that Athena and Spark answer alike."""

from collections.abc import Callable, Sequence
from typing import Final

from sqlglot import exp

from expectations.patterns import UnportablePattern, to_java
from expectations.spark_literals import literal
from expectations.sql.arithmetic import remainder
from expectations.sql.values import (
    NUMBERS,
    TIMES,
    UNKNOWN,
    WHOLE,
    NotAlike,
    Typed,
    cast,
    common,
    derived,
    expect,
    refuse_float,
)

type Function = Callable[[str, Sequence[Typed], Sequence[exp.Expr]], Typed]

_PARTS: Final = {
    "year": TIMES,
    "month": TIMES,
    "day": TIMES,
    **dict.fromkeys(("hour", "minute"), ("timestamp",)),
}


def extracted(part: str, value: Typed) -> Typed:
    """A part of a date or time in UTC."""
    if part not in _PARTS:
        raise NotAlike(f"EXTRACT of {part.upper()} is not evaluated")
    expect(value, _PARTS[part], part)
    return derived(f"CAST({part}({value.sql}) AS BIGINT)", "long", value)


def _part(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    _count(name, given, 1)
    return extracted(name, given[0])


def _text(spark: str, gives: str, number: int) -> Function:
    def text(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
        _count(name, given, number)
        texts = [expect(one, ("string",), name).sql for one in given]
        return derived(spark.format(*texts), gives, *given)

    return text


def _absolute(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    _count(name, given, 1)
    value = expect(given[0], NUMBERS, name)
    if value.kind == "float":
        refuse_float("compute the absolute value")
    return derived(f"abs({value.sql})", value.type, value, is_safe=value.kind not in WHOLE)


def _concat(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    texts = ", ".join(expect(one, ("string",), name).sql for one in given)
    return derived(f"concat({texts})", "string", *given)


def _part_of_text(name: str, given: Sequence[Typed], nodes: Sequence[exp.Expr]) -> Typed:
    expect(given[0], ("string",), name)
    places = [int(node.this) if _is_whole(node) else -1 for node in nodes[1:]]
    if len(places) not in (1, 2) or places[0] < 1 or min(places) < 0:
        raise NotAlike(f"{name} is evaluated with a start from 1 and a length, as numbers")
    return derived(f"substring({', '.join(one.sql for one in given)})", "string", given[0])


def _matches(name: str, given: Sequence[Typed], nodes: Sequence[exp.Expr]) -> Typed:
    _count(name, given, 2)
    value = expect(given[0], ("string",), name)
    if not isinstance(nodes[1], exp.Literal) or given[1].kind != "string":
        raise NotAlike(f"{name} is evaluated with a pattern in quotes")
    try:
        pattern = to_java(str(nodes[1].this))
    except UnportablePattern as error:
        raise NotAlike(f"{name} is not evaluated with {error.got} in its pattern; {error.advice}") from error
    return derived(f"({value.sql} RLIKE {literal(pattern)})", "boolean", value)


def _coalesce(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    if not given:
        raise NotAlike(f"{name} takes values")
    values = common(given)
    kind = next((one.type for one in values if one.kind != UNKNOWN), UNKNOWN)
    return derived(f"coalesce({', '.join(one.sql for one in values)})", kind, *values)


def _null_if(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    _count(name, given, 2)
    one, other = common(given)
    return derived(
        f"(CASE WHEN {one.sql} = {other.sql} THEN NULL ELSE {given[0].sql} END)", given[0].type, one, other
    )


def _day(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    _count(name, given, 1)
    return cast(expect(given[0], TIMES, name), "date")


def _modulo(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    _count(name, given, 2)
    return remainder("%", *given)


def _size(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    _count(name, given, 1)
    value = expect(given[0], ("list",), name)
    return derived(f"CAST(array_size({value.sql}) AS BIGINT)", "long", value)


def _contains(name: str, given: Sequence[Typed], _: Sequence[exp.Expr]) -> Typed:
    _count(name, given, 2)
    items, value = expect(given[0], ("list",), name), given[1]
    if [value.type] != [element.type for element in items.fields]:
        raise NotAlike(f"{name} is evaluated with a column and a value of its elements' type")
    return derived(f"array_contains({items.sql}, {value.sql})", "boolean", items, value)


def _count(name: str, given: Sequence[Typed], number: int) -> None:
    if len(given) != number:
        raise NotAlike(f"{name} is evaluated with {number} argument{'s'[: number - 1]}, not {len(given)}")


def _is_whole(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.args.get("is_string") and str(node.this).isdigit()


FUNCTIONS: Final[dict[str, Function]] = {
    "abs": _absolute,
    "cardinality": _size,
    "coalesce": _coalesce,
    "concat": _concat,
    "contains": _contains,
    "date": _day,
    "length": _text("CAST(length({}) AS BIGINT)", "long", 1),
    "mod": _modulo,
    "nullif": _null_if,
    "regexp_like": _matches,
    "starts_with": _text("startswith({}, {})", "boolean", 2),
    "substr": _part_of_text,
    "substring": _part_of_text,
    **dict.fromkeys(_PARTS, _part),
}
