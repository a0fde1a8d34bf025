"""Translates expressions over a row: literals, columns, operators, CASE and CAST."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlglot import exp

from expectations import timestamps
from expectations.contract import Column
from expectations.spark_literals import literal
from expectations.sql.arithmetic import divided, remainder, summed, times
from expectations.sql.functions import FUNCTIONS, extracted
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
)

_SHOWN: Final = 80  # characters of an expression in a message
_GREATEST_INT: Final = 2**31 - 1
_GREATEST_LONG: Final = 2**63 - 1
_COMPARISONS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.NullSafeEQ: "<=>",
}  # fmt: skip
_EQUALITIES: Final = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)
_UNORDERED: Final = ("boolean", "binary")
_NESTED: Final = ("struct", "list")
_TYPES: Final = {
    exp.DType.INT: "int", exp.DType.BIGINT: "long", exp.DType.DOUBLE: "double", exp.DType.DATE: "date",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """The columns that expressions are about, and the names of the dataset before a column's name."""

    columns: Mapping[str, Column]
    tables: frozenset[str]

    def value(self, node: exp.Expr) -> Typed:
        """An expression in Spark SQL. Raises NotAlike."""
        rule = _RULES.get(type(node))
        if rule is None:
            raise NotAlike(f"{node.sql('trino')[:_SHOWN]} is not evaluated")
        return rule(self, node)

    def condition(self, node: exp.Expr) -> Typed:
        """A boolean expression in Spark SQL. Raises NotAlike."""
        return expect(self.value(node), ("boolean",), "a condition")

    def column(self, node: exp.Expr) -> Typed:
        """A column, or a field of a struct."""
        names = [part.name.lower() for part in node.parts] if isinstance(node, exp.Column) else []
        if len(names) > 1 and names[0] in self.tables and names[0] not in self.columns:
            names = names[1:]
        column = self.columns.get(names[0]) if names else None
        for name in names[1:]:
            fields = (
                {field.name: field for field in column.fields} if column and column.kind == "struct" else {}
            )
            column = fields.get(name)
        if column is None:
            raise NotAlike(f"{node.sql()} is no column of the dataset")
        path = ".".join(f"`{name}`" for name in names)
        return Typed(path, column.type, columns=frozenset(names[:1]), fields=column.fields)

    def call(self, node: exp.Expr) -> Typed:
        """A function of the values of a row."""
        name = str(node.this).lower()
        if name not in FUNCTIONS:
            raise NotAlike(f"function {name} is not evaluated; these are: {', '.join(FUNCTIONS)}")
        return FUNCTIONS[name](name, [self.value(part) for part in node.expressions], node.expressions)


def _literal(row: Row, node: exp.Expr) -> Typed:
    text = str(node.this)
    if node.args.get("is_string"):
        return Typed(literal(text), "string")
    if "e" in text.lower():
        return Typed(f"double('{text}')", "double")
    whole, _, fraction = text.partition(".")
    if "." in text:
        precision = max(1, len(whole.lstrip("0")) + len(fraction))
        return Typed(
            f"CAST({text} AS DECIMAL({precision},{len(fraction)}))", f"decimal({precision},{len(fraction)})"
        )
    if int(text) > _GREATEST_LONG:
        raise NotAlike(f"{text} is beyond the whole numbers; write {text}.0")
    return Typed(text, "int" if int(text) <= _GREATEST_INT else "long", precision=len(text))


def _compared(row: Row, node: exp.Expr) -> Typed:
    return _comparison(type(node), row.value(node.this), row.value(node.expression))


def _comparison(kind: type[exp.Expr], left: Typed, right: Typed) -> Typed:
    pair = common([left, right])
    for value in pair:
        if value.kind in _NESTED or (value.kind in _UNORDERED and kind not in _EQUALITIES):
            raise NotAlike(f"values of type {value.type} are not compared")
    if kind is exp.NullSafeNEQ:
        return derived(f"(NOT {pair[0].sql} <=> {pair[1].sql})", "boolean", *pair)
    return derived(f"({pair[0].sql} {_COMPARISONS[kind]} {pair[1].sql})", "boolean", *pair)


