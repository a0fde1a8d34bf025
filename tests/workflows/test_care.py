"""The workflow `care` of the template, run by the local Glue: which job follows which."""

from __future__ import annotations

import pytest

from tests.workflows.local.glue.builders import NOON, ask, launched
from tests.workflows.named_template import stack
from workflows.local.glue.engine import Glue

KINDS = {
    "AWS::Glue::Workflow": "CreateWorkflow",
    "AWS::Glue::Job": "CreateJob",
    "AWS::Glue::Trigger": "CreateTrigger",
}


@pytest.fixture
def glue() -> Glue:
    """All workflows, jobs and triggers of a stack, enabled; jobs are not retried."""
    made = Glue()
    for kind, operation in KINDS.items():
        for resource in stack("dev").resources.values():
            if resource["Type"] == kind:
                ask(made, operation, **resource["Properties"] | {"MaxRetries": 0})
    made.take_commands()
    return made


@pytest.mark.parametrize("error", [None, "it failed"])
def test_care_maintains_then_compares_even_after_a_failure_then_certifies(
    glue: Glue, error: str | None
) -> None:
    ask(glue, "StartWorkflowRun", Name="dev-care")
    started = []
    for outcome in (error, None, None):
        (run,) = [run for run in glue.job_runs.values() if run.is_active]
        started.append(run.job.name)
        assert launched(glue) == [run.job.name]
        glue.job_ended(run.id, outcome, NOON)

    assert started == ["dev-maintain", "dev-reconcile", "dev-certify"]
    assert not launched(glue)


def test_a_failed_comparison_starts_no_certification(glue: Glue) -> None:
    ask(glue, "StartWorkflowRun", Name="dev-care")
    for outcome in (None, "it failed"):
        (run,) = [run for run in glue.job_runs.values() if run.is_active]
        glue.job_ended(run.id, outcome, NOON)

    assert not [run for run in glue.job_runs.values() if run.is_active]
