"""The template without loops and without SAM: what CloudFormation makes of it, as JSON, for tools.

cfn-lint says nothing about the statements of roles in a template that has SAM's transform, so it reads this
form too. Parameters have their defaults, and conditions are decided.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.workflows.expanded_template import expanded

_TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/Shop"
EVERYTHING = {
    "AlertEmail": "alerts@example.com",
    "CorsOrigins": "https://app.example",
    "SourceTables": _TABLE,
    "SourceStreams": f"{_TABLE}/stream/2026-11-30T12:00:00.000",
    "SourceKeys": "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111",
    "InboundQueues": "arn:aws:sqs:us-east-1:123456789012:tills.fifo,arn:aws:sqs:us-east-1:123456789012:shops",
    "KinesisStreams": "arn:aws:kinesis:us-east-1:123456789012:stream/tills",
    "KafkaCluster": "arn:aws:kafka:us-east-1:123456789012:cluster/shop/11111111-1111-1111-1111-1",
    "KafkaTopics": "db.shop.orders,db.shop.items",
    "MessageKeys": "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111",
}
_REFERENCE = re.compile(r"\$\{[A-Za-z0-9.:]+\}")
_LITERAL = re.compile(r"\$\{(?![A-Za-z0-9.:]+\})")


def plain() -> dict[str, Any]:
    """The plain template with values for which no resource is left out."""
    template = json.loads(json.dumps(expanded(**EVERYTHING)))
    template |= {part: _substituted(template[part]) for part in ("Resources", "Outputs")}
    template["Transform"] = "AWS::Serverless-2016-10-31"
    template["Globals"]["Function"]["CodeUri"] = "s3://none/none"  # as after `sam package`
    defaults = {name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()}
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    made: dict[str, Any] = translator.translate(template, parameter_values=defaults)
    return made


def _substituted(value: Any) -> Any:
    """The value with Fn::Sub around texts that have references: expanding the loops takes it off."""
    match value:
        case dict() if value.keys() == {"Fn::Sub"}:
            return value
        case dict():
            return {name: _substituted(item) for name, item in value.items()}
        case list():
            return [_substituted(item) for item in value]
        case str() if _REFERENCE.search(value):
            return {"Fn::Sub": _LITERAL.sub("${!", value)}
        case _:
            return value


if __name__ == "__main__":
    json.dump(plain(), sys.stdout, indent=1)
