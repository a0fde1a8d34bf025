"""The template and the registry of doors agree: what is announced, and which roles reach what lies there."""

import json
from typing import Any

import pytest

from jobs.intake.doors import DOORS, REPAIR, STREAM, STREAM_FAILURES
from tests.workflows.expanded_template import resources

ALL_DOORS = {f"{door.prefix}*" for door in DOORS.values()}
LISTED = {f"{door.prefix}*" for door in DOORS.values() if door.listed_by is not None}
FAILURES = {f"{STREAM_FAILURES}*"}


def reached(role: str, action: str) -> set[str]:
    """The keys of the RAW bucket's objects that a role may apply the action to."""
    found = set[str]()
    for policy in resources("AWS::IAM::Role")[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions, on = statement["Action"], statement["Resource"]
            if action in ([actions] if isinstance(actions, str) else actions):
                found |= {
                    text.removeprefix("${RawBucket.Arn}/")
                    for text in map(_text, on if isinstance(on, list) else [on])
                    if text.startswith("${RawBucket.Arn}/")
                }
    return found


def _text(resource: Any) -> str:
    """The text of `!Sub`, which the reader of templates leaves in place."""
    return resource if isinstance(resource, str) else str(resource.get("Fn::Sub", json.dumps(resource)))


def test_the_event_rule_announces_what_lands_at_each_door_and_nothing_else() -> None:
    pattern = resources("AWS::Events::Rule")["Landed"]["Properties"]["EventPattern"]

    assert pattern["detail"]["object"]["key"] == [
        {"prefix": door.prefix}
        if door.listed_by is None
        else {"wildcard": f"{door.prefix}*/{door.listed_by}"}
        for door in DOORS.values()
    ]


@pytest.mark.parametrize(
    ("role", "action", "keys"),
    [
        ("JobRolecheck", "s3:GetObject", ALL_DOORS),
        ("JobRolecheck", "s3:GetObjectVersion", ALL_DOORS),
        ("JobRolemaintain", "s3:DeleteObject", ALL_DOORS),
        ("JobRolemaintain", "s3:DeleteObjectVersion", ALL_DOORS),
        ("JobRolemaintain", "s3:GetObject", LISTED),
        ("JobRoleerase", "s3:GetObject", ALL_DOORS | FAILURES),
        ("JobRoleerase", "s3:GetObjectVersion", ALL_DOORS | FAILURES),
        ("JobRoleerase", "s3:PutObject", ALL_DOORS | FAILURES),
        ("JobRoleerase", "s3:DeleteObject", ALL_DOORS | FAILURES),
        ("JobRoleerase", "s3:DeleteObjectVersion", ALL_DOORS | FAILURES),
        ("JobRolecertify", "s3:PutObject", {f"{REPAIR.prefix}*"}),
        ("ForwarderRole", "s3:PutObject", {f"{STREAM.prefix}*", "feed/*"} | FAILURES),
    ],
)
def test_a_role_reaches_the_doors_that_its_work_needs(role: str, action: str, keys: set[str]) -> None:
    assert reached(role, action) == keys
