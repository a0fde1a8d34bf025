"""Definitions as templates give them, and why invalid ones are refused."""

from typing import Any

import pytest

from tests.workflows.local.glue.builders import when
from workflows.local.glue.definitions import Batching, Predicate, read_job, read_trigger, read_workflow
from workflows.local.glue.errors import InvalidInput

JOB = {"Name": "check", "Command": {"ScriptLocation": "s3://code/check.py"}}
EVENT = {"Name": "t", "Type": "EVENT", "WorkflowName": "flow", "Actions": [{"JobName": "check"}]}
CONDITIONAL = {**EVENT, "Type": "CONDITIONAL", "Predicate": when(merge="SUCCEEDED")}
STANDALONE = {**EVENT, "WorkflowName": ""}

REFUSED_TRIGGERS = [
    (
        {**EVENT, "Type": "CRON"},
        "trigger t: Type: expected SCHEDULED, CONDITIONAL, ON_DEMAND or EVENT, got 'CRON'",
    ),
    (
        {**EVENT, "WorkflowName": None},
        "a trigger of type EVENT has to belong to a workflow locally: give its WorkflowName",
    ),
    (
        {**STANDALONE, "Type": "ON_DEMAND"},
        "a trigger of type ON_DEMAND has to belong to a workflow locally: give its WorkflowName",
    ),
    ({**EVENT, "Actions": []}, "Actions: expected at least one job to start"),
    ({**EVENT, "Actions": [{"CrawlerName": "c"}]}, "crawlers do not run locally: give a JobName"),
    ({**EVENT, "Actions": [{}]}, "Actions: JobName: expected a text, got None"),
    ({**EVENT, "EventBatchingCondition": {"BatchSize": 101}}, "BatchSize: expected 1 to 100, got 101"),
    (
        {**EVENT, "EventBatchingCondition": {"BatchWindow": "soon"}},
        "BatchWindow: expected 1 to 900, got 'soon'",
    ),
    ({**CONDITIONAL, "Predicate": {}}, "Predicate: a CONDITIONAL trigger needs Conditions"),
    ({**CONDITIONAL, "Predicate": when("OR", merge="SUCCEEDED")}, "Logical: expected AND or ANY, got 'OR'"),
    (
        {**CONDITIONAL, "Predicate": when(merge="DONE")},
        "State: expected one of SUCCEEDED, STOPPED, FAILED, TIMEOUT",
    ),
    (
        {**CONDITIONAL, "Predicate": when(check="FAILED")},
        "check can't be in both its Predicate and its Actions",
    ),
    (
        {**CONDITIONAL, "Predicate": {"Conditions": [{"JobName": "merge", "State": "SUCCEEDED"}]}},
        "LogicalOperator: expected EQUALS",
    ),
    ({**STANDALONE, "Type": "SCHEDULED"}, "trigger t: Schedule: expected a text, got None"),
    (
        {**STANDALONE, "Type": "SCHEDULED", "Schedule": "daily"},
        "schedule 'daily': expected 'rate(5 minutes)'",
    ),
]


@pytest.mark.parametrize(("definition", "reason"), REFUSED_TRIGGERS)
def test_a_trigger_that_could_not_fire_is_refused_with_the_reason(
    definition: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_trigger(definition)
    assert reason in str(caught.value)


def test_numbers_may_come_as_text_as_cloudformation_parameters_do() -> None:
    trigger = read_trigger({**EVENT, "EventBatchingCondition": {"BatchSize": "10", "BatchWindow": "2"}})
    job = read_job(
        {**JOB, "MaxRetries": "1", "Timeout": "5", "ExecutionProperty": {"MaxConcurrentRuns": "3"}}
    )

    assert trigger.batching == Batching(size=10, window=2)
    assert (job.max_retries, job.timeout_minutes, job.max_concurrent_runs) == (1, 5, 3)


def test_what_a_definition_leaves_out_has_the_default_of_aws() -> None:
    job, trigger, workflow = read_job(JOB), read_trigger(EVENT), read_workflow({"Name": "flow"})

    assert (job.max_retries, job.timeout_minutes, job.max_concurrent_runs) == (0, 480, 1)
    assert trigger.batching == Batching(size=1, window=900)
    assert workflow.max_concurrent_runs == 0


def test_arguments_that_are_not_text_become_text_as_json() -> None:
    job = read_job({**JOB, "DefaultArguments": {"--flag": True, "--number": 5, "--text": "a"}})

    assert job.default_arguments == {"--flag": "true", "--number": "5", "--text": "a"}


def test_a_job_without_a_script_is_refused() -> None:
    with pytest.raises(InvalidInput, match="job check: Command: ScriptLocation: expected a text"):
        read_job({"Name": "check", "Command": {"Name": "glueetl"}})


@pytest.mark.parametrize(
    ("logical", "ended", "holds"),
    [
        ("AND", {}, False),
        ("AND", {"a": "SUCCEEDED"}, False),
        ("AND", {"a": "SUCCEEDED", "b": "FAILED"}, True),
        ("AND", {"a": "SUCCEEDED", "b": "SUCCEEDED"}, False),
        ("ANY", {}, False),
        ("ANY", {"b": "FAILED"}, True),
        ("ANY", {"a": "FAILED", "b": "SUCCEEDED"}, False),
    ],
)
def test_a_predicate_holds_for_all_or_any_of_its_conditions(
    logical: str, ended: dict[str, str], holds: bool
) -> None:
    assert Predicate(logical, (("a", "SUCCEEDED"), ("b", "FAILED"))).holds(ended) is holds


@pytest.mark.parametrize(
    ("command", "is_streaming"), [("gluestreaming", True), ("glueetl", False), (None, False)]
)
def test_the_command_says_whether_a_job_is_streaming(command: str | None, is_streaming: bool) -> None:
    given = {"Name": command, "ScriptLocation": "s3://code/check.py"}

    assert read_job({**JOB, "Command": given}).is_streaming is is_streaming
