"""Which conditions of a WHERE are applied by Iceberg's scan, and in which form."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlglot
from pyiceberg import expressions
from pyiceberg.schema import Schema
from pyiceberg.types import (
    DateType,
    DecimalType,
    IcebergType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)
from sqlglot import exp

from workflows.query.row_filters import row_filter

COLUMNS: dict[str, IcebergType] = {
    "id": LongType(),
    "sold_at": TimestamptzType(),
    "day": DateType(),
    "status": StringType(),
    "amount": DecimalType(10, 2),
}
SCHEMA = Schema(*(NestedField(n, name, kind) for n, (name, kind) in enumerate(COLUMNS.items(), 1)))
OPERATORS: dict[str, Any] = {
    "=": expressions.EqualTo,
    ">": expressions.GreaterThan,
    ">=": expressions.GreaterThanOrEqual,
    "<": expressions.LessThan,
    "<=": expressions.LessThanOrEqual,
}
FIRST, SECOND = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)

type Bound = tuple[str, str, Any]


def scanned(statement: str) -> expressions.BooleanExpression:
    """The filter of the scan of `sales`."""
    nodes = [
        node
        for node in sqlglot.parse_one(statement, dialect="athena").find_all(exp.Table)
        if node.name == "sales"
    ]
    return row_filter(nodes, SCHEMA)


def all_of(*bounds: Bound) -> Any:
    found: Any = expressions.AlwaysTrue()
    for name, operator, value in bounds:
        found = expressions.And(found, OPERATORS[operator](name, value))
    return found


TRANSLATED: list[tuple[str, list[Bound]]] = [
    ("id = 5", [("id", "=", 5)]),
    ("-5 < ID", [("id", ">", -5)]),
    ("status >= 'paid' and id between 1 and 9", [("status", ">=", "paid"), ("id", ">=", 1), ("id", "<=", 9)]),
    ("(id > 1 and (id < 9))", [("id", ">", 1), ("id", "<", 9)]),
    ("day = date '2026-01-01'", [("day", "=", date(2026, 1, 1))]),
    ("sold_at >= timestamp '2026-01-01'", [("sold_at", ">=", FIRST)]),
    ("sold_at < timestamp '2026-01-02 00:00:00.000 UTC'", [("sold_at", "<", SECOND)]),
    ("date(sold_at) = date '2026-01-01'", [("sold_at", ">=", FIRST), ("sold_at", "<", SECOND)]),
    ("cast(sold_at as date) > date '2026-01-01'", [("sold_at", ">=", SECOND)]),
    ("date(sold_at) <= date '2026-01-01'", [("sold_at", "<", SECOND)]),
    ("date(sold_at) < date '2026-01-01'", [("sold_at", "<", FIRST)]),
    ("id > 1 and (id < 3 or status = 'paid') and lower(status) = 'paid'", [("id", ">", 1)]),
]


@pytest.mark.parametrize(("where", "bounds"), TRANSLATED)
def test_a_comparison_of_a_column_with_a_literal_filters_the_scan(where: str, bounds: list[Bound]) -> None:
    assert scanned(f"select * from sales where {where}") == all_of(*bounds)


@pytest.mark.parametrize(
    "where",
    [
        "id = 5 or id = 6",
        "not id = 5",
        "id <> 5",
        "status is null",
        "id = amount",
        "id > 5.5",
        "id = '5'",
        "amount > 5",  # a number of another type
        "sold_at > timestamp '2026-01-01 00:00:00 Europe/Berlin'",
        "sold_at > timestamp '2026-01-01 00:00:00.123456789'",
        "sold_at > '2026-01-01'",
        "day = timestamp '2026-01-01 12:00:00'",
        "date(status) = date '2026-01-01'",
        "day = date '2026-02-30'",  # no such day: DuckDB reports it
        "sold_at > timestamp '2026-01-01 25:00'",
        "date(sold_at) <= date '9999-12-31'",  # no next day
        "other = 5",
        "id = (select max(id) from others)",
    ],
)
def test_any_other_condition_does_not_filter_the_scan(where: str) -> None:
    assert scanned(f"select * from sales where {where}") == expressions.AlwaysTrue()


@pytest.mark.parametrize(
    ("statement", "bounds"),
    [
        ("select * from sales s, others o where s.id = 1 and o.id = 2 and id = 3", [("id", "=", 1)]),
        ("select * from others o full join lake.sales s on s.id = o.id where s.id = 1", [("id", "=", 1)]),
        ("with few as (select * from sales where id = 1) select * from few where id = 2", [("id", "=", 1)]),
        ("select * from others where id in (select id from sales where id < 5) and id > 3", [("id", "<", 5)]),
        ("select * from (select * from sales) x where id = 1", []),
        ("select * from sales where id = 1 union select * from sales where id = 2", []),
        ("select id from sales", []),
    ],
)
def test_only_the_where_of_a_tables_own_select_filters_its_scan(statement: str, bounds: list[Bound]) -> None:
    assert scanned(statement) == all_of(*bounds)
