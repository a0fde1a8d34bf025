"""The rules that a column implies by itself."""

from typing import Any

import pytest

from expectations.contract import Column, Limits, Rule
from expectations.odcs.column_rules import column_rules


@pytest.mark.parametrize(
    ("column", "name", "expectation", "arguments"),
    [
        (Column("c", "int", required=True), "c.required", "expect_column_values_to_not_be_null", {}),
        (
            Column("c", "int", limits=Limits(minimum=0, maximum=9)),
            "c.range",
            "expect_column_values_to_be_between",
            {"min_value": 0, "max_value": 9},
        ),
        (
            Column("c", "int", limits=Limits(exclusive_minimum=0, exclusive_maximum=9)),
            "c.range",
            "expect_column_values_to_be_between",
            {"min_value": 0, "strict_min": True, "max_value": 9, "strict_max": True},
        ),
        (
            Column("c", "string", limits=Limits(min_length=1)),
            "c.length",
            "expect_column_value_lengths_to_be_between",
            {"min_value": 1},
        ),
        (
            Column("c", "string", limits=Limits(pattern="^a")),
            "c.pattern",
            "expect_column_values_to_match_regex",
            {"regex": "^a"},
        ),
        (
            Column("c", "string", limits=Limits(enum=("a", "b"))),
            "c.enum",
            "expect_column_values_to_be_in_set",
            {"value_set": ["a", "b"]},
        ),
    ],
)
def test_a_limit_is_a_rule(column: Column, name: str, expectation: str, arguments: dict[str, Any]) -> None:
    assert column_rules(column) == [Rule(name, expectation, {"column": "c", **arguments})]


def test_an_optional_column_without_limits_has_no_rules() -> None:
    assert column_rules(Column("c", "string")) == []


@pytest.mark.parametrize(("step", "text"), [(5, "5"), (0.05, "0.05"), (1e-05, "0.00001")])
def test_a_row_with_a_remainder_breaks_the_rule_about_multiples(step: float, text: str) -> None:
    (rule,) = column_rules(Column("c", "decimal(9,5)", limits=Limits(multiple_of=step)))

    assert rule.expectation == "expect_column_values_to_be_null"
    assert rule.kwargs == {
        "column": "c",
        "row_condition": {"type": "pass_through", "pass_through_filter": f"`c` % {text} <> 0"},
    }
    assert rule.description == f"values must be multiples of {step}"
