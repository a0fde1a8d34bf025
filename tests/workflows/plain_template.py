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

_REFERENCE = re.compile(r"\$\{[A-Za-z0-9.:]+\}")
_LITERAL = re.compile(r"\$\{(?![A-Za-z0-9.:]+\})")


def plain() -> dict[str, Any]:
    """The plain template, with a mail address and an origin, so that no resource is left out."""
    given = {"AlertEmail": "alerts@example.com", "CorsOrigins": "https://app.example"}
    template = json.loads(json.dumps(expanded(**given)))
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
