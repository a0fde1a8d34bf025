"""Fields that the standard does not know are problems; those of other tools are not."""

from pathlib import Path

import pytest
from open_data_contract_standard.model import CustomProperty

from expectations.odcs.document import custom_properties, given_position
from expectations.problems import Findings
from tests.expectations.contract_files import AMOUNT_AT, VALID, changed, notes, problems


@pytest.mark.parametrize(
    ("old", "new", "path", "rule"),
    [
        ("kind: DataContract", "kind: Contract", "kind", "fundamentals"),
        ("apiVersion: v3.1.0", "apiVersion: v2.2.0", "apiVersion", "fundamentals"),
        ("apiVersion: v3.1.0", "apiVersion: v3.3.0", "apiVersion", "fundamentals"),
        ("version: 1.0.0\n", "", "version", "fundamentals"),
        ("status: active\n", "", "status", "fundamentals"),
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


@pytest.mark.parametrize("version", ["v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0"])
def test_a_document_of_each_version_is_read(tmp_path: Path, version: str) -> None:
    assert notes(tmp_path, changed("apiVersion: v3.1.0", f"apiVersion: {version}")) == []


def test_version_3_2_needs_no_status(tmp_path: Path) -> None:
    text = VALID.replace("v3.1.0", "v3.2.0").replace("status: active\n", "")

    assert problems(tmp_path, text) == ()


def test_parts_for_other_tools_are_read_past(tmp_path: Path) -> None:
    text = changed(
        "status: active\n",
        "status: active\n"
        "context: {instructions: Ask first.}\n"
        "servers: [{server: a, type: kafka, host: h, port: '${PORT}', topic: orders}]\n"
        "team: [{username: a, dateIn: 2024-01-01}]\n"
        "slaProperties: [{property: latency, value: 4, unit: d}]\n",
    )

    assert notes(tmp_path, text) == [
        ("servers[0].topic", "ODCS has no such field here; Glueline ignores it"),
        ("slaProperties", "service levels are not monitored"),
    ]
