"""Stacks of one account and region: no name, permission or rule of one is about another."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from jobs.intake.queue import announce_backlog
from jobs.runtime.options import Options
from tests.workflows.named_template import Stack, stack

# Names that have nothing in common, and names of which one begins with the other.
PAIRS = [("dev", "prod"), ("prod", "dev"), ("dev", "dev-2"), ("dev-2", "dev"), ("dev", "dev-data")]
pairs = pytest.mark.parametrize(("one", "other"), PAIRS)

# What stacks share, as AWS has one of it in an account and region, or as it has no ARN.
SHARED = {
    "arn:aws:glue:us-east-1:123456789012:catalog",
    "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*",  # names and states, for doctor
    "arn:aws:events:us-east-1:123456789012:event-bus/default",  # a condition restricts the source of events
    "arn:aws:logs:us-east-1:123456789012:log-group:/aws-glue/jobs/*",  # Glue's own, with streams for each run
    "arn:aws:s3:::none/code/none/*",  # the code of a version, which every role may only read
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(of: Stack, *ids: str) -> list[dict[str, Any]]:
    """The statements of the policies of these resources, or of all."""
    documents = []
    for resource in (of.resources[id_] for id_ in ids or of.resources):
        properties = resource["Properties"]
        documents += [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
        documents += [properties[key] for key in ("PolicyDocument", "KeyPolicy") if key in properties]
    return [one for document in documents for one in as_list(document["Statement"])]


def roles(of: Stack) -> list[str]:
    return [id_ for id_, resource in of.resources.items() if resource["Type"] == "AWS::IAM::Role"]


def granted(of: Stack, role: str) -> list[dict[str, Any]]:
    """The statements of a role, with those of its managed policies."""
    attached = of.resources[role]["Properties"].get("ManagedPolicyArns", ())
    managed = [id_ for id_ in of.resources if of.arn_or_none(id_) in attached]
    return statements(of, role, *managed)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of IAM, in which * is any text, matches."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def with_parts(of: Stack) -> set[str]:
    """The ARNs of a stack's resources, and of what is in them."""
    found = of.arns()
    for arn in list(found):
        _, _, service, _, _, name = arn.split(":", 5)
        if service == "s3":
            found |= {
                f"{arn}/{part}/x" for part in ("stream", "drops", "warehouse", "open", "athena", "erase")
            }
        elif service == "dynamodb":
            found |= {f"{arn}/stream/2026-11-30T12:00:00.000"}
        elif service == "logs":
            found |= {f"{arn}:log-stream:jr_1", f"{arn}:*"}
        elif name.startswith("database/"):
            found.add(arn.replace(":database/", ":table/") + "/products")
    return found


def allowed(of: Stack, role: str, arn: str) -> list[str]:
    """The actions that a role may apply to the resource."""
    found = {"Allow": set[str](), "Deny": set[str]()}
    for statement in granted(of, role):
        if any(matches(pattern, arn) for pattern in as_list(statement["Resource"]) if pattern != "*"):
            found[statement["Effect"]] |= set(as_list(statement["Action"]))
    return sorted(found["Allow"] - found["Deny"])


# --- names --------------------------------------------------------------------------------------------------


@pairs
def test_two_stacks_have_no_name_in_common(one: str, other: str) -> None:
    assert stack(one).names() & stack(other).names() == set()


@pytest.mark.parametrize("name", ["dev", "dev-2"])
def test_every_name_carries_the_stacks(name: str) -> None:
    assert [found for _, found in stack(name).names() if name not in found] == []


def test_no_name_ends_with_another_of_its_type() -> None:
    """Otherwise two stacks of which one is named like the other, with more, could get the same name."""
    ends = [
        (kind, name.replace("dev", "", 1))
        for kind, name in stack("dev").names()
        if name.startswith("dev") and name != "dev"
    ]

    assert [
        (one, other) for kind, one in ends for same, other in ends
        if kind == same and one != other and one.endswith(other)
    ] == []  # fmt: skip


def test_databases_are_named_like_the_stack_unless_they_are_set() -> None:
    given = Stack("dev", LakeDatabase="lake", OpsDatabase="lake_ops")

    assert [stack("dev").outputs()[name] for name in ("LakeDatabase", "OpsDatabase")] == [
        "dev_lake",
        "dev_ops",
    ]
    assert [given.outputs()[name] for name in ("LakeDatabase", "OpsDatabase")] == ["lake", "lake_ops"]


