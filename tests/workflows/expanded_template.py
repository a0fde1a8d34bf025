"""The template as CloudFormation sees it: loops unrolled, references to resources left as they are.

Run as a module it prints that as JSON, for tools that know no loops and would pass over what is in them.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import Any

import pytest
from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions
from samcli.yamlhelper import yaml_parse

from workflows.deploy.template import WORKFLOWS

type Resource = dict[str, Any]

TEXT = (WORKFLOWS / "template.yaml").read_text()
TEMPLATE: dict[str, Any] = yaml_parse(TEXT)


@cache
def expanded(**parameters: str) -> dict[str, Any]:
    """The template with these parameters."""
    result: dict[str, Any] = expand_language_extensions(TEMPLATE, parameters, enabled=True).expanded_template
    return result


def resources(*types: str, **parameters: str) -> dict[str, Resource]:
    """Resources of these types by logical id; of all types if none is named."""
    every = expanded(**parameters)["Resources"]
    return {name: found for name, found in every.items() if not types or found["Type"] in types}


def each(*types: str) -> pytest.MarkDecorator:
    """Parametrizes a test with each resource of these types."""
    found = resources(*types)
    # Expanding takes references out of resources whose condition does not hold.
    continuous = resources(*types, IngestMode="continuous")
    found |= {name: one for name, one in continuous.items() if one.get("Condition") == "IsContinuous"}
    streams = resources(*types, KinesisStreams="arn:aws:kinesis:us-east-1:123456789012:stream/tills")
    found |= {name: one for name, one in streams.items() if one.get("Condition") == "HasKinesisStreams"}
    return pytest.mark.parametrize(("name", "resource"), found.items(), ids=list(found))


if __name__ == "__main__":
    json.dump(expanded(), sys.stdout, indent=1)
