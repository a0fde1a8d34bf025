"""What a chart of a dashboard shows of its result."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from workflows.analysts.dashboards import Chart, Measure
from workflows.console.views.dashboards import drawn, total

SALES = Measure("sales_value", "sales_value", "sum")


def test_a_dimension_makes_bars_and_rows_without_a_value_have_a_name() -> None:
    chart = Chart("bar", "Sales by department", SALES, "select 1")

    assert drawn(chart, [("GROCERY", Decimal("10.5")), (None, "2"), ("x" * 50, None)]) == {
        "type": "bar",
        "sideways": True,
        "labels": ["GROCERY", "no value", "x" * 40],
        "series": [{"name": "sales_value", "values": [10.5, 2.0, None]}],
    }


@pytest.mark.parametrize("period", [datetime(2026, 11, 1, tzinfo=UTC), "2026-11-01 00:00:00.000000 UTC"])
def test_a_time_makes_a_line_also_of_athenas_texts(period: Any) -> None:
    found = drawn(Chart("line", "Sales by month", SALES, "select 1"), [(period, 1)])

    assert found is not None
    assert (found["type"], found["labels"]) == ("line", ["2026-11-01"])


def test_a_number_and_an_empty_table_are_not_drawn() -> None:
    assert drawn(Chart("number", "Rows", SALES, "select 1"), [(7,)]) is None
    assert drawn(Chart("line", "Sales by month", SALES, "select 1"), []) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1469307, "1,469,307"),
        ("1469307", "1,469,307"),
        (Decimal("4593.7000"), "4,593.70"),
        (0.1, "0.10"),
        (None, "no value"),
        ("n/a", "n/a"),
    ],
)
def test_a_total_has_its_thousands_apart(value: Any, shown: str) -> None:
    assert total([(value,)]) == shown
    assert total([]) == "no value"
