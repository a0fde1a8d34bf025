"""The template of dashboards in QuickSight, checked by cfn-lint without AWS."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workflows.analysts.datasets import load_datasets
from workflows.analysts.quicksight import quicksight_template, template_text

WORKFLOWS = Path(__file__).parents[3] / "workflows"
COMMITTED = WORKFLOWS / "quicksight.yaml"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return quicksight_template(load_datasets())


def resources(template: dict[str, Any], kind: str) -> dict[str, Any]:
    found = template["Resources"].items()
    return {name: one for name, one in found if one["Type"] == f"AWS::QuickSight::{kind}"}


def lint(*templates: Path) -> list[dict[str, Any]]:
    """What cfn-lint finds in templates, in one process: reading its schemas takes most of the time."""
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [str(linter), "--format", "json", "--", *map(str, templates)]
    found: list[dict[str, Any]] = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=False).stdout
    )
    return found


def test_the_committed_template_is_that_of_the_contracts() -> None:
    """Otherwise: uv run glueline bi quicksight --database '' --output workflows/quicksight.yaml."""
    assert COMMITTED.read_text() == template_text(quicksight_template(load_datasets()))


def test_cfn_lint_accepts_it_and_would_find_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(COMMITTED.read_text().replace("DateGranularity: MONTH", "DateGranularity: MOON", 1))

    found = lint(COMMITTED, broken)

    assert {one["Filename"] for one in found} == {str(broken)}
    assert "MOON" in found[0]["Message"]


def test_each_dataset_has_a_data_set_a_refresh_an_analysis_and_a_dashboard(template: dict[str, Any]) -> None:
    for kind in ("DataSet", "RefreshSchedule", "Analysis", "Dashboard"):
        assert len(resources(template, kind)) == 3
    for schedule in resources(template, "RefreshSchedule").values():
        assert schedule["Condition"] == "IsSpice"
    assert all(
        one["Properties"]["ImportMode"] == {"Ref": "ImportMode"}
        for one in resources(template, "DataSet").values()
    )


def test_the_outputs_of_a_stack_are_defaults() -> None:
    parameters = quicksight_template(load_datasets(), {"LakeDatabase": "shop_lake"})["Parameters"]

    assert parameters["LakeDatabase"]["Default"] == "shop_lake"
    assert "Default" not in parameters["QuickSightPrincipal"]
