"""Reads the query of a rule: one expression over the dataset, which Spark answers as Athena does."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from expectations.contract import Column
from expectations.sql.aggregates import Rows
from expectations.sql.expressions import Row
from expectations.sql.grammar import InvalidStatement, parse_statements
from expectations.sql.values import NUMBERS, NotAlike

_TABLE: Final = ("object", "table", "model")
_PROPERTY: Final = ("property", "column", "field")
_PLACEHOLDER: Final = re.compile(r"""(["'`]?)(?:\$?\{(\w+)\}|\$\((\w+)\))\1""")
_CLAUSES: Final = ("kind", "expressions", "from_", "where")
_WRITTEN: Final = {"joins": "join", "group": "group by", "order": "order by"}  # clause -> how SQL writes it


@dataclass(frozen=True, slots=True)
class RowPredicate:
    """A condition that no row may meet: in Spark SQL, as written, and the columns that it is about."""

    sql: str
    written: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """The value of a query over all rows, as an aggregate of Spark SQL.

    `counted` is the condition on the rows that the query counts, if it does nothing else and the condition
    can't fail on a row.
    """

    sql: str
    is_boolean: bool
    counted: RowPredicate | None


@dataclass(frozen=True, slots=True)
class Source:
    """What a query may name: the dataset, its columns, and the place of the property that has the rule."""

    tables: Collection[str]
    columns: Mapping[str, Column]
    path: tuple[str, ...] = ()


def read_query(text: str, source: Source) -> Query:
    """The query of a rule. Raises NotAlike, which says what is not evaluated and how to write it."""
    select = _select(_with_names(text, source))
    tables = tuple(table.lower() for table in source.tables)
    row = Row(source.columns, frozenset({*tables, _table(select, tables)}))
    where = select.args.get("where")
    condition = row.condition(where.this) if where else None
    expressions = select.expressions
    if len(expressions) != 1:
        raise NotAlike(f"the query has {len(expressions)} expressions; a rule compares one")
    (expression,) = expressions
    found = Rows(row.columns, row.tables, condition).value(expression.unalias())
    if found.kind not in (*NUMBERS, "boolean"):
        raise NotAlike(f"the query gives {found.type}; a rule compares a number or boolean")
    counted = _counted(row, expression.unalias(), where.this if where else None)
    return Query(found.sql, found.kind == "boolean", counted)


def _with_names(text: str, source: Source) -> str:
    """The query with names in the place of `${object}`, `{table}`, `$(property)` and so on."""
    names: dict[str, tuple[str, ...]] = dict.fromkeys(_TABLE, (next(iter(source.tables)),))
    if source.path:
        names |= dict.fromkeys(_PROPERTY, source.path)

    def put(found: re.Match[str]) -> str:
        name = found[2] or found[3]
        if name not in names:
            raise NotAlike(f"the placeholder {found[0]} is not known; these are: {', '.join(names)}")
        return ".".join(f'"{part}"' for part in names[name])

    return _PLACEHOLDER.sub(put, text)


def _select(text: str) -> exp.Select:
    try:
        statements = parse_statements(text)
    except InvalidStatement as error:
        raise NotAlike(f"the query is not SQL of Athena: {error}") from error
    select = statements[0] if len(statements) == 1 else None
    if not isinstance(select, exp.Select):
        raise NotAlike("the query is not one SELECT")
    for name, part in select.args.items():
        if part and name not in _CLAUSES:
            raise NotAlike(f"{_WRITTEN.get(name, name).strip('_').upper()} is not evaluated")
    if any(node is not select for node in select.find_all(exp.Query)):
        raise NotAlike("a subquery is not evaluated")
    return select


def _table(select: exp.Select, tables: Collection[str]) -> str:
    """The name of the dataset in the query. Raises NotAlike if the query is about anything else."""
    source = select.args.get("from_")
    table = source.this if source else None
    others = (
        [name for name, part in table.args.items() if part and name not in ("this", "alias")] if table else []
    )
    if not isinstance(table, exp.Table) or others or table.name.lower() not in tables:
        expected = " or ".join(["${object}", *tables])
        raise NotAlike(f"FROM has to name the dataset alone, as {expected}")
    return table.alias_or_name.lower()


def _counted(row: Row, expression: exp.Expr, where: exp.Expr | None) -> RowPredicate | None:
    """The condition of `COUNT(*) … WHERE condition` or `COUNT_IF(condition)`."""
    name = str(expression.this).lower() if isinstance(expression, exp.Anonymous) else ""
    if name == "count" and where is not None and _counts_rows(expression):
        node = where
    elif name == "count_if" and where is None:
        (node,) = expression.expressions
    else:
        return None
    condition = row.condition(node)
    if not condition.is_safe or not condition.columns:
        return None
    return RowPredicate(condition.sql, node.sql("trino"), tuple(sorted(condition.columns)))


def _counts_rows(count: exp.Expr) -> bool:
    return all(isinstance(part, (exp.Star, exp.Literal)) for part in count.expressions)
