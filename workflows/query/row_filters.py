"""Translates parts of a statement's WHERE to a filter of Iceberg's scan, so that fewer files are read.

DuckDB receives Arrow tables and applies the whole WHERE to them. The scan can skip files by their partition
and column bounds, so conditions that compare a column with a literal are applied there as well. A condition
that this module does not translate with certainty is applied by DuckDB alone.

sqlglot's optimizer is not used for this. `qualify` needs the schema of every table and raises errors of its
own for unknown columns, which DuckDB reports better; `pushdown_predicates` adds conditions to subqueries and
joins, but the translation to Iceberg's types, which is most of this module, remains.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.schema import Schema

type Comparison = tuple[exp.Expression, str, exp.Expression]  # compared expression, operator, literal

_OPERATORS: Final[dict[type[Any], str]] = {
    exp.EQ: "==",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_MIRRORED: Final = {"==": "==", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?( UTC|Z)?")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def row_filter(nodes: Sequence[exp.Table], schema: Schema) -> BooleanExpression:
    """A condition that the statement's WHERE implies for the rows of a table.

    `nodes` are the places where the statement reads the table. Every comparison is false for null, so the
    table may be on either side of any join.
    """
    from pyiceberg import expressions

    operators: dict[str, Any] = {
        "==": expressions.EqualTo,
        ">": expressions.GreaterThan,
        ">=": expressions.GreaterThanOrEqual,
        "<": expressions.LessThan,
        "<=": expressions.LessThanOrEqual,
    }
    found: BooleanExpression = expressions.AlwaysTrue()
    if len(nodes) > 1:  # each place has its own WHERE, but the table is read once
        return found
    for comparison in _comparisons(nodes[0]):
        for name, operator, value in _bounds(comparison, nodes[0], schema):
            found = expressions.And(found, operators[operator](name, value))
    return found


def _comparisons(node: exp.Table) -> Iterator[Comparison]:
    """The comparisons that the WHERE of the table's own SELECT joins by AND."""
    select = node.find_ancestor(exp.Select)
    if select is None or not isinstance(node.parent, (exp.From, exp.Join)):
        return
    where = select.args.get("where")
    for part in _parts(where.this) if where else ():
        if isinstance(part, exp.Between):
            yield part.this, ">=", part.args["low"]
            yield part.this, "<=", part.args["high"]
        elif operator := _OPERATORS.get(type(part)):
            yield part.this, operator, part.expression
            yield part.expression, _MIRRORED[operator], part.this


def _parts(condition: exp.Expression) -> Iterator[exp.Expression]:
    bare: Any = condition.unnest()
    if isinstance(bare, exp.And):
        yield from _parts(bare.this)
        yield from _parts(bare.expression)
    else:
        yield bare


def _bounds(comparison: Comparison, node: exp.Table, schema: Schema) -> Iterator[tuple[str, str, Any]]:
    """The comparison as column, operator and value of the column's type; nothing if not translatable."""
    from pyiceberg.types import DateType, IntegerType, LongType, StringType, TimestampType, TimestamptzType

    compared, operator, literal = comparison
    is_day = isinstance(compared, exp.Date) or (
        isinstance(compared, exp.Cast) and compared.to.is_type("date")
    )
    name = _own_column(compared.this if is_day else compared, node, schema)
    if name is None:
        return
    value: Any = None
    match schema.find_type(name):
        case TimestampType() | TimestamptzType() as kind:
            zone = UTC if isinstance(kind, TimestamptzType) else None
            day = _day(literal) if is_day else None
            if day is not None and day < date.max:  # date.max has no next day
                yield from _bounds_of_day(name, operator, datetime.combine(day, time(), zone))
            elif not is_day:
                value = _instant(literal, zone)
        case DateType() if not is_day:
            value = _day(literal)
        case IntegerType() | LongType() if not is_day:
            value = _integer(literal)
        case StringType() if not is_day:
            value = literal.name if isinstance(literal, exp.Literal) and literal.is_string else None
    if value is not None:
        yield name, operator, value


def _bounds_of_day(name: str, operator: str, begins: datetime) -> Iterator[tuple[str, str, datetime]]:
    """A comparison of a timestamp's day as comparisons of the timestamp, which partitions and bounds hold."""
    ends = begins + timedelta(days=1)
    if operator in ("==", ">="):
        yield name, ">=", begins
    if operator == ">":
        yield name, ">=", ends
    if operator in ("==", "<="):
        yield name, "<", ends
    if operator == "<":
        yield name, "<", begins


def _own_column(column: exp.Expression, node: exp.Table, schema: Schema) -> str | None:
    """The column's name in the schema. An unqualified name is this table's only if it is the only table."""
    select = node.find_ancestor(exp.Select)
    if not isinstance(column, exp.Column) or select is None:
        return None
    is_alone = not select.args.get("joins") and not select.args.get("laterals")
    is_own = column.table.lower() == node.alias_or_name.lower() if column.table else is_alone
    names = {field.name.lower(): field.name for field in schema.fields}
    return names.get(column.name.lower()) if is_own else None


def _instant(literal: exp.Expression, zone: timezone | None) -> datetime | None:
    """`timestamp '…'`; without a zone it is in UTC, the session's zone."""
    text = _text_of(literal, "timestamp", "timestamptz", "date")
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace(" UTC", "Z")).replace(tzinfo=zone)
    except ValueError:  # no such time; DuckDB reports it
        return None


def _day(literal: exp.Expression) -> date | None:
    """`date '…'`."""
    text = _text_of(literal, "date")
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:  # no such day; DuckDB reports it
        return None


def _integer(literal: exp.Expression) -> int | None:
    sign, number = (-1, literal.this) if isinstance(literal, exp.Neg) else (1, literal)
    is_integer = isinstance(number, exp.Literal) and not number.is_string and number.name.isdecimal()
    return sign * int(number.name) if is_integer else None


def _text_of(literal: exp.Expression, *kinds: str) -> str:
    """The text of a typed literal of one of these types; empty for anything else."""
    is_typed = _is_cast(literal, *kinds) and isinstance(literal.this, exp.Literal)
    return literal.this.name if is_typed and literal.this.is_string else ""


def _is_cast(expression: exp.Expression, *kinds: str) -> bool:
    return isinstance(expression, exp.Cast) and expression.to.is_type(*kinds)
