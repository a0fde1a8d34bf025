"""SQL in Athena's dialect over a lake of two small tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.workflows.query.tables import Lake
from workflows.query.dialect.errors import QueryError
from workflows.query.local_engine import query_here


@pytest.fixture
def lake() -> Any:
    return Lake()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select count(*) as n from sales", [{"n": 3}]),
        (
            "select sum(amount) as total from lake.sales where day = '2017-03-02'",
            [{"total": Decimal("5.50")}],
        ),
        (
            "select p.department, sum(s.amount) as total from sales s join lake_ops.products p "
            "on p.product_id = s.product_id group by 1 order by 1",
            [
                {"department": "FLORAL", "total": Decimal("3.30")},
                {"department": "GROCERY", "total": Decimal("3.30")},
            ],
        ),
        (
            "with recent as (select * from sales where day > '2017-03-01') "
            "select count(distinct product_id) as n from recent",
            [{"n": 2}],
        ),
        (
            "select max_by(day, amount) as best, approx_distinct(day) > 0 as some from sales",
            [{"best": "2017-03-02", "some": True}],
        ),
        ("select sales.amount from sales where SALES.Product_Id = 2", [{"amount": Decimal("3.30")}]),
        ("select count(*) as n from sales natural join lake_ops.products", [{"n": 3}]),
        (
            "select a.day from sales a join sales b on a.amount < b.amount order by 1 limit 1",
            [{"day": "2017-03-01"}],
        ),
    ],
)
def test_a_select_in_athenas_dialect_returns_rows(
    lake: Any, sql: str, expected: list[dict[str, Any]]
) -> None:
    assert query_here(lake, sql, "lake")[0].to_pylist() == expected


def test_only_the_columns_a_statement_mentions_are_read(lake: Any) -> None:
    query_here(lake, "select sum(amount) as total from sales where day > '2017-03-01'", "lake")

    assert lake.tables["lake", "sales"].reads == [("day", "amount")]


@pytest.mark.parametrize(
    ("sql", "days", "rows"),
    [
        ("select day from sales where day = '2017-03-01' and amount > 0", ["2017-03-01"], 1),
        ("select s.day from sales s join lake_ops.products p using (product_id) where s.day < '2017-03-02'",
         ["2017-03-01"], 1),
        ("select s.day from lake_ops.products p left join sales s on s.product_id = p.product_id "
         "where s.day < '2017-03-02'", ["2017-03-01"], 1),
        ("select day from sales where day < '2017-03-02' or amount > 3", ["2017-03-01", "2017-03-02"], 3),
        ("select day from sales where day < '2017-03-02' union all "
         "select day from sales where product_id = 2", ["2017-03-01", "2017-03-02"], 3),
    ],
)  # fmt: skip
def test_rows_that_the_where_excludes_are_not_read(lake: Any, sql: str, days: list[str], rows: int) -> None:
    found = query_here(lake, sql, "lake")[0].column("day").to_pylist()

    assert (sorted(found), lake.tables["lake", "sales"].rows) == (days, [rows])


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * from refunds", "No table lake.refunds. Tables in lake: sales."),
        ("delete from sales", "Expected a SELECT, got DELETE"),
        ("select from where", "not valid SQL in Athena's dialect"),
        ("select colour from sales", "colour"),
    ],
)
def test_the_error_of_a_wrong_statement_says_what_is_wrong(lake: Any, sql: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        query_here(lake, sql, "lake")
