"""The template as CloudFormation sees it: loops unrolled, parameters put in, conditions evaluated.

References to other resources stay, as only a deployed stack has their values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workflows.contracts.existing_tables import PARAMETERS
from workflows.local.base.home import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WORKFLOWS: Final = CHECKOUT / "workflows"
TEMPLATE_FILE: Final = WORKFLOWS / "template.yaml"
COMPUTED: Final = (
    "Datasets",
    *PARAMETERS,
    "JobsCode",
    "Architecture",
)  # parameters that a deployment sets itself
_OF_SAM: Final = {"AWS::Serverless::Function": "AWS::Lambda::Function"}  # what its transform makes of a type
RETAINED: Final = ("Retain", "RetainExceptOnCreate")

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the template with its parameters put in. Any: properties are JSON."""

    logical_id: str
    type: str
    properties: Json
    deletion_policy: str = "Delete"

    @property
    def is_retained(self) -> bool:
        """Whether it stays when its stack is deleted."""
        return self.deletion_policy in RETAINED


@dataclass(frozen=True, slots=True)
class Place:
    """The stack that a template is for: its name, and where it is."""

    stack: str
    region: str = "us-east-1"
    account: str = "000000000000"
    partition: str = "aws"

    def pseudo_parameters(self) -> dict[str, str]:
        """The values that CloudFormation itself gives a template."""
        return {
            "AWS::StackName": self.stack,
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": "amazonaws.com",  # of `aws`; a deployment to another partition is refused
        }


def parse(text: str) -> Json:
    """A template in YAML or JSON."""
    from samcli.yamlhelper import yaml_parse

    parsed: Json = yaml_parse(text)
    return parsed


def expand(template: Json, place: Place, parameters: Mapping[str, str]) -> Json:
    """The template with its loops unrolled and its parameters put in, also those that have their default."""
    from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions

    known = {name: value for name, value in parameters.items() if name in template.get("Parameters", {})}
    given = {**known, **place.pseudo_parameters()}
    expanded: Json = expand_language_extensions(
        _with_globals(template), given, enabled=True
    ).expanded_template
    return expanded


def _with_globals(template: Json) -> Json:
    """The template with the properties that SAM gives all functions in each of them."""
    common = template.get("Globals", {}).get("Function", {})
    every = {
        name: {**body, "Properties": _with_common(common, body.get("Properties", {}))}
        if body.get("Type") in _OF_SAM
        else body
        for name, body in template["Resources"].items()
        if isinstance(body, dict)
    }
    return {**template, "Resources": {**template["Resources"], **every}}


def _with_common(common: Json, own: Json) -> Json:
    variables = [part.get("Environment", {}).get("Variables", {}) for part in (common, own)]
    return {**common, **own, "Environment": {"Variables": {**variables[0], **variables[1]}}}


def resources(expanded: Json) -> dict[str, Resource]:
    """The resources of an expanded template that would exist, by logical id."""
    return {resource.logical_id: resource for resource in _existing(expanded)}


def without_absent(template: Json, conditions: Mapping[str, Any]) -> Json:
    """The template without the resources that would not exist under these conditions, also those of loops.

    CloudFormation counts a resource whose condition does not hold like any other. `conditions` are those of
    the expanded template; the loops of this one may still be there.
    """
    kept = {}
    for name, body in template["Resources"].items():
        if isinstance(body, list):
            variable, collection, inner = body
            inner = {key: one for key, one in inner.items() if _exists(one, conditions)}
            if inner:
                kept[name] = [variable, collection, inner]
        elif _exists(body, conditions):
            kept[name] = body
    return {**template, "Resources": kept}


def _exists(body: Json, conditions: Mapping[str, Any]) -> bool:
    return "Condition" not in body or holds(conditions, {"Condition": body["Condition"]})


def _existing(expanded: Json) -> Iterator[Resource]:
    conditions = expanded.get("Conditions", {})
    for logical_id, body in expanded["Resources"].items():
        if not _exists(body, conditions):
            continue
        kind = _OF_SAM.get(body["Type"], body["Type"])
        policy = body.get("DeletionPolicy", "Delete")
        yield Resource(logical_id, kind, body.get("Properties", {}), policy)


def holds(conditions: Mapping[str, Any], condition: Any) -> bool:
    """Whether a condition of an expanded template holds: its operands are plain values.

    >>> holds({"IsBig": {"Fn::Equals": ["a", "a"]}}, {"Fn::Not": [{"Condition": "IsBig"}]})
    False
    """
    match condition:
        case bool():
            return condition
        case {"Condition": str(name)}:
            return holds(conditions, conditions[name])
        case {"Fn::Equals": [left, right]}:
            return bool(left == right)
        case {"Fn::Not": [inner]}:
            return not holds(conditions, inner)
        case {"Fn::And": list(inner)}:
            return all(holds(conditions, one) for one in inner)
        case {"Fn::Or": list(inner)}:
            return any(holds(conditions, one) for one in inner)
    raise ValueError(f"expected a condition with plain values, got {condition!r}")
