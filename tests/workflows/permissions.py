"""The permissions of each role of the template, and what the product asked for in its roles.

Both name resources alike: one without a name of its own is `<logical id>`, and the stack is `glueline`, as
on one machine. The recording, `recorded_requests.json`, comes from the end-to-end tests
(`tests/e2e/test_permissions.py`).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.workflows import evaluate_policies
from tests.workflows.expanded_template import expanded, resources
from workflows.local.base.home import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

RECORDING: Final = Path(__file__).with_name("recorded_requests.json")
_ACCOUNT: Final = "000000000000"
_PSEUDO: Final = {
    "AWS::AccountId": _ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "glueline",
    "Lake": "lake",
    "LakeOps": "lake_ops",
}
_ARN: Final = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SQS::Queue": f"arn:aws:sqs:us-east-1:{_ACCOUNT}:{{}}",
    "AWS::SNS::Topic": f"arn:aws:sns:us-east-1:{_ACCOUNT}:{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:us-east-1:{_ACCOUNT}:key/{{}}",
    "AWS::Events::Rule": f"arn:aws:events:us-east-1:{_ACCOUNT}:rule/{{}}",
    "AWS::Cognito::UserPool": f"arn:aws:cognito-idp:us-east-1:{_ACCOUNT}:userpool/{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:us-east-1:{_ACCOUNT}:log-group:{{}}:*",
}
# The existing tables of docs/existing-tables.md, which the end-to-end tests attach to.
_EXISTING: Final = [f"arn:aws:dynamodb:us-east-1:{_ACCOUNT}:table/{name}" for name in ("Shop", "App")]
SOURCES: Final = {
    "SourceTables": ",".join(_EXISTING),
    "SourceStreams": ",".join(f"{table}/stream/…" for table in _EXISTING),
    # The queue of tests/e2e/test_further_queues.py. The embedded AWS reads its Kinesis stream without asking.
    "InboundQueues": f"arn:aws:sqs:us-east-1:{_ACCOUNT}:tills.fifo",
}
_STREAMS: Final = re.compile(r"(:table/(?:Shop|App)/stream/)[0-9T:.-]+")
_NAMES: Final = ("Name", "LogGroupName")
_UNNAMED: Final = (*_ARN, "AWS::IAM::Role")  # types whose names CloudFormation makes, mostly
_DATASETS: Final = re.compile(r":table/(glueline-|lake/|lake_ops/)[a-z0-9_]+")

type Statement = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """What a role asked for and was allowed."""

    role: str
    action: str
    resource: str
    conditions: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "conditions": dict(self.conditions)}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Request:
        return cls(found["role"], found["action"], found["resource"], tuple(found["conditions"].items()))


# --- the template -------------------------------------------------------------------------------------------


@cache
def policies() -> dict[str, dict[str, Statement]]:
    """The statements of each role by the name of their place: `<role or policy> <number>`."""
    every = resources("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    found = {}
    for name, role in every.items():
        if role["Type"] == "AWS::IAM::Role":
            properties = role["Properties"]
            own = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
            found[name] = dict(_numbered(name, own))
            for managed in properties.get("ManagedPolicyArns", ()):
                other = managed["Ref"]
                found[name] |= _numbered(other, [every[other]["Properties"]["PolicyDocument"]])
    for name, policy in resources("AWS::IAM::Policy", **SOURCES).items():
        if policy["Condition"] in ("HasSources", "HasInboundQueues"):
            for role in policy["Properties"]["Roles"]:
                found[role["Ref"]] |= _numbered(name, [policy["Properties"]["PolicyDocument"]])
    return found


def _numbered(where: str, documents: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Statement]]:
    statements = [statement for document in documents for statement in document["Statement"]]
    for number, statement in enumerate(statements, start=1):
        yield f"{where} {number}", resolved(statement)


def resolved(value: Any) -> Any:
    """The value with texts in place of CloudFormation's functions."""
    match value:
        case str(text):
            return _substituted(text, {})
        case dict() if len(value) == 1 and (call := next(iter(value))) in _FUNCTIONS:
            return _FUNCTIONS[call](value[call])
        case dict():
            return {name: resolved(one) for name, one in value.items()}
        case list():
            return [resolved(one) for one in value]
        case _:
            return value


