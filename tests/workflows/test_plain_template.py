"""What cfn-lint passes over in the template as it is, it finds in the plain form."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.workflows.plain_template import plain


def findings(rule: str, *templates: Path) -> dict[str, list[str]]:
    """What a rule of cfn-lint finds, by name of the template. One process reads all: it starts slowly."""
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [str(linter), "--format", "json", "--include-checks", "W", "--", *map(str, templates)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return {
        template.name: [
            one["Message"] for one in found if (one["Rule"]["Id"], one["Filename"]) == (rule, str(template))
        ]
        for template in templates
    }


def test_the_plain_form_has_neither_loops_nor_functions_of_sam() -> None:
    made = plain()
    types = {resource["Type"] for resource in made["Resources"].values()}

    assert "Transform" not in made
    assert not any(name.startswith("Fn::ForEach") for name in made["Resources"])
    assert "AWS::Lambda::Function" in types
    assert not any(name.startswith("AWS::Serverless") for name in types)


def test_an_action_that_iam_does_not_know_is_found_in_the_plain_form_alone(tmp_path: Path) -> None:
    """If the other is found too, cfn-lint has learned it, and the plain form is no longer needed."""
    made = plain()
    del made["Outputs"]
    made["Resources"] = {role: made["Resources"][role] for role in ("DataApiRole", "JobRolecheck")}
    for number, role in enumerate(made["Resources"].values()):
        statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        statements[0]["Action"] = [f"dynamodb:GetItems{number}"]
    (tmp_path / "plain.json").write_text(json.dumps(made))
    with_transform = made | {"Transform": "AWS::Serverless-2016-10-31"}
    (tmp_path / "sam.json").write_text(json.dumps(with_transform))

    found = findings("W3037", tmp_path / "plain.json", tmp_path / "sam.json")

    assert [message.split()[0] for message in found["plain.json"]] == ["'getitems0'", "'getitems1'"]
    assert found["sam.json"] == []