def _between(row: Row, node: exp.Expr) -> Typed:
    value = row.value(node.this)
    least = _comparison(exp.GTE, value, row.value(node.args["low"]))
    most = _comparison(exp.LTE, value, row.value(node.args["high"]))
    return derived(f"({least.sql} AND {most.sql})", "boolean", least, most)


def _in(row: Row, node: exp.Expr) -> Typed:
    if not node.expressions:
        raise NotAlike("a subquery is not evaluated")
    value, *others = common([row.value(node.this), *map(row.value, node.expressions)])
    expect(value, (*NUMBERS, *TIMES, "string", "boolean"), "IN")
    listed = ", ".join(other.sql for other in others)
    return derived(f"({value.sql} IN ({listed}))", "boolean", value, *others)


def _like(row: Row, node: exp.Expr, escape: str = "") -> Typed:
    value, pattern = expect(row.value(node.this), ("string",), "LIKE"), node.expression
    if not isinstance(pattern, exp.Literal):
        raise NotAlike("LIKE is evaluated with a pattern in quotes")
    # Without ESCAPE a backslash is a character in Athena, and an escape in Spark.
    text = str(pattern.this) if escape else str(pattern.this).replace("\\", "\\\\")
    suffix = f" ESCAPE {literal(escape)}" if escape else ""
    return derived(f"({value.sql} LIKE {literal(text)}{suffix})", "boolean", value)


def _escaped_like(row: Row, node: exp.Expr) -> Typed:
    like, escape = node.this, str(node.expression.this)
    if not isinstance(like, exp.Like) or not isinstance(like.expression, exp.Literal) or len(escape) != 1:
        raise NotAlike("ESCAPE is evaluated with one character, after LIKE with a pattern in quotes")
    rest = str(like.expression.this).replace(escape * 2, "")
    if rest.count(escape) != rest.count(f"{escape}%") + rest.count(f"{escape}_"):
        raise NotAlike(f"{escape!r} escapes %, _ and itself in a pattern, and nothing else")
    return _like(row, like, escape)


def _is(row: Row, node: exp.Expr) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise NotAlike("IS is evaluated with NULL")
    value = row.value(node.this)
    return derived(f"({value.sql} IS NULL)", "boolean", value)


def _joined(word: str) -> "Rule":
    def joined(row: Row, node: exp.Expr) -> Typed:
        left, right = row.condition(node.this), row.condition(node.expression)
        return derived(f"({left.sql} {word} {right.sql})", "boolean", left, right)

    return joined


def _not(row: Row, node: exp.Expr) -> Typed:
    value = row.condition(node.this)
    return derived(f"(NOT {value.sql})", "boolean", value)


def _negative(row: Row, node: exp.Expr) -> Typed:
    value = expect(row.value(node.this), NUMBERS, "-")
    is_safe = value.kind not in WHOLE or isinstance(node.this, exp.Literal)
    return derived(f"(- {value.sql})", value.type, value, is_safe=is_safe)


def _concatenated(row: Row, node: exp.Expr) -> Typed:
    both = [expect(row.value(part), ("string",), "||") for part in (node.this, node.expression)]
    return derived(f"({both[0].sql} || {both[1].sql})", "string", *both)


def _binary(combine: Callable[[str, Typed, Typed], Typed], operator: str) -> "Rule":
    return lambda row, node: combine(operator, row.value(node.this), row.value(node.expression))


def _case(row: Row, node: exp.Expr) -> Typed:
    """CASE and IF: the first result whose condition is true."""
    branches = node.args.get("ifs") or [node]
    subject = node.this if node.args.get("ifs") else None
    conditions = [
        row.condition(one.this)
        if subject is None
        else _comparison(exp.EQ, row.value(subject), row.value(one.this))
        for one in branches
    ]
    last = node.args.get("default") or node.args.get("false") or exp.null()
    *results, otherwise = common([row.value(one.args["true"]) for one in branches] + [row.value(last)])
    whens = " ".join(
        f"WHEN {condition.sql} THEN {result.sql}"
        for condition, result in zip(conditions, results, strict=True)
    )
    kind = next((one.type for one in (*results, otherwise) if one.kind != UNKNOWN), UNKNOWN)
    return derived(f"(CASE {whens} ELSE {otherwise.sql} END)", kind, *conditions, *results, otherwise)


