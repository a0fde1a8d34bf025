"""The workflow `care` of the template, run by the local Glue: which job follows which."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.expanded_template import resources
from tests.workflows.local.glue.builders import NOON, ask, launched
from workflows.local.glue.engine import Glue

KINDS = {
    "AWS::Glue::Workflow": "CreateWorkflow",
    "AWS::Glue::Job": "CreateJob",
    "AWS::Glue::Trigger": "CreateTrigger",
}


@pytest.fixture
def glue() -> Glue:
    """All workflows, jobs and triggers of the template, enabled; jobs are not retried."""
    made = Glue()
    for kind, operation in KINDS.items():
        for resource in resources(kind).values():
            ask(made, operation, **named(resource["Properties"]) | {"MaxRetries": 0})
    made.take_commands()
    return made


def named(node: Any) -> Any:
    """References replaced by the names of what they refer to, or by the parameter's default."""
    match node:
        case {"Ref": "CareSchedule"}:
            return "cron(15 3 * * ? *)"
        case {"Ref": str(name)}:
            return name.removeprefix("Job").lower()
        case dict():
            return {key: named(value) for key, value in node.items() if key not in OTHERS}
        case list():
            return [named(item) for item in node]
    return node


OTHERS = ("DefaultArguments", "Role", "NumberOfWorkers", "EventBatchingCondition")


@pytest.mark.parametrize("error", [None, "it failed"])
def test_care_maintains_then_compares_even_after_a_failure_then_certifies(
    glue: Glue, error: str | None
) -> None:
    ask(glue, "StartWorkflowRun", Name="care")
    started = []
    for outcome in (error, None, None):
        (run,) = [run for run in glue.job_runs.values() if run.is_active]
        started.append(run.job.name)
        assert launched(glue) == [run.job.name]
        glue.job_ended(run.id, outcome, NOON)

    assert started == ["maintain", "reconcile", "certify"]
    assert not launched(glue)


def test_a_failed_comparison_starts_no_certification(glue: Glue) -> None:
    ask(glue, "StartWorkflowRun", Name="care")
    for outcome in (None, "it failed"):
        (run,) = [run for run in glue.job_runs.values() if run.is_active]
        glue.job_ended(run.id, outcome, NOON)

    assert not [run for run in glue.job_runs.values() if run.is_active]