def test_the_alarms_and_the_dashboard_read_the_metrics_of_their_stack() -> None:
    resources = stack("dev").resources
    alarms = {
        id_: resource["Properties"]
        for id_, resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    spaces = set(re.findall(r"Glueline/[\w-]+", json.dumps(alarms)))
    shown = resources["Dashboard"]["Properties"]["DashboardBody"]

    assert spaces == {"Glueline/dev"}
    assert '{\\"Glueline/dev\\",Dataset}' in shown
    assert 'JobName=(\\"dev-check\\" OR' in shown
    json.loads(shown)


# --- what a job is told -------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", ["check", "merge", "maintain", "reconcile", "certify", "erase"])
def test_a_job_learns_the_names_of_its_stack_from_its_arguments(job: str) -> None:
    arguments = stack("dev").resources[f"Job{job}"]["Properties"]["DefaultArguments"]
    given = [text for pair in arguments.items() for text in map(str, pair)]

    options = Options.from_argv([f"{job}.py", *given, "--JOB_RUN_ID", "jr_1"])

    assert (options.database, options.ops_database) == ("dev_lake", "dev_ops")
    assert options.metrics_namespace == "Glueline/dev"
    assert options.backlog_rule == stack("dev").outputs()["BacklogRule"]


# --- permissions --------------------------------------------------------------------------------------------


@pairs
def test_no_role_of_a_stack_reaches_a_resource_of_another(one: str, other: str) -> None:
    reached = {
        (arn, action)
        for role in roles(stack(one))
        for arn in with_parts(stack(other))
        for action in allowed(stack(one), role, arn)
        if action != "cloudwatch:DescribeAlarms"  # AWS gives the list of alarms to who may see all of them
    }

    assert reached == set()


@pytest.mark.parametrize("name", ["dev", "dev-2"])
def test_a_stack_reaches_its_own_tables_and_streams(name: str) -> None:
    table = f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}-products"

    compared = allowed(stack(name), "JobRolereconcile", table)
    captured = allowed(stack(name), "ForwarderRole", f"{table}/stream/2026-11-30T12:00:00.000")

    assert compared == ["dynamodb:DescribeTable", "dynamodb:Scan"]
    assert "dynamodb:GetRecords" in captured


def test_what_a_role_may_do_everywhere_is_about_metrics_alone() -> None:
    everywhere = {
        action
        for role in roles(stack("dev"))
        for statement in granted(stack("dev"), role)
        if "*" in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }

    assert everywhere == {"cloudwatch:PutMetricData", "cloudwatch:GetMetricStatistics"}


def test_what_stacks_share_is_listed() -> None:
    patterns = [
        {
            pattern
            for role in roles(stack(name))
            for statement in granted(stack(name), role)
            for pattern in as_list(statement["Resource"])
        }
        for name in ("dev", "prod")
    ]

    assert (patterns[0] & patterns[1]) - {"*"} == SHARED


@pairs
def test_the_key_encrypts_the_logs_of_its_stack_alone(one: str, other: str) -> None:
    [patterns] = [
        as_list(next(iter(statement["Condition"]["ArnLike"].values())))
        for statement in statements(stack(one))
        if "ArnLike" in statement.get("Condition", {})
    ]

    def encrypted(of: str) -> list[str]:
        groups = [arn for arn in stack(of).arns() if ":log-group:" in arn]
        return [arn for arn in groups if any(matches(pattern, arn) for pattern in patterns)]

    assert len(encrypted(one)) == 7
    assert encrypted(other) == []


@pairs
def test_the_queues_of_a_stack_take_events_of_its_rules_alone(one: str, other: str) -> None:
    sources = [
        arn
        for statement in statements(stack(one))
        for arn in as_list(statement.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn", []))
    ]

    assert sources
    assert set(sources) <= stack(one).arns()
    assert not set(sources) & stack(other).arns()


# --- events -------------------------------------------------------------------------------------------------


def events_of(of: Stack) -> dict[str, dict[str, Any]]:
    """An event of each kind that happens in a stack, by the rule that it is for."""
    backlog: list[dict[str, Any]] = []

    class Events:
        def enable_rule(self, Name: str) -> None:
            pass

        def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:
            backlog.extend(Entries)
            return {"FailedEntryCount": 0}

    announce_backlog(Events(), of.outputs()["BacklogRule"], 1)
    landed = {"bucket": {"name": of.outputs()["RawBucket"]}, "object": {"key": "drops/products/a.csv"}}
    failed = {
        rule: {
            "source": "aws.glue",
            "detail-type": "Glue Job State Change",
            "detail": {"jobName": of.resources[f"Job{job}"]["Properties"]["Name"], "state": "FAILED"},
        }
        for rule, job in (("Failedingest", "merge"), ("Failedcare", "certify"), ("Failederase", "erase"))
    }
    return {
        "Landed": {"source": "aws.s3", "detail-type": "Object Created", "detail": landed},
        "Backlog": {
            "source": backlog[0]["Source"],
            "detail-type": backlog[0]["DetailType"],
            "detail": json.loads(backlog[0]["Detail"]),
        },
        **failed,
    }


def fits(pattern: Any, event: Any) -> bool:
    """Whether an event matches a pattern of EventBridge, of those kinds that the template has."""
    if isinstance(pattern, dict):
        return all(name in event and fits(inner, event[name]) for name, inner in pattern.items())
    return any(
        event == one if isinstance(one, str) else event.startswith(one.get("prefix", "\0")) for one in pattern
    )


def matching(of: Stack, event: dict[str, Any]) -> list[str]:
    """The rules of a stack that match the event."""
    return [
        id_
        for id_, rule in of.resources.items()
        if rule["Type"] == "AWS::Events::Rule"
        and "EventPattern" in rule["Properties"]
        and fits(rule["Properties"]["EventPattern"], event)
    ]


@pairs
def test_a_rule_matches_events_of_its_stack_alone(one: str, other: str) -> None:
    for rule, event in events_of(stack(one)).items():
        assert matching(stack(one), event) == [rule]
        assert matching(stack(other), event) == []


def test_a_job_may_announce_a_backlog_of_its_stack_alone() -> None:
    [source] = {
        statement["Condition"]["StringEquals"]["events:source"]
        for statement in statements(stack("dev"))
        if statement["Action"] == "events:PutEvents"
    }

    assert source == events_of(stack("dev"))["Backlog"]["source"]
    assert source != events_of(stack("dev-2"))["Backlog"]["source"]