def _cast(row: Row, node: exp.Expr) -> Typed:
    target, word = _target(node.args["to"]), "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
    given = node.this
    if isinstance(given, exp.Literal) and given.args.get("is_string") and target in TIMES:
        return _time(str(given.this), target)
    value = row.value(given)
    if value.kind == "timestamp" and target == "date":
        return cast(value, target)
    if value.kind in WHOLE and target in ("long", "double"):
        return cast(value, target)
    if value.kind in NUMBERS and target == "double":
        return cast(value, target)
    # Texts of columns are trimmed: Spark would also accept blanks around a number.
    if value.kind == "string" and target in WHOLE and isinstance(given, exp.Column):
        return _whole_number(value, target, is_tried=word == "TRY_CAST")
    raise NotAlike(f"{word} of {value.type} to {target} is not evaluated")


def _whole_number(text: Typed, kind: str, *, is_tried: bool) -> Typed:
    """A text as a number. The error against another text does not show it, unlike that of Spark's CAST."""
    number = f"TRY_CAST({text.sql} AS {'bigint' if kind == 'long' else kind})"
    if is_tried:
        return derived(number, kind, text)
    error = f"raise_error('CAST: expected {kind}, got another text; TRY_CAST gives NULL')"
    failing = f"(CASE WHEN {number} IS NULL AND {text.sql} IS NOT NULL THEN {error} ELSE {number} END)"
    return derived(failing, kind, text, is_safe=False)


def _target(kind: exp.Expr) -> str:
    if kind.this in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ):
        return "timestamp"
    return _TYPES.get(kind.this, kind.sql().lower())


def _time(text: str, kind: str) -> Typed:
    if kind == "date" and timestamps.is_date(text):
        return Typed(literal(date.fromisoformat(text)), kind)
    instant = timestamps.parse(timestamps.canonical(text) or "") if kind == "timestamp" else None
    if instant is None:
        raise NotAlike(f"{text!r} is no {kind}; write it as 2026-01-31, or 2026-01-31 12:00:00 in UTC")
    return Typed(literal(instant), kind)


type Rule = Callable[[Row, Any], Typed]
_RULES: Final[dict[type[exp.Expr], Rule]] = {
    exp.Literal: _literal,
    exp.Boolean: lambda _, node: Typed(literal(bool(node.this)), "boolean"),
    exp.Null: lambda _, node: Typed("NULL", UNKNOWN),
    exp.Column: lambda row, node: row.column(node),
    exp.Dot: lambda row, node: row.column(node),
    exp.Paren: lambda row, node: row.value(node.this),
    exp.Anonymous: lambda row, node: row.call(node),
    exp.Extract: lambda row, node: extracted(str(node.this.name).lower(), row.value(node.expression)),
    exp.Substring: lambda row, node: FUNCTIONS["substr"](
        "substr",
        [row.value(part) for part in (node.this, node.args.get("start"), node.args.get("length")) if part],
        [part for part in (node.this, node.args.get("start"), node.args.get("length")) if part],
    ),
    exp.And: _joined("AND"), exp.Or: _joined("OR"), exp.Not: _not,
    exp.Is: _is, exp.In: _in, exp.Between: _between, exp.Like: _like, exp.Escape: _escaped_like,
    exp.Neg: _negative, exp.DPipe: _concatenated, exp.Case: _case, exp.If: _case,
    exp.Cast: _cast, exp.TryCast: _cast,
    exp.Add: _binary(summed, "+"), exp.Sub: _binary(summed, "-"), exp.Mul: _binary(times, "*"),
    exp.Div: _binary(divided, "/"), exp.Mod: _binary(remainder, "%"),
    **dict.fromkeys((*_COMPARISONS, exp.NullSafeNEQ), _compared),
}  # fmt: skip
