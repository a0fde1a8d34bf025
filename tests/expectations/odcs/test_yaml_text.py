"""A contract's YAML as plain values, with the line of every path."""

import pytest

from expectations.odcs.yaml_text import read_yaml
from expectations.problems import Findings


def test_values_have_lines_and_dates_stay_text() -> None:
    findings = Findings("orders.yaml")

    values = read_yaml("a: 2017-01-01\nb:\n  - c: 1\n", findings)

    assert values == {"a": "2017-01-01", "b": [{"c": 1}]}
    assert findings.lines == {"": 1, "a": 1, "b": 2, "b[0]": 3, "b[0].c": 3}
    assert findings.problems == []


def test_a_part_of_a_file_leaves_the_lines_of_the_file() -> None:
    findings = Findings("orders.yaml", {"quality": 4})

    assert read_yaml("type: x", findings, "quality.implementation") == {"type": "x"}
    assert findings.lines == {"quality": 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected YAML with content, got nothing; write it, or remove the file or field"),
        ("a: 1\na: 2\n", "expected each field once, got it again in line 2; keep one of them"),
        ('a: "\\ud800"\n', "expected whole characters, got half of a surrogate pair; write the whole"),
        ("a: [\n", "expected YAML, got a syntax error in line 2, column 1; correct it: "),
        ("a: \x00\n", "expected YAML, got text that cannot be read; correct it: "),
    ],
)
def test_text_that_is_not_valid_is_reported(text: str, message: str) -> None:
    findings = Findings("orders.yaml")

    read_yaml(text, findings)

    (problem,) = findings.problems
    assert problem.message.startswith(message)
