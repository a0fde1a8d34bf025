"""The dashboard of each dataset, and what its charts show of a few rows."""

from decimal import Decimal
from typing import Any

import pytest

from expectations.contract import Column, Contract
from expectations.odcs.semantics import Reference, Semantics
from tests.workflows.analysts.lake import lake_of_sales
from workflows.analysts.dashboards import Dashboard, dashboard, dashboards
from workflows.analysts.datasets import Dataset, load_datasets
from workflows.query.local_engine import query_here

SALES = ("quantity", "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


@pytest.fixture(scope="module")
def boards() -> dict[str, Dashboard]:
    return {board.dataset: board for board in dashboards(load_datasets(), "lake")}


def rows(board: Dashboard, title: str) -> list[dict[str, Any]]:
    (chart,) = (one for one in board.charts if one.title == title)
    found: list[dict[str, Any]] = query_here(lake_of_sales(), chart.sql, "lake")[0].to_pylist()
    return found


def test_measures_and_dimensions_follow_from_types_and_roles(boards: dict[str, Dashboard]) -> None:
    board = boards["transactions"]

    assert tuple(one.name for one in board.measures) == ("rows", *SALES)
    assert [one.name for one in board.dimensions][:5] == [
        "store_id",
        "status",
        "products.department",
        "products.brand",
        "products.product_category",
    ]
    assert board.time == "transaction_timestamp"


def test_no_restricted_column_and_no_key_is_shown(boards: dict[str, Dashboard]) -> None:
    for one in load_datasets():
        board = boards[one.name]
        hidden = {column.name for column in one.contract.columns if column.classification == "restricted"}
        shown = {part.column for part in board.measures} | {part.column for part in board.dimensions}
        assert shown.isdisjoint(hidden | set(one.contract.key))


def test_a_dataset_without_measures_and_time_counts_its_rows(boards: dict[str, Dashboard]) -> None:
    board = boards["products"]

    assert [one.name for one in board.measures] == ["rows"]
    assert {chart.kind for chart in board.charts} == {"number", "bar"}
    assert rows(board, "Rows by Department") == [
        {"dimension": "FLORAL", "value": 1},
        {"dimension": "GROCERY", "value": 1},
    ]


def test_every_chart_can_be_queried(boards: dict[str, Dashboard]) -> None:
    lake = lake_of_sales()
    for board in boards.values():
        for chart in board.charts:
            found = query_here(lake, chart.sql, "lake")[0]
            axis = {"number": [], "line": ["period"], "bar": ["dimension"]}[chart.kind]
            assert found.column_names == [*axis, "value"]
            assert found.num_rows > 0


def test_totals_and_measures_over_time(boards: dict[str, Dashboard]) -> None:
    board = boards["transactions"]

    assert rows(board, "Rows") == [{"value": 3}]
    assert rows(board, "Sales value") == [{"value": Decimal("6.60")}]
    assert [row["value"] for row in rows(board, "Sales value by month")] == [Decimal("3.30"), Decimal("3.30")]


def test_a_row_whose_reference_is_missing_is_counted(boards: dict[str, Dashboard]) -> None:
    found = rows(boards["transactions"], "Sales value by Products department")

    assert {row["dimension"] for row in found} == {None, "FLORAL", "GROCERY"}
    assert sum(row["value"] for row in found) == Decimal("6.60")


@pytest.mark.parametrize(
    ("semantics", "measures", "dimensions"),
    [
        (Semantics(), ["rows", "price"], ["name"]),
        (Semantics({"price": "avg", "line": "max"}), ["rows", "line", "price"], ["name"]),
        (Semantics({"price": "none", "name": "none"}, ("line",)), ["rows"], ["line"]),
        (Semantics(references=(Reference(("line",), "orders", ("line",)),)), ["rows", "price"], ["name"]),
    ],
)
def test_roles_decide_where_they_are_declared(
    semantics: Semantics, measures: list[str], dimensions: list[str]
) -> None:
    columns = (
        Column("id", "long"),
        Column("line", "int"),
        Column("price", "double"),
        Column("name", "string"),
        Column("parts", "list<string>", fields=(Column("element", "string"),)),
    )
    orders = Dataset(Contract("orders", "1.0.0", "", columns, ("id",)), semantics)

    board = dashboard(orders, [orders], "lake")

    assert [one.name for one in board.measures] == measures
    assert [one.name for one in board.dimensions] == dimensions


def test_an_amount_is_shown_by_each_dimension_before_other_numbers(boards: dict[str, Dashboard]) -> None:
    bars = [chart for chart in boards["transactions"].charts if chart.kind == "bar"]

    assert {chart.measure.name for chart in bars} == {"sales_value"}
    assert "Sales value by Products department" in [chart.title for chart in bars]


def test_the_least_text_is_no_measure_and_a_restricted_field_hides_its_column() -> None:
    contract = Contract(
        dataset="orders",
        version="1.0.0",
        description="Orders",
        columns=(
            Column("id", "long"),
            Column("name", "string"),
            Column("secret", "decimal(10,2)", classification="Restricted"),
        ),
        key=("id",),
    )
    board = dashboard(Dataset(contract, Semantics(measures={"name": "min", "secret": "sum"})), [], "lake")

    assert [one.name for one in board.measures] == ["rows"]
    assert board.dimensions == ()
