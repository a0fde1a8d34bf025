"""The template as a stack of some name has it: each reference is the name or ARN that it stands for."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tests.workflows.expanded_template import TEMPLATE, Resource, expanded

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"

# The property of a type that has the name, and the ARN that it gets. A resource without it gets a name from
# CloudFormation, which begins with the stack's.
NAME_AND_ARN: Final[dict[str, tuple[str, str]]] = {
    "AWS::Athena::WorkGroup": ("Name", "athena:{region}:{account}:workgroup/{name}"),
    "AWS::ApiGatewayV2::Api": ("", "apigateway:{region}::/apis/{name}"),
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch:{region}:{account}:alarm:{name}"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", "cloudwatch::{account}:dashboard/{name}"),
    "AWS::Cognito::UserPool": ("", "cognito-idp:{region}:{account}:userpool/{name}"),
    "AWS::Cognito::UserPoolDomain": ("Domain", "cognito-idp:{region}:{account}:domain/{name}"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:{region}:{account}:table/{name}"),
    "AWS::Events::Rule": ("Name", "events:{region}:{account}:rule/{name}"),
    "AWS::Glue::Database": ("DatabaseInput.Name", "glue:{region}:{account}:database/{name}"),
    "AWS::Glue::Job": ("Name", "glue:{region}:{account}:job/{name}"),
    "AWS::Glue::SecurityConfiguration": ("Name", "glue:{region}:{account}:securityConfiguration/{name}"),
    "AWS::Glue::Trigger": ("Name", "glue:{region}:{account}:trigger/{name}"),
    "AWS::Glue::Workflow": ("Name", "glue:{region}:{account}:workflow/{name}"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "iam::{account}:policy/{name}"),
    "AWS::IAM::Role": ("RoleName", "iam::{account}:role/{name}"),
    "AWS::KMS::Alias": ("AliasName", "kms:{region}:{account}:{name}"),
    "AWS::KMS::Key": ("", "kms:{region}:{account}:key/{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:{region}:{account}:log-group:{name}"),
    "AWS::S3::Bucket": ("BucketName", "s3:::{name}"),
    "AWS::SNS::Topic": ("TopicName", "sns:{region}:{account}:{name}"),
    "AWS::SQS::Queue": ("QueueName", "sqs:{region}:{account}:{name}"),
    "AWS::Serverless::Function": ("FunctionName", "lambda:{region}:{account}:function:{name}"),
}
_ARN_IS_REF: Final = ("AWS::SNS::Topic", "AWS::IAM::ManagedPolicy")


class Stack:
    """The resources of one stack with their properties, physical names and ARNs."""

    def __init__(self, name: str, **parameters: str) -> None:
        self.name = name
        self._template = expanded(**parameters)
        defaults = {key: found["Default"] for key, found in TEMPLATE["Parameters"].items()}
        self._known = {**defaults, **parameters} | {
            "AWS::StackName": name, "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }  # fmt: skip
        self.resources: dict[str, Resource] = {
            id_: resource | {"Properties": self.resolve(resource.get("Properties", {}))}
            for id_, resource in self._template["Resources"].items()
        }

    def outputs(self) -> dict[str, Any]:
        """The outputs with their values."""
        found: dict[str, Any] = self.resolve(self._template["Outputs"])
        return {name: output["Value"] for name, output in found.items()}

    def names(self) -> set[tuple[str, str]]:
        """Type and physical name of each resource whose type has names that are unique in an account."""
        return {
            (resource["Type"], self.physical_name(id_))
            for id_, resource in self._template["Resources"].items()
            if resource["Type"] in NAME_AND_ARN
        }

    def arns(self) -> set[str]:
        """The ARNs of all resources."""
        return {
            self.arn(id_)
            for id_, resource in self._template["Resources"].items()
            if resource["Type"] in NAME_AND_ARN
        }

    def physical_name(self, id_: str) -> str:
        """The name that the template gives a resource, or one as CloudFormation makes it."""
        resource = self._template["Resources"][id_]
        value: Any = resource.get("Properties", {})
        for key in NAME_AND_ARN.get(resource["Type"], ("", ""))[0].split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return f"{self.name}-{id_}-1A2B3C4D" if value is None else str(self.resolve(value))

    def arn(self, id_: str) -> str:
        """The ARN of a resource."""
        pattern = NAME_AND_ARN[self._template["Resources"][id_]["Type"]][1]
        return "arn:aws:" + pattern.format(region=REGION, account=ACCOUNT, name=self.physical_name(id_))

    def arn_or_none(self, id_: str) -> str | None:
        """The ARN of a resource, None if its type has none here."""
        return self.arn(id_) if self._template["Resources"][id_]["Type"] in NAME_AND_ARN else None

    def resolve(self, node: Any) -> Any:
        """The value of a part of the template."""
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not None]
        if isinstance(node, str):
            return self._sub(node)  # sam leaves the text of Fn::Sub, without the function
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(function, given)] = node.items()
            if function in self._functions:
                return self._functions[function](self, given)
        return {key: self.resolve(value) for key, value in node.items()}

    def _ref(self, name: str) -> Any:
        if name in self._known or name == "AWS::NoValue":
            return self._known.get(name)
        kind = self._template["Resources"][name]["Type"]
        return self.arn(name) if kind in _ARN_IS_REF else self.physical_name(name)

    def _get_att(self, given: list[str]) -> str:
        name, attribute = given
        if attribute == "Arn":
            return self.arn(name)
        if attribute == "StreamArn":
            return f"{self.arn(name)}/stream/2026-11-30T00:00:00.000"
        return (
            self.physical_name(name)
            if attribute == "QueueName"
            else f"{self.physical_name(name)}.{attribute}"
        )

    def _sub(self, given: Any) -> str:
        text, values = (given, {}) if isinstance(given, str) else given
        known = {key: self.resolve(value) for key, value in values.items()}

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in known:
                return str(known[name])
            return str(self._get_att(name.split(".", 1)) if "." in name else self._ref(name))

        return re.sub(r"\$\{!", "${", re.sub(r"\$\{([A-Za-z][\w:.]*)\}", value, text))

    def _if(self, given: list[Any]) -> Any:
        condition, then, otherwise = given
        return self.resolve(then if self._holds(self._template["Conditions"][condition]) else otherwise)

    def _holds(self, condition: Any) -> bool:
        [(function, given)] = condition.items()
        if function == "Fn::Not":
            return not self._holds(given[0])
        assert function == "Fn::Equals"
        one, other = self.resolve(given[0]), self.resolve(given[1])
        return bool(one == other)

    def _select(self, given: list[Any]) -> Any:
        return self.resolve(given[1])[int(given[0])]

    _functions: ClassVar[dict[str, Callable[[Stack, Any], Any]]] = {
        "Ref": _ref,
        "Fn::GetAtt": _get_att,
        "Fn::Sub": _sub,
        "Fn::If": _if,
        "Fn::Join": lambda self, given: given[0].join(map(str, self.resolve(given[1]))),
        "Fn::Split": lambda self, given: str(self.resolve(given[1])).split(given[0]),
        "Fn::Select": _select,
        "Fn::FindInMap": lambda self, given: TEMPLATE["Mappings"][given[0]][self.resolve(given[1])][given[2]],
    }


@cache
def stack(name: str) -> Stack:
    """A stack of that name, with the defaults of all parameters."""
    return Stack(name)
