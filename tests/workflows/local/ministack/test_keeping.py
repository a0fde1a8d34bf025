"""What is kept of a stack: the layer that keeps it, and the parts that are our own."""

from __future__ import annotations

import asyncio
import pickle
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.workflows.local.glue.builders import NOON, ask, end, glue, launched
from workflows.local.base.home import Home
from workflows.local.exports.service import Exports
from workflows.local.glue.engine import Glue
from workflows.local.lifecycle.listening import listen, listen_again
from workflows.local.lifecycle.processes import end_processes
from workflows.local.lifecycle.running import is_healthy
from workflows.local.lifecycle.stack import start_emulator
from workflows.local.ministack.keeping import KEEP_PATH, keeping, kept_port
from workflows.stack.target import Target

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path


def test_a_glue_that_takes_a_state_goes_on_as_the_one_that_told_it() -> None:
    first = glue()
    first.start_workflow_run("flow", {}, NOON)
    first.receive_event("flow", "e1", NOON)
    assert launched(first) == ["check"]

    again = Glue()
    again.take_state(pickle.loads(pickle.dumps(first.state())))  # noqa: S301 -- its own state

    assert launched(again) == []
    for one in (first, again):
        end(one, "check")
        assert launched(one) == ["merge"]
        one.tick(NOON + 60)
        assert launched(one) == ["check"]  # for the event that waited
    told = [ask(one, "GetWorkflowRuns", Name="flow", IncludeGraph=True)["Runs"] for one in (first, again)]
    assert len(told[0]) == len(told[1]) == 2
    assert [run["Status"] for run in told[0]] == [run["Status"] for run in told[1]]


def test_an_export_that_was_being_written_has_failed_for_the_next() -> None:
    told = {
        "since": {"table": 1.0},
        "tokens": {},
        "exports": {"a": {"ExportStatus": "IN_PROGRESS"}, "b": {"ExportStatus": "COMPLETED"}},
    }
    exports = Exports(lambda _: None, lambda _: None)  # type: ignore[arg-type, return-value]

    exports.take_state(told)

    assert [export["ExportStatus"] for export in exports.state()["exports"].values()] == [
        "FAILED",
        "COMPLETED",
    ]


def test_a_stack_that_was_kept_answers_nothing_more() -> None:
    kept: list[str] = []
    answers: list[int] = []

    async def beneath(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def send(message: dict[str, Any]) -> None:
        answers.extend([message["status"]] if "status" in message else [])

    keep = ("POST", KEEP_PATH)
    layer = keeping(beneath, lambda: kept.append("kept"))

    async def send_all() -> None:
        for method, path in (("GET", "/"), ("GET", KEEP_PATH), keep, ("GET", "/"), keep):
            await layer({"type": "http", "method": method, "path": path}, send, send)  # type: ignore[arg-type]

    asyncio.run(send_all())

    assert answers == [200, 200, 200, 503, 200]
    assert kept == ["kept"]


def test_what_is_not_all_there_is_not_kept(tmp_path: Path) -> None:
    assert kept_port(tmp_path) is None
    (tmp_path / "state.pickle").write_bytes(b"half")
    assert kept_port(tmp_path) is None


# --- an embedded AWS and its successor ----------------------------------------------------------------------

TEMPLATE = """
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: kept}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: kept, VersioningConfiguration: {Status: Enabled}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: kept
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: _key, AttributeType: S}]
      KeySchema: [{AttributeName: _key, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
  Job:
    Type: AWS::Glue::Job
    Properties: {Name: kept, Role: r, Command: {ScriptLocation: s3://code/kept.py}}
"""


@contextmanager
def embedded(home: Home, listening: socket.socket) -> Iterator[Target]:
    """An embedded AWS without Spark."""
    with listening:
        process = start_emulator(home, listening, home.folder, shutil.which("false") or "")
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        deadline = time.monotonic() + 120
        while not is_healthy(endpoint):
            assert process.poll() is None, (home.logs / "emulator.log").read_text()
            assert time.monotonic() < deadline, (home.logs / "emulator.log").read_text()
            time.sleep(0.1)
        yield Target("us-east-1", {}, endpoint)
    finally:
        end_processes(home)
        process.wait()


@pytest.mark.emulator
@pytest.mark.timeout(400)
def test_the_successor_holds_all_of_it_and_its_stack_needs_no_change(tmp_path: Path) -> None:
    home = Home(tmp_path / "with a blank")
    home.logs.mkdir(parents=True)
    with embedded(home, listen()) as first:
        cloudformation, s3 = first.client("cloudformation"), first.client("s3")
        cloudformation.create_stack(StackName="kept", TemplateBody=TEMPLATE)
        cloudformation.get_waiter("stack_create_complete").wait(StackName="kept", WaiterConfig={"Delay": 1})
        old = s3.put_object(Bucket="kept", Key="a", Body=b"\x00old")["VersionId"]
        s3.put_object(Bucket="kept", Key="a", Body=b"new", Metadata={"a": "b"})
        item = {"_key": {"S": "7"}, "price": {"N": "1.5"}, "raw": {"B": b"\xff"}}
        first.client("dynamodb").put_item(TableName="kept", Item=item)
        queue = first.client("sqs").get_queue_url(QueueName="kept")["QueueUrl"]
        first.client("sqs").send_message(QueueUrl=queue, MessageBody="on its way")
        assert httpx.post(f"{first.endpoint_url}{KEEP_PATH}").is_success
        assert httpx.get(f"{first.endpoint_url}/_glueline/status").status_code == 503
    port = kept_port(home.kept)
    assert port is not None
    shutil.rmtree(home.scratch)

    with embedded(home, listen_again(port)) as second:
        assert second == first
        assert s3.get_object(Bucket="kept", Key="a", VersionId=old)["Body"].read() == b"\x00old"
        newest = s3.get_object(Bucket="kept", Key="a")
        assert (newest["Body"].read(), newest["Metadata"]) == (b"new", {"a": "b"})
        assert second.client("dynamodb").scan(TableName="kept")["Items"] == [item]
        (message,) = second.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        assert message["Body"] == "on its way"
        assert second.client("glue").get_job(JobName="kept")["Job"]["Name"] == "kept"
        backups = second.client("dynamodb").describe_continuous_backups(TableName="kept")
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
        streams = second.client("dynamodbstreams")
        (stream,) = streams.list_streams(TableName="kept")["Streams"]
        (shard,) = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]
        iterator = streams.get_shard_iterator(
            StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        (record,) = streams.get_records(ShardIterator=iterator)["Records"]
        assert record["dynamodb"]["NewImage"] == item
        with pytest.raises(ClientError, match="No updates are to be performed"):
            cloudformation.update_stack(StackName="kept", TemplateBody=TEMPLATE)
