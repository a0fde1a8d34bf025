"""SQL in Athena's dialect over a lake of two small tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions.visitors import bind
from pyiceberg.io.pyarrow import expression_to_pyarrow, pyarrow_to_schema
from pyiceberg.table.name_mapping import NameMapping

from workflows.query.engines import QueryError, query_here

if TYPE_CHECKING:
    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.schema import Schema

SALES = pa.table(
    {
        "product_id": [1, 1, 2],
        "day": ["2017-03-01", "2017-03-02", "2017-03-02"],
        "amount": pa.array([Decimal("1.10"), Decimal("2.20"), Decimal("3.30")], pa.decimal128(10, 2)),
    }
)
PRODUCTS = pa.table({"product_id": [1, 2], "department": ["GROCERY", "FLORAL"]})


@dataclass
class Scanned:
    """A table that remembers which columns of how many rows were read."""

    data: pa.Table
    reads: list[tuple[str, ...]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def schema(self) -> Schema:
        names, width = self.data.column_names, self.data.num_columns
        named = [
            {
                "field-id": number,
                "names": [name],
                "fields": [{"field-id": width + number, "names": ["element"]}],
            }
            for number, name in enumerate(names)
        ]
        return pyarrow_to_schema(self.data.schema, NameMapping.model_validate(named))

    def scan(self, row_filter: BooleanExpression, selected_fields: tuple[str, ...]) -> Any:
        rows = self.data.filter(expression_to_pyarrow(bind(self.schema(), row_filter, case_sensitive=True)))
        self.reads.append(selected_fields)
        self.rows.append(rows.num_rows)
        return SimpleNamespace(to_arrow=lambda: rows.select(list(selected_fields)))


class Lake:
    """A catalog of tables in memory."""

    def __init__(self) -> None:
        self.tables = {("lake", "sales"): Scanned(SALES), ("lake_ops", "products"): Scanned(PRODUCTS)}

    def load_table(self, identifier: tuple[str, str]) -> Scanned:
        if identifier not in self.tables:
            raise NoSuchTableError(str(identifier))
        return self.tables[identifier]

    def list_tables(self, database: str) -> list[tuple[str, str]]:
        return [identifier for identifier in self.tables if identifier[0] == database]


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
def test_a_select_in_athenas_dialect_answers(lake: Any, sql: str, expected: list[dict[str, Any]]) -> None:
    assert query_here(lake, sql).to_pylist() == expected


def test_only_the_columns_a_statement_mentions_are_read(lake: Any) -> None:
    query_here(lake, "select sum(amount) as total from sales where day > '2017-03-01'")

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
def test_rows_that_the_where_rules_out_are_not_read(lake: Any, sql: str, days: list[str], rows: int) -> None:
    found = query_here(lake, sql).column("day").to_pylist()

    assert (sorted(found), lake.tables["lake", "sales"].rows) == (days, [rows])


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * from refunds", "No table lake.refunds. Tables in lake: sales."),
        ("delete from sales", "Expected a SELECT, got DELETE"),
        ("select from where", "not SQL that Athena's dialect knows"),
        ("select colour from sales", "colour"),
    ],
)
def test_a_wrong_statement_is_told_what_is_wrong(lake: Any, sql: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        query_here(lake, sql)
