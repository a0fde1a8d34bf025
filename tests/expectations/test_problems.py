"""Problems have a place that a person can find; errors say whether a retry can help."""

import pytest

from expectations.problems import ContractError, Findings, GluelineError, Problem, RetryableError

LINES = {"schema[0]": 7, "schema[0].properties[1]": 16}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("schema[0].properties[1]", 16),
        ("schema[0].properties[1].physicalType", 16),
        ("schema[0].properties[2].name", 7),
        ("version", None),
        ("", None),
    ],
)
def test_a_problem_has_the_line_of_its_path_or_of_the_nearest_part_of_it(path: str, line: int | None) -> None:
    findings = Findings("orders.yaml", LINES)

    findings.add(path, "known-type", "a type", "none", "add one")

    assert [problem.line for problem in findings.problems] == [line]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem("orders.yaml", "version", "fundamentals", "expected a value", 4),
            "orders.yaml: version (line 4): expected a value",
        ),
        (Problem("orders.yaml", "version", "fundamentals", "m"), "orders.yaml: version: m"),
        (Problem("orders.yaml", "", "yaml", "m", 1), "orders.yaml: m"),
    ],
)
def test_a_problem_as_text(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_contract_error_has_one_line_for_each_problem() -> None:
    error = ContractError([Problem("a.yaml", "", "yaml", "one"), Problem("b.yaml", "", "yaml", "two")])

    assert str(error) == "a.yaml: one\nb.yaml: two"
    assert isinstance(error, GluelineError)
    assert not isinstance(error, RetryableError)
