"""Dashboards -> a CloudFormation template of QuickSight, the companion of a stack's template.

For each dataset a data set, its daily refresh, an analysis to change and a dashboard to look at.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import yaml

from workflows.analysts.dashboards import dashboards
from workflows.analysts.quicksight_access import resource, role
from workflows.analysts.quicksight_data import DATABASE, data_set, data_source, refresh
from workflows.analysts.quicksight_visuals import definition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.analysts.datasets import Dataset
    from workflows.analysts.quicksight_access import Json

_HEADER: Final = "# Written by glueline bi quicksight. Changes belong into the contracts.\n"


def quicksight_template(datasets: Sequence[Dataset], defaults: dict[str, str] | None = None) -> Json:
    """The template for these datasets. `defaults` are values of its parameters, from a stack's outputs."""
    resources: Json = {"QuickSightRole": role(), "Athena": data_source()}
    by_name = {one.name: one for one in datasets}
    for board in dashboards(datasets, DATABASE):
        name = "".join(part.capitalize() for part in board.dataset.split("_"))
        resources[f"{name}DataSet"] = data_set(by_name[board.dataset], board)
        resources[f"{name}Refresh"] = refresh(name, board)
        drawn = {"Definition": definition(name, board)}
        for kind in ("Analysis", "Dashboard"):
            resources[f"{name}{kind}"] = resource(kind, board.dataset, board.title, drawn)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Glueline: dashboards of a stack's datasets in QuickSight",
        "Parameters": _parameters(defaults or {}),
        "Conditions": {"IsSpice": {"Fn::Equals": [{"Ref": "ImportMode"}, "SPICE"]}},
        "Resources": resources,
        "Outputs": {
            "QuickSightRoleArn": {
                "Description": "The role with which QuickSight queries the lake",
                "Value": {"Fn::GetAtt": ["QuickSightRole", "Arn"]},
            }
        },
    }


def template_text(template: Json) -> str:
    """The template in YAML, every part written out where it stands."""
    plain = json.loads(json.dumps(template))  # yaml would write what occurs twice as a reference
    return _HEADER + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)


def _parameters(defaults: dict[str, str]) -> Json:
    described = {
        "LakeDatabase": "The stack's output LakeDatabase",
        "LakeBucket": "The stack's output LakeBucket",
        "ReaderWorkGroup": "The stack's output ReaderWorkGroup",
        "QuickSightPrincipal": "ARN of the user or group of QuickSight that gets data sets and dashboards",
    }
    parameters: Json = {
        name: {"Type": "String", "Description": text}
        | ({"Default": defaults[name]} if name in defaults else {})
        for name, text in described.items()
    }
    parameters["ImportMode"] = {
        "Type": "String",
        "Default": "SPICE",
        "AllowedValues": ["SPICE", "DIRECT_QUERY"],
        "Description": "SPICE - copies that are refreshed daily. DIRECT_QUERY - Athena answers every view.",
    }
    parameters["RefreshTime"] = {
        "Type": "String",
        "Default": "05:00",
        "AllowedPattern": "([01][0-9]|2[0-3]):[0-5][0-9]",
        "Description": "When copies in SPICE are refreshed, each day, in UTC",
    }
    return parameters
