"""The template of dashboards in QuickSight, checked by cfn-lint without AWS."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expectations.contract import Column
from expectations.odcs import load_contracts
from workflows.analysts.datasets import Dataset, load_datasets
from workflows.analysts.quicksight import NoSuchDataset, TooLarge, quicksight_template, template_text

WORKFLOWS = Path(__file__).parents[3] / "workflows"
COMMITTED = WORKFLOWS / "quicksight.yaml"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return quicksight_template(load_datasets())


def resources(template: dict[str, Any], kind: str) -> dict[str, Any]:
    found = template["Resources"].items()
    return {name: one for name, one in found if one["Type"] == f"AWS::QuickSight::{kind}"}


def of_columns(name: str, *columns: Column) -> Dataset:
    return Dataset(replace(load_contracts()["products"], dataset=name, columns=columns, key=("id",)))


WIDE = of_columns(
    "wide",
    Column("id", "long"),
    Column("at", "timestamp"),
    *(Column(f"amount_{number}", "decimal(10,2)") for number in range(60)),
    *(Column(f"text_{number}", "string") for number in range(60)),
)
# Mistakes of the kinds that the schemas of CloudFormation's resource types know.
MISTAKES = {
    "Type: ATHENA": "Type: ATHENS",
    "RefreshType: FULL_REFRESH": "RefreshType: SOME_REFRESH",
    "TimeZone: UTC": "TimeZones: UTC",
    "NumericalMeasureField:": "NumericMeasureField:",
    "ScheduleId: daily": "ScheduleName: daily",
    "DateGranularity: MONTH": "DateGranularity: MOON",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What cfn-lint finds in each template, remarks too. One process reads all: its schemas take the time."""
    folder, broken = tmp_path_factory.mktemp("templates"), COMMITTED.read_text()
    for right, wrong in MISTAKES.items():
        assert right in broken
        broken = broken.replace(right, wrong, 1)
    texts = {
        "committed": COMMITTED.read_text(),
        "wide": template_text(quicksight_template([WIDE])),
        "broken": broken,
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [str(linter), "--format", "json", "--include-checks", "I", "--", *map(str, folder.iterdir())]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    return {name: [one for one in told if Path(one["Filename"]).stem == name] for name in texts}


def test_the_committed_template_is_that_of_the_contracts() -> None:
    """Otherwise: uv run glueline bi quicksight --database '' --output workflows/quicksight.yaml."""
    assert COMMITTED.read_text() == template_text(quicksight_template(load_datasets()))


def test_cfn_lint_accepts_it(found: dict[str, list[Any]]) -> None:
    assert found["committed"] == []


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


def test_datasets_whose_names_differ_by_an_underscore_have_resources_of_their_own() -> None:
    names = ("order_1", "order1", "orders")
    template = quicksight_template([of_columns(name, Column("id", "long")) for name in names])

    ids = {one["Properties"]["DataSetId"]["Fn::Sub"] for one in resources(template, "DataSet").values()}
    assert ids == {f"${{AWS::StackName}}-{name}" for name in names}
    assert "OrdersDataSet" in template["Resources"]
    for refresh in resources(template, "RefreshSchedule").values():
        assert refresh["DependsOn"] in template["Resources"]
    assert all(name.isalnum() for name in template["Resources"])


def test_a_dataset_with_many_measures_and_dimensions_fits_a_sheet(found: dict[str, list[Any]]) -> None:
    (board,) = resources(quicksight_template([WIDE]), "Dashboard").values()
    (sheet,) = board["Properties"]["Definition"]["Sheets"]
    # https://docs.aws.amazon.com/quicksight/latest/user/data-source-limits.html
    assert len(sheet["Visuals"]) <= 50
    assert found["wide"] == []


def test_more_datasets_than_a_template_takes_are_refused_with_the_way_out() -> None:
    many = [of_columns(f"dataset_{number}", Column("id", "long")) for number in range(125)]

    with pytest.raises(TooLarge, match=r"at most 500 resources.*got 502.*--dataset NAME"):
        quicksight_template(many)
    assert len(quicksight_template(many, only=["dataset_7"])["Resources"]) == 2 + 4
    with pytest.raises(NoSuchDataset, match="got nothing"):
        quicksight_template(load_datasets(), only=["nothing"])
    with pytest.raises(TooLarge, match="at most 1,000,000 bytes"):
        template_text({"Description": "x" * 1_000_001})


def test_one_dataset_keeps_the_joins_with_those_that_are_left_out() -> None:
    template = quicksight_template(load_datasets(), only=["transactions"])

    (data_set,) = resources(template, "DataSet").values()
    query = data_set["Properties"]["PhysicalTableMap"]["rows"]["CustomSql"]["SqlQuery"]["Fn::Sub"]
    assert 'left join "${LakeDatabase}"."products"' in query


def test_the_schemas_of_cloudformation_find_mistakes(found: dict[str, list[Any]]) -> None:
    text = json.dumps(found["broken"])

    for wrong in ("ATHENS", "SOME_REFRESH", "TimeZones", "NumericMeasureField", "ScheduleName", "MOON"):
        assert wrong in text
