"""The expectations of rules of type `sql`, as Great Expectations constructs and describes them."""

import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Great Expectations and its dependencies warn about each other
    import expectations.import_of_gx  # noqa: F401 -- before anything else imports Great Expectations

    # isort: split
    from great_expectations.render.renderer.inline_renderer import InlineRenderer

    from expectations.sql_expectations import ExpectNoRowsWhere, ExpectQueryValue

pytestmark = pytest.mark.filterwarnings(
    "ignore:::great_expectations", "ignore:::marshmallow", "ignore:::pyspark"
)


def value(operator: str, *limits: str) -> ExpectQueryValue:
    return ExpectQueryValue(
        query="SELECT SUM(a) FROM t", aggregate="sum(`a`)", operator=operator, limits=list(limits)
    )


@pytest.mark.parametrize(
    ("operator", "limits", "text", "holds"),
    [
        ("mustBe", ("0.3",), "0.3", True),
        ("mustBe", ("3",), "3.00", True),
        ("mustBeGreaterThan", ("9007199254740992",), "9007199254740993.00", True),  # beyond a double
        ("mustBeLessThan", ("5",), "Infinity", False),
        ("mustBeLessThan", ("5",), "NaN", False),
        ("mustBeBetween", ("1", "2"), "2.0E0", True),
        ("mustNotBeBetween", ("1", "2"), "2", False),
        ("mustBe", ("0",), None, True),  # no value breaks no threshold, as in a query of the library
    ],
)
def test_a_value_is_compared_digit_by_digit(
    operator: str, limits: tuple[str, ...], text: str | None, *, holds: bool
) -> None:
    found = value(operator, *limits)._validate({"table.query_value": text})

    assert found["success"] is holds


@pytest.mark.parametrize(
    ("expectation", "sentence"),
    [
        (
            value("mustBeBetween", "1", "2"),
            ("$query: $operator $limits", ["SELECT SUM(a) FROM t", "mustBeBetween", "1, 2"]),
        ),
        (
            ExpectNoRowsWhere(column="a", columns=["a"], where="a < 0", condition="(`a` < 0)"),
            ("no row may meet $where", ["a < 0"]),
        ),
    ],
)
def test_a_rule_is_described_as_it_is_written(expectation: Any, sentence: tuple[str, list[str]]) -> None:
    (content,) = InlineRenderer(render_object=expectation.configuration).get_rendered_content()

    described: Any = content.value
    assert (described.template, [param["value"] for param in described.params.values()]) == sentence
