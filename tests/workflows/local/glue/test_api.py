"""The Glue API as a client sees it: boto3 itself reads the answers of the layer that the emulator serves."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from tests.workflows.local.glue.builders import glue
from workflows.local.glue.api import OPERATIONS
from workflows.local.glue.service import GlueService
from workflows.local.ministack.emulator import with_local_glue

if TYPE_CHECKING:
    from workflows.local.glue.engine import Glue
    from workflows.local.glue.runs import JobRun


class Nothing:
    """A runner that leaves every run where it is."""

    def launch(self, run: JobRun) -> None: ...

    def kill(self, run_id: str) -> None: ...


class Raw:
    """A response body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


def client(made: Glue) -> Any:
    """A boto3 client whose requests go straight into the layer."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    service = GlueService(made, Nothing())
    made_client = session.client("glue", endpoint_url="http://127.0.0.1:1")

    def send(request: Any, **_: Any) -> AWSResponse:
        headers = {
            name: value if isinstance(value, str) else value.decode()
            for name, value in request.headers.items()
        }
        status, body = asyncio.run(exchange(service, headers, request.body))
        return AWSResponse(request.url, status, HTTPHeaders(), Raw(body))

    made_client.meta.events.register("before-send.glue", send)
    return made_client


async def exchange(service: GlueService, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def beneath(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("the request went past the local Glue")

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": "/", "headers": raw}
    await with_local_glue(beneath, service, dict)(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


def test_every_answer_is_one_that_boto3_understands() -> None:
    api = client(glue())
    run_id = api.start_workflow_run(Name="flow", RunProperties={"colour": "red"})["RunId"]
    api.put_workflow_run_properties(Name="flow", RunId=run_id, RunProperties={"size": "9"})

    run = api.get_workflow_run(Name="flow", RunId=run_id, IncludeGraph=True)["Run"]

    assert run["Status"] == "RUNNING"
    assert run["WorkflowRunProperties"] == {"colour": "red", "size": "9"}
    nodes = {node["Name"]: node for node in run["Graph"]["Nodes"]}
    assert nodes["check"]["JobDetails"]["JobRuns"][0]["JobRunState"] == "STARTING"
    assert nodes["on-events"]["TriggerDetails"]["Trigger"]["EventBatchingCondition"] == {
        "BatchSize": 3,
        "BatchWindow": 60,
    }
    assert {(edge["SourceId"], edge["DestinationId"]) for edge in run["Graph"]["Edges"]} == {
        ("trigger/on-events", "job/check"),
        ("job/check", "trigger/after-check"),
        ("trigger/after-check", "job/merge"),
    }
    assert api.get_workflow(Name="flow")["Workflow"]["LastRun"]["WorkflowRunId"] == run_id
    assert api.get_job_runs(JobName="check")["JobRuns"][0]["TriggerName"] == "on-events"
    assert api.list_triggers(DependentJobName="merge")["TriggerNames"] == ["after-check"]
    assert api.batch_get_jobs(JobNames=["check", "none"])["JobsNotFound"] == ["none"]


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("start_job_run", {"JobName": "none"}, "EntityNotFoundException"),
        ("get_workflow_run", {"Name": "flow", "RunId": "wr_0"}, "EntityNotFoundException"),
        ("get_trigger", {"Name": "none"}, "EntityNotFoundException"),
        ("create_workflow", {"Name": "flow"}, "AlreadyExistsException"),
        ("start_workflow_run", {"Name": "flow"}, "ConcurrentRunsExceededException"),
        ("start_job_run", {"JobName": "check"}, "ConcurrentRunsExceededException"),
        (
            "create_trigger",
            {"Name": "x", "Type": "ON_DEMAND", "Actions": [{"JobName": "check"}], "StartOnCreation": True},
            "InvalidInputException",
        ),
    ],
)
def test_an_error_is_the_exception_that_boto3_has_for_it(
    operation: str, request_: dict[str, Any], code: str
) -> None:
    api = client(glue(MaxConcurrentRuns=1))
    api.start_workflow_run(Name="flow")

    with pytest.raises(ClientError) as caught:
        getattr(api, operation)(**request_)
    assert caught.value.response["Error"]["Code"] == code
    assert type(caught.value).__name__ == code


def test_a_definition_comes_back_as_it_was_put_in_with_nothing_dropped() -> None:
    api = client(glue())
    definition = {
        "Role": "r",
        "Command": {"Name": "glueetl", "ScriptLocation": "s3://code/a.py", "PythonVersion": "3"},
        "GlueVersion": "5.1",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "ExecutionProperty": {"MaxConcurrentRuns": 4},
        "NonOverridableArguments": {"--x": "1"},
        "MaxRetries": 2,
        "Timeout": 7,
        "SourceControlDetails": {"Branch": "main"},
    }
    api.create_job(Name="whole", **definition)

    job = api.get_job(JobName="whole")["Job"]

    assert {key: job[key] for key in definition} == definition


def test_long_lists_come_in_pages_newest_run_first() -> None:
    made = glue()
    api = client(made)
    ids = []
    for _ in range(5):
        ids.append(api.start_job_run(JobName="check")["JobRunId"])
        api.batch_stop_job_run(JobName="check", JobRunIds=[ids[-1]])

    pages = api.get_paginator("get_job_runs").paginate(JobName="check", PaginationConfig={"PageSize": 2})

    assert [[run["Id"] for run in page["JobRuns"]] for page in pages] == [ids[:2:-1], ids[2:0:-1], ids[:1]]


def test_a_run_that_cannot_be_stopped_is_named_among_the_errors() -> None:
    api = client(glue())
    run_id = api.start_job_run(JobName="check")["JobRunId"]
    api.batch_stop_job_run(JobName="check", JobRunIds=[run_id])

    answer = api.batch_stop_job_run(JobName="check", JobRunIds=[run_id, "jr_0"])

    assert answer["SuccessfulSubmissions"] == []
    assert [error["ErrorDetail"]["ErrorCode"] for error in answer["Errors"]] == [
        "InvalidInputException",
        "EntityNotFoundException",
    ]


def test_what_the_local_glue_does_not_answer_goes_on_to_the_emulator() -> None:
    seen = []

    async def beneath(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope["path"])

    layer = with_local_glue(beneath, GlueService(glue(), Nothing()), dict)
    catalog = {"type": "http", "path": "/", "headers": [(b"x-amz-target", b"AWSGlue.GetTable")]}
    other = {"type": "http", "path": "/bucket/key", "headers": []}
    lifespan = {"type": "lifespan"}

    async def run() -> None:
        for scope in (catalog, other):
            await layer(scope, None, None)  # type: ignore[arg-type]
        with pytest.raises(KeyError):
            await layer(lifespan, None, None)  # type: ignore[arg-type]

    asyncio.run(run())
    assert seen == ["/", "/bucket/key"]


def test_the_layer_says_what_spark_does() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    layer = with_local_glue(None, GlueService(glue(), Nothing()), lambda: {"spark": {"state": "ready"}})  # type: ignore[arg-type]
    scope = {"type": "http", "path": "/_glueline/status", "headers": []}
    asyncio.run(layer(scope, None, send))  # type: ignore[arg-type]

    assert json.loads(sent[1]["body"]) == {"spark": {"state": "ready"}}


def test_every_operation_has_the_name_that_the_sdk_gives_it() -> None:
    known = set(client(glue()).meta.service_model.operation_names)
    assert set(OPERATIONS) <= known