def _sub(given: Any) -> str:
    text, names = given if isinstance(given, list) else (given, {})
    return _substituted(text, {name: resolved(one) for name, one in names.items()})


def _split(given: Any) -> list[str]:
    separator, text = given
    return str(resolved(text)).split(separator)


_FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "Ref": lambda name: _reference(name),  # noqa: PLW0108 -- defined below
    "Fn::GetAtt": lambda given: _arn(given[0] if isinstance(given, list) else given.removesuffix(".Arn")),
    "Fn::Sub": _sub,
    "Fn::Select": lambda given: resolved(given[1])[int(given[0])],
    "Fn::Split": _split,
    "Fn::Join": lambda given: given[0].join(resolved(given[1])),
}


def _substituted(text: str, given: Mapping[str, str]) -> str:
    def put(found: re.Match[str]) -> str:
        name = found[1]
        if name in given:
            return given[name]
        return _arn(name.removesuffix(".Arn")) if name.endswith(".Arn") else _reference(name)

    return re.sub(r"\$\{([A-Za-z0-9.:]+)\}", put, text)


def _reference(name: str) -> str:
    if name in _PSEUDO:
        return _PSEUDO[name]
    if parameter := expanded()["Parameters"].get(name):
        return str(parameter["Default"])
    return _arn(name) if resources()[name]["Type"] == "AWS::SNS::Topic" else _name(name)


def _arn(name: str) -> str:
    return _ARN[resources()[name]["Type"]].format(_name(name))


def _name(name: str) -> str:
    properties = resources()[name].get("Properties", {})
    own = next((properties[key] for key in _NAMES if key in properties), None)
    return str(resolved(own)) if own else f"<{name}>"


# --- the recording ------------------------------------------------------------------------------------------


def recorded() -> list[Request]:
    """The requests of the recording."""
    return [Request.from_dict(found) for found in json.loads(RECORDING.read_text())]


def write_recording(requests: Iterable[Request]) -> None:
    """Replace the recording."""
    lines = [json.dumps(request.to_dict(), ensure_ascii=False) for request in sorted(requests)]
    RECORDING.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def in_terms_of_the_template(
    found: Iterable[Mapping[str, Any]], stack_resources: Iterable[Mapping[str, Any]]
) -> tuple[set[Request], set[Request]]:
    """What the embedded AWS recorded of a stack's roles: allowed and refused requests."""
    names = {
        re.split(r"[/:]", one["PhysicalResourceId"])[-1]: f"<{one['LogicalResourceId']}>"
        for one in stack_resources
        if one["ResourceType"] in _UNNAMED and not one["PhysicalResourceId"].startswith("/")
    }
    pattern = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    text = pattern.sub(lambda match: names[match[0]], json.dumps(list(found), ensure_ascii=False))
    answers: tuple[set[Request], set[Request]] = (set(), set())
    for one in json.loads(text):
        role = one["role"].strip("<>")
        if role != one["role"]:  # of this stack
            resource = _STREAMS.sub(r"\1…", _DATASETS.sub(r":table/\1…", one["resource"]))
            conditions = tuple(one["conditions"].items())
            answers[0 if one["allowed"] else 1].add(Request(role, one["action"], resource, conditions))
    return answers


# --- evaluation ---------------------------------------------------------------------------------------------


def allowed(questions: Sequence[tuple[Iterable[Statement], Sequence[Request]]]) -> list[list[bool]]:
    """Which requests a policy allows, for each question, by the evaluator that the embedded AWS uses."""
    python = str(DEFAULT.emulator_python)
    asked = [
        {"policy": list(policy), "requests": [request.to_dict() for request in requests]}
        for policy, requests in questions
    ]
    ran = subprocess.run(
        [python, evaluate_policies.__file__],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.stderr.write(ran.stderr)
        ran.check_returncode()
    answers: list[list[bool]] = json.loads(ran.stdout)
    return answers
