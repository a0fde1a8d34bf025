"""Commands for analysts. Those that need a stack run in tests/e2e/test_analysts.py."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflows.cli.calling import call
from workflows.cli.showing import Step
from workflows.stack import target
from workflows.stack.target import Target

OUTPUTS = {
    "LakeDatabase": "shop_lake",
    "LakeBucket": "shop-lake",
    "ReaderWorkGroup": "shop-readers",
    "ReaderRoleArn": "arn:aws:iam::123456789012:role/shop-reader",
}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(name: Any) -> Target:
        return Target("eu-central-1", OUTPUTS, stack=str(name))

    monkeypatch.setattr(target, "connect", connect)


def test_dbt_sources_are_printed_without_a_stack_if_the_database_is_named() -> None:
    result = call("export", "dbt", "--database", "shop_lake")

    assert result.exit_code == 0
    assert yaml.safe_load(result.stdout)["sources"][0]["schema"] == "shop_lake"


def test_dbt_sources_of_a_stack_are_of_its_database(stack: None, tmp_path: Path) -> None:
    file = tmp_path / "sources.yml"

    result = call("export", "dbt", "--stack", "shop", "--output", str(file))

    assert (result.exit_code, result.stdout) == (0, "")
    assert yaml.safe_load(file.read_text())["sources"][0]["name"] == "shop_lake"
    assert "Next: dbt parse" in result.stderr


def test_powerbi_writes_a_file_and_prints_the_settings_of_its_data_source(
    stack: None, tmp_path: Path
) -> None:
    file = tmp_path / "lake.pbids"

    result = call("bi", "powerbi", "--stack", "shop", "--output", str(file), "--dsn", "Shop")

    assert result.exit_code == 0
    assert json.loads(file.read_text())["connections"][0]["details"]["address"]["options"]["dsn"] == "Shop"
    for line in ("AwsRegion = eu-central-1", "Schema = shop_lake", "Workgroup = shop-readers"):
        assert line in result.stdout
    assert OUTPUTS["ReaderRoleArn"] in result.stdout


def test_quicksight_has_the_stacks_outputs_as_defaults(stack: None) -> None:
    result = call("bi", "quicksight", "--stack", "shop")

    parameters = yaml.safe_load(result.stdout)["Parameters"]
    defaults = {name: one["Default"] for name, one in parameters.items() if "Default" in one}
    assert defaults | {"ImportMode": "SPICE"} == {
        "LakeDatabase": "shop_lake",
        "LakeBucket": "shop-lake",
        "ReaderWorkGroup": "shop-readers",
        "ImportMode": "SPICE",
        "RefreshTime": "05:00",
    }


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("export", "dbt"), ["reading the contracts", "writing the sources"]),
        (("bi", "powerbi", "--dataset", "products"), ["reading the contracts"]),
        (("bi", "quicksight"), ["reading the contracts", "writing the template"]),
    ],
)
def test_each_command_shows_its_steps(
    stack: None, steps: list[Step], arguments: tuple[str, ...], names: list[str]
) -> None:
    assert call(*arguments, "--stack", "shop").exit_code == 0
    assert [step.name for step in steps] == names


def test_the_template_of_a_named_database_has_it_as_its_only_default() -> None:
    parameters = yaml.safe_load(call("bi", "quicksight", "--database", "shop_lake").stdout)["Parameters"]

    assert parameters["LakeDatabase"]["Default"] == "shop_lake"
    assert "Default" not in parameters["LakeBucket"]
