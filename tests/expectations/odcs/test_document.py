"""Fields that the standard does not know are problems; those of other tools are not."""

from pathlib import Path

import pytest
from open_data_contract_standard.model import CustomProperty

from expectations.odcs.document import custom_properties, given_position
from expectations.problems import Findings
from tests.expectations.contract_files import AMOUNT_AT, changed, problems


@pytest.mark.parametrize(
    ("old", "new", "path", "rule"),
    [
        ("kind: DataContract", "kind: Contract", "kind", "fundamentals"),
        ("apiVersion: v3.1.0", "apiVersion: v2.2.0", "apiVersion", "fundamentals"),
        ("version: 1.0.0\n", "", "version", "fundamentals"),
        ("status: active", "status: active\nstatuss: x", "statuss", "unknown-field"),
        ("metric: rowCount", "metrik: x, metric: rowCount", "schema[0].quality[0].metrik", "unknown-field"),
        (
            "- name: amount\n",
            "- name: amount\n        requird: true\n",
            f"{AMOUNT_AT}.requird",
            "unknown-field",
        ),
        ("primaryKey: true", "primaryKey: maybe", "schema[0].properties[0].primaryKey", "odcs"),
    ],
)
def test_a_document_that_breaks_the_standard_is_reported(
    tmp_path: Path, old: str, new: str, path: str, rule: str
) -> None:
    (problem,) = problems(tmp_path, changed(old, new))

    assert (problem.path, problem.rule) == (path, rule)


def found(*names: str) -> tuple[list[str], list[str]]:
    """The known properties among these, and the rules of the problems."""
    findings = Findings("orders.yaml")
    given = [CustomProperty(property=name, value=1) for name in names]
    known = custom_properties(given, ("aliases", "default"), "schema[0]", findings)
    return list(known), [problem.rule for problem in findings.problems]


def test_properties_of_other_tools_are_ignored_but_not_misspelt_ones() -> None:
    assert found("aliases", "owner") == (["aliases"], [])
    assert found("alias") == ([], ["unknown-field"])
    assert found("default", "default") == (["default"], ["duplicate-field"])


def test_a_position_of_minus_one_is_none() -> None:
    assert [given_position(position) for position in (None, -1, 0, 2)] == [None, None, 0, 2]
