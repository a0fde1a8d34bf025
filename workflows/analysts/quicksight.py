"""Dashboards -> a CloudFormation template of QuickSight, the companion of a stack's template.

For each dataset a data set, its daily refresh, an analysis to change and a dashboard to look at.
"""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import yaml

from expectations.problems import GluelineError
from workflows.analysts.dashboards import dashboards
from workflows.analysts.quicksight_access import resource, role
from workflows.analysts.quicksight_data import DATABASE, data_set, data_source, refresh
from workflows.analysts.quicksight_visuals import definition

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workflows.analysts.datasets import Dataset
    from workflows.analysts.quicksight_access import Json

MOST_RESOURCES: Final = 500
MOST_BYTES: Final = 1_000_000  # of a template in S3; one in the request itself has 51,200
_ADVICE: Final = "make several templates, each for some datasets: --dataset NAME, which may be repeated."
_HEADER: Final = "# Written by glueline bi quicksight. Changes belong into the contracts.\n"


class NoSuchDataset(GluelineError):
    """Raised when a named dataset has no contract."""


class TooLarge(GluelineError):
    """Raised when CloudFormation would not take the template; the message says what to leave out."""


def quicksight_template(
    datasets: Sequence[Dataset], defaults: dict[str, str] | None = None, only: Collection[str] = ()
) -> Json:
    """The template for these datasets or, with `only`, for some of them, which may refer to the others.

    `defaults` are values of its parameters, from a stack's outputs. Raises TooLarge, NoSuchDataset.
    """
    resources: Json = {"QuickSightRole": role(), "Athena": data_source()}
    by_name = {one.name: one for one in datasets}
    if unknown := [name for name in only if name not in by_name]:
        raise NoSuchDataset(f"Expected datasets of {', '.join(by_name)}, got {', '.join(unknown)}.")
    wanted = [board for board in dashboards(datasets, DATABASE) if not only or board.dataset in only]
    names = _logical_names([board.dataset for board in wanted])
    for board in wanted:
        name = names[board.dataset]
        resources[f"{name}DataSet"] = data_set(by_name[board.dataset], board)
        resources[f"{name}Refresh"] = refresh(name, board)
        drawn = {"Definition": definition(name, board)}
        for kind in ("Analysis", "Dashboard"):
            resources[f"{name}{kind}"] = resource(kind, board.dataset, board.title, drawn)
    if len(resources) > MOST_RESOURCES:
        raise TooLarge(
            f"Expected at most {MOST_RESOURCES} resources, which a template of CloudFormation takes, got "
            f"{len(resources)} for {len(wanted)} datasets: {_ADVICE}"
        )
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
    """The template in YAML, every part written out where it stands. Raises TooLarge."""
    plain = json.loads(json.dumps(template))  # yaml would write what occurs twice as a reference
    text = _HEADER + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)
    if (size := len(text.encode())) > MOST_BYTES:
        raise TooLarge(
            f"Expected at most {MOST_BYTES:,} bytes, which CloudFormation takes, got {size:,}: {_ADVICE}"
        )
    return text


def _logical_names(datasets: Sequence[str]) -> dict[str, str]:
    """A name for the resources of each dataset. Logical ids have letters and digits alone."""
    names = {one: "".join(part.capitalize() for part in one.split("_")) for one in datasets}
    often = Counter(names.values())
    return {  # order_1 and order1 would be one
        one: name if often[name] == 1 else f"{name}{sha256(one.encode()).hexdigest()[:8]}"
        for one, name in names.items()
    }


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
