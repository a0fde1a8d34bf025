"""The operations of the Glue API: pages, errors, and which operations there are."""

from typing import Any

import boto3
import pytest

from tests.workflows.local.glue.builders import add_job, ask, end, glue
from workflows.local.glue.api import OPERATIONS, is_answered_here
from workflows.local.glue.errors import (
    AlreadyExists,
    EntityNotFound,
    GlueError,
    InvalidInput,
    UnknownOperation,
)


@pytest.mark.parametrize(
    ("operation", "request_", "error"),
    [
        ("StartJobRun", {"JobName": "none"}, EntityNotFound),
        ("GetJob", {"JobName": "none"}, EntityNotFound),
        ("GetJobRun", {"JobName": "check", "RunId": "jr_0"}, EntityNotFound),
        ("GetWorkflowRun", {"Name": "flow", "RunId": "wr_0"}, EntityNotFound),
        ("GetTrigger", {"Name": "none"}, EntityNotFound),
        ("UpdateWorkflow", {"Name": "none"}, EntityNotFound),
        ("CreateWorkflow", {"Name": "flow"}, AlreadyExists),
        ("CreateJob", {"Name": "check", "Command": {"ScriptLocation": "s3://c/a.py"}}, AlreadyExists),
        (
            "CreateTrigger",
            {
                "Name": "x",
                "Type": "ON_DEMAND",
                "WorkflowName": "other",
                "Actions": [{"JobName": "check"}],
                "StartOnCreation": True,
            },
            InvalidInput,
        ),
    ],
)
def test_a_request_that_aws_refuses_is_refused(
    operation: str, request_: dict[str, Any], error: type[GlueError]
) -> None:
    with pytest.raises(error):
        ask(glue(), operation, **request_)


@pytest.mark.parametrize("operation", ["BatchGetJobs", "StopWorkflowRun", "StartTrigger", "StopWorkflowRun"])
def test_an_operation_that_is_not_implemented_is_refused_by_name(operation: str) -> None:
    assert is_answered_here(operation)
    with pytest.raises(UnknownOperation, match=rf"not implement {operation}\. It implements: CreateJob,"):
        ask(glue(), operation)


@pytest.mark.parametrize("operation", ["GetTable", "CreateDatabase", "GetJobBookmark", "StartCrawler", ""])
def test_operations_about_other_resources_are_those_of_the_embedded_aws(operation: str) -> None:
    assert not is_answered_here(operation)


def test_every_operation_has_the_name_that_the_sdk_gives_it() -> None:
    client = boto3.Session("test", "test", region_name="us-east-1").client("glue")

    assert set(OPERATIONS) <= set(client.meta.service_model.operation_names)
    assert all(is_answered_here(operation) for operation in OPERATIONS)


def test_long_lists_come_in_pages_newest_run_first() -> None:
    made = glue()
    ids = []
    for _ in range(5):
        ids.append(ask(made, "StartJobRun", JobName="check")["JobRunId"])
        end(made, "check")

    pages: list[list[str]] = []
    token = ""
    while len(pages) < 3:
        page = ask(made, "GetJobRuns", JobName="check", MaxResults=2, NextToken=token)
        pages.append([run["Id"] for run in page["JobRuns"]])
        token = page.get("NextToken", "")

    assert pages == [ids[:2:-1], ids[2:0:-1], ids[:1]]
    assert token == ""


def test_deleting_a_missing_definition_is_no_error() -> None:
    made = glue()

    assert ask(made, "DeleteJob", JobName="none") == {"JobName": "none"}
    assert ask(made, "DeleteTrigger", Name="none") == {"Name": "none"}
    assert ask(made, "DeleteWorkflow", Name="none") == {"Name": "none"}


def test_an_updated_trigger_keeps_its_type_its_workflow_and_its_state() -> None:
    made = glue()
    add_job(made, "other")

    trigger = ask(
        made,
        "UpdateTrigger",
        Name="after-check",
        TriggerUpdate={
            "Actions": [{"JobName": "other"}],
            "Predicate": {
                "Conditions": [{"LogicalOperator": "EQUALS", "JobName": "check", "State": "FAILED"}]
            },
        },
    )["Trigger"]

    assert (trigger["Type"], trigger["WorkflowName"], trigger["State"]) == (
        "CONDITIONAL",
        "flow",
        "ACTIVATED",
    )
    assert trigger["Actions"] == [{"JobName": "other"}]


def test_definitions_are_listed_by_name() -> None:
    made = glue()

    assert ask(made, "ListJobs") == {"JobNames": sorted(made.jobs)}
    assert ask(made, "ListTriggers") == {"TriggerNames": sorted(made.triggers.named)}
    assert ask(made, "ListWorkflows") == {"Workflows": sorted(made.workflows)}
