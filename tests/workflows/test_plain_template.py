"""What cfn-lint passes over in the template as it is, it finds in the plain form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.plain_template import plain
from workflows.deploy.template import WORKFLOWS


def findings(template: Path, rule: str) -> list[str]:
    """What a rule of cfn-lint finds."""
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [str(linter), "--format", "json", "--include-checks", "W", "--", str(template)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return [one["Message"] for one in found if one["Rule"]["Id"] == rule]


def test_the_plain_form_has_neither_loops_nor_functions_of_sam() -> None:
    made = plain()
    types = {resource["Type"] for resource in made["Resources"].values()}

    assert "Transform" not in made
    assert not any(name.startswith("Fn::ForEach") for name in made["Resources"])
    assert "AWS::Lambda::Function" in types
    assert not any(name.startswith("AWS::Serverless") for name in types)


@pytest.mark.parametrize("role", ["DataApiRole", "JobRolecheck"])
def test_an_action_that_iam_does_not_know_is_found_in_the_plain_form(tmp_path: Path, role: str) -> None:
    made = plain()
    statements = made["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    statements[0]["Action"] = ["dynamodb:GetItems"]
    (tmp_path / "plain.json").write_text(json.dumps(made))

    assert [found.split()[0] for found in findings(tmp_path / "plain.json", "W3037")] == ["'getitems'"]


def test_cfn_lint_still_passes_over_it_in_the_template_as_it_is(tmp_path: Path) -> None:
    """If this fails, cfn-lint has learned it, and the plain form is no longer needed."""
    text = (WORKFLOWS / "template.yaml").read_text()
    (tmp_path / "template.yaml").write_text(text.replace("[dynamodb:GetItem, ", "[dynamodb:GetItems, ", 1))

    assert findings(tmp_path / "template.yaml", "W3037") == []
