"""The Glue API as clients use it: boto3 reads the answers of the layer that the emulator serves."""

import asyncio
import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from tests.workflows.local.glue.builders import IdleRunner, glue
from tests.workflows.local.ministack.roles import allow, document
from workflows.local.glue.engine import Glue
from workflows.local.glue.service import GlueService
from workflows.local.ministack.embedded_glue import with_local_glue
from workflows.stack.target import Target


class RawBody:
    """A response body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


def client(made: Glue) -> Any:
    """A boto3 client whose requests go to the layer without a network."""
    session = boto3.Session("test", "test", region_name="us-east-1")
    service = GlueService(made, IdleRunner())
    made_client = session.client("glue", endpoint_url="http://127.0.0.1:1")

    def send(request: Any, **_: Any) -> AWSResponse:
        headers = {
            name: value if isinstance(value, str) else value.decode()
            for name, value in request.headers.items()
        }
        status, body = asyncio.run(exchange(service, headers, request.body))
        return AWSResponse(request.url, status, HTTPHeaders(), RawBody(body))

    made_client.meta.events.register("before-send.glue", send)
    return made_client


async def exchange(service: GlueService, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []
    parts = [body[:10], body[10:]]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def beneath(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("the request reached the emulator")

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": "/", "headers": raw}
    await with_local_glue(beneath, service)(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


def test_every_answer_is_one_that_boto3_understands() -> None:
    api = client(glue())
    run_id = api.start_workflow_run(Name="flow", RunProperties={"colour": "red"})["RunId"]

    run = api.get_workflow_run(Name="flow", RunId=run_id, IncludeGraph=True)["Run"]

    assert run["Status"] == "RUNNING"
    assert run["WorkflowRunProperties"] == {"colour": "red"}
    assert {node["Name"] for node in run["Graph"]["Nodes"]} == {"check", "merge", "on-events", "after-check"}
    assert api.get_workflow(Name="flow")["Workflow"]["LastRun"]["WorkflowRunId"] == run_id
    assert api.get_trigger(Name="on-events")["Trigger"]["EventBatchingCondition"]["BatchSize"] == 3
    pages = api.get_paginator("get_job_runs").paginate(JobName="check", PaginationConfig={"PageSize": 2})
    assert [run["TriggerName"] for page in pages for run in page["JobRuns"]] == ["on-events"]


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("start_job_run", {"JobName": "none"}, "EntityNotFoundException"),
        ("create_workflow", {"Name": "flow"}, "AlreadyExistsException"),
        ("start_workflow_run", {"Name": "flow"}, "ConcurrentRunsExceededException"),
        ("create_job", {"Name": "x", "Role": "r", "Command": {}}, "InvalidInputException"),
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


def test_an_operation_that_is_not_implemented_does_not_reach_the_emulator() -> None:
    with pytest.raises(ClientError, match="does not implement GetJobs"):
        client(glue()).get_jobs()


def test_other_requests_go_on_to_the_emulator() -> None:
    reached = []

    async def beneath(scope: dict[str, Any], receive: Any, send: Any) -> None:
        reached.append(scope.get("path", scope["type"]))

    layer = with_local_glue(beneath, GlueService(glue(), IdleRunner()))
    catalog = {"type": "http", "path": "/", "headers": [(b"x-amz-target", b"AWSGlue.GetTable")]}
    other = {"type": "http", "path": "/bucket/key", "headers": []}

    async def run() -> None:
        for scope in (catalog, other, {"type": "lifespan"}):
            await layer(scope, None, None)  # type: ignore[arg-type]

    asyncio.run(run())
    assert reached == ["/", "/bucket/key", "lifespan"]


def test_rules_get_the_events_of_job_runs(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    glue, events, sqs = target.client("glue"), target.client("events"), target.client("sqs")
    queue = sqs.create_queue(QueueName="job-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    to_queue = {**allow("sqs:SendMessage", arn), "Principal": {"Service": "events.amazonaws.com"}}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document([to_queue])})
    pattern = {
        "source": ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        "detail": {"jobName": ["announced"], "state": ["FAILED"]},
    }
    events.put_rule(Name="announced", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="announced", Targets=[{"Id": "queue", "Arn": arn}])
    for name in ("announced", "other"):
        glue.create_job(Name=name, Role="r", Command={"ScriptLocation": "s3://code/jobs/none.py"})
    runs = [glue.start_job_run(JobName=name)["JobRunId"] for name in ("other", "announced")]

    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]

    event = json.loads(message["Body"])
    assert event["detail"] == {
        "jobName": "announced",
        "severity": "ERROR",
        "state": "FAILED",
        "jobRunId": runs[1],
        "message": glue.get_job_run(JobName="announced", RunId=runs[1])["JobRun"]["ErrorMessage"],
    }
    assert event["resources"] == []
