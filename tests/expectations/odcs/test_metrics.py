"""Metrics and thresholds as expectations."""

import pytest

from expectations.odcs.metrics import Metric, Threshold, expectations_of


@pytest.mark.parametrize(
    ("threshold", "is_zero"),
    [
        (Threshold("mustBe", (0,), percent=False), True),
        (Threshold("mustBeLessOrEqualTo", (0,), percent=True), True),
        (Threshold("mustBeLessThan", (1,), percent=False), True),
        (Threshold("mustBeLessThan", (1,), percent=True), False),
        (Threshold("mustBe", (1,), percent=False), False),
    ],
)
def test_only_some_thresholds_mean_zero(threshold: Threshold, *, is_zero: bool) -> None:
    assert threshold.is_zero is is_zero


def test_a_metric_that_must_be_zero_is_about_single_rows() -> None:
    metric = Metric("missingValues", "amount", {"missingValues": [None, 0]})

    assert expectations_of(metric, Threshold("mustBe", (0,), percent=False)) == [
        ("expect_column_values_to_not_be_null", {"column": "amount"}),
        ("expect_column_values_to_not_be_in_set", {"column": "amount", "value_set": [0]}),
    ]


def test_a_tolerated_percentage_is_mostly() -> None:
    [(_, arguments)] = expectations_of(
        Metric("nullValues", "amount", {}), Threshold("mustBeLessOrEqualTo", (2.5,), percent=True)
    )

    assert arguments == {"column": "amount", "mostly": 0.975}


def test_any_other_threshold_is_a_query_that_returns_a_row_if_it_is_broken() -> None:
    [(expectation, arguments)] = expectations_of(
        Metric("duplicateValues", None, {"properties": ["a", "b"]}),
        Threshold("mustBeLessThan", (9,), percent=True),
    )

    assert expectation == "unexpected_rows_expectation"
    assert arguments["unexpected_rows_query"] == (
        "SELECT value FROM (SELECT 100.0 * sum(if(n > 1, n, 0)) / sum(n) AS value FROM (SELECT count(*) AS n "
        "FROM {batch} WHERE `a` IS NOT NULL AND `b` IS NOT NULL GROUP BY `a`, `b`)) WHERE NOT (value < 9)"
    )


@pytest.mark.parametrize(
    ("operator", "values", "bounds"),
    [
        ("mustBeGreaterThan", (0,), {"min_value": 0, "strict_min": True}),
        ("mustBeBetween", (1, 5), {"min_value": 1, "max_value": 5}),
    ],
)
def test_a_count_of_rows_has_bounds(
    operator: str, values: tuple[float, ...], bounds: dict[str, object]
) -> None:
    found = expectations_of(Metric("rowCount", None, {}), Threshold(operator, values, percent=False))

    assert found == [("expect_table_row_count_to_be_between", bounds)]
