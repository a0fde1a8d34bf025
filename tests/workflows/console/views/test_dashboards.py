"""What a chart of a dashboard shows of its result."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from workflows.analysts.dashboards import MOST_BARS, Chart, Measure
from workflows.console.views.dashboards import drawn, is_cut, total

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
        (0.00417, "0.00417"),
        ("-0.0049", "-0.0049"),
        (Decimal("0.0000000000001234"), "1.23e-13"),
        (0, "0"),
        ("NaN", "NaN"),
        (None, "no value"),
        ("n/a", "n/a"),
    ],
)
def test_a_total_has_its_thousands_apart(value: Any, shown: str) -> None:
    assert total([(value,)]) == shown
    assert total([]) == "no value"


def test_a_month_without_rows_is_a_gap_of_the_line() -> None:
    line = Chart("line", "Sales by month", SALES, "select 1")
    months = [(date(2026, 11, 1), 1), (date(2027, 2, 1), 4), (None, 7)]

    found = drawn(line, months)

    assert found is not None
    assert found["labels"] == ["2026-11-01", "2026-12-01", "2027-01-01", "2027-02-01", "no value"]
    assert found["series"][0]["values"] == [1.0, None, None, 4.0, 7.0]


@pytest.mark.parametrize("first", [date(1, 1, 1), "-0044-03-01 00:00:00.000 UTC", "soon"])
def test_periods_that_no_line_can_fill_are_drawn_as_they_came(first: Any) -> None:
    found = drawn(Chart("line", "Sales by month", SALES, "select 1"), [(first, 1), (date(2026, 11, 1), 2)])

    assert found is not None
    assert len(found["labels"]) == 2


@pytest.mark.parametrize("value", ["NaN", float("nan"), "Infinity", Decimal("-Infinity")])
def test_a_value_that_no_chart_can_draw_is_a_gap(value: Any) -> None:
    found = drawn(Chart("bar", "Sales by department", SALES, "select 1"), [("GROCERY", value)])

    assert found is not None
    assert found["series"][0]["values"] == [None]


def test_booleans_are_written_as_athena_does() -> None:
    found = drawn(Chart("bar", "Sales by is_open", SALES, "select 1"), [(True, 1), ("false", 1)])

    assert found is not None
    assert found["labels"] == ["true", "false"]


def test_bars_say_that_there_may_be_more_of_them() -> None:
    bars = Chart("bar", "Sales by department", SALES, "select 1")

    assert is_cut(bars, MOST_BARS)
    assert not is_cut(bars, MOST_BARS - 1)
    assert not is_cut(replace(bars, kind="line"), MOST_BARS)
