"""What cfn-lint passes over in the template as it is, it finds in the plain form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.workflows.plain_template import plain


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


def test_an_action_that_iam_does_not_know_is_found_in_the_plain_form(tmp_path: Path) -> None:
    made = plain()
    del made["Outputs"]
    made["Resources"] = {role: made["Resources"][role] for role in ("DataApiRole", "JobRolecheck")}
    for number, role in enumerate(made["Resources"].values()):
        statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        statements[0]["Action"] = [f"dynamodb:GetItems{number}"]
    (tmp_path / "plain.json").write_text(json.dumps(made))

    found = findings(tmp_path / "plain.json", "W3037")

    assert [message.split()[0] for message in found] == ["'getitems0'", "'getitems1'"]


def test_cfn_lint_passes_over_it_in_a_template_with_the_transform_of_sam(tmp_path: Path) -> None:
    """If this fails, cfn-lint has learned it, and the plain form is no longer needed."""
    made = plain()
    role = made["Resources"]["DataApiRole"]
    role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]["Action"] = ["dynamodb:GetItems"]
    made |= {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"DataApiRole": role}, "Outputs": {}}
    (tmp_path / "template.json").write_text(json.dumps(made))

    assert findings(tmp_path / "template.json", "W3037") == []
