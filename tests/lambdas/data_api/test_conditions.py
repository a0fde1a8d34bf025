"""Conditions on sort columns, as query parameters."""

import pytest

from lambdas.data_api.conditions import Condition, read_condition, read_operator
from lambdas.data_api.problems import Problem
from tests.lambdas.contracts import READINGS


@pytest.mark.parametrize(
    ("given", "operator", "value"),
    [
        ("5", "eq", "5"),
        ("eq:5", "eq", "5"),
        ("ge:2026-11-01T00:00:00Z", "ge", "2026-11-01T00:00:00Z"),
        ("2026-11-01T00:00:00Z", "eq", "2026-11-01T00:00:00Z"),
        ("eq:ge:5", "eq", "ge:5"),
        ("near:5", "eq", "near:5"),
        ("ge", "eq", "ge"),
        ("", "eq", ""),
    ],
)
def test_a_value_without_an_operator_is_equal(given: str, operator: str, value: str) -> None:
    assert read_operator(given) == (operator, value)


@pytest.mark.parametrize(
    ("column", "given", "condition"),
    [
        ("label", "x", Condition("eq", "=x")),
        ("label", "lt:x", Condition("lt", "=x")),
        ("label", "ge:x", Condition("ge", "=x", ">")),
        ("label", "gt:x", Condition("gt", "=x\0", ">")),
        ("label", "begins_with:x ", Condition("begins_with", "=x ")),
        ("label", "between:a%2Cb,c%25", Condition("between", "=a,b", "=c%")),
        ("flag", "true", Condition("eq", "=true")),
        ("at", "le:20261101T0200+0200", Condition("le", "=2026-11-01T00:00:00.000000Z")),
        ("count", "eq: 5 ", Condition("eq", "=09223372036854775813")),
    ],
)
def test_a_condition_is_about_texts_of_the_index(column: str, given: str, condition: Condition) -> None:
    assert read_condition(READINGS, READINGS.column(column), given) == condition


@pytest.mark.parametrize(
    ("column", "given"),
    [("flag", "True"), ("count", "5.5"), ("count", ""), ("day", "ge:2026-02-30"), ("price", "0.00001"),
     ("label", "x" * 1023), ("label", "\ud800"), ("count", "begins_with:5"), ("count", "between:1,2,3"),
     ("label", "between:b,a")],
)  # fmt: skip
def test_what_is_no_value_of_the_column_is_refused(column: str, given: str) -> None:
    with pytest.raises(Problem) as raised:
        read_condition(READINGS, READINGS.column(column), given)

    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("condition", "texts"),
    [
        (Condition("eq", "=b"), ["=b"]),
        (Condition("lt", "=b"), ["=", "=a"]),
        (Condition("le", "=b"), ["=", "=a", "=b"]),
        (Condition("ge", "=b", ">"), ["=b", "=ba", "=\U0010ffff"]),
        (Condition("gt", "=b\0", ">"), ["=ba", "=\U0010ffff"]),
        (Condition("between", "=a", "=b"), ["=a", "=b"]),
        (Condition("begins_with", "=b"), ["=b", "=ba"]),
    ],
)
def test_no_condition_holds_for_null(condition: Condition, texts: list[str]) -> None:
    every = ["=", "=a", "=b", "=ba", "=\U0010ffff", ">null"]

    assert [text for text in every if condition.holds(text)] == texts
