"""Readers and operators, in their roles: what they may do and what is refused."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.conftest import glueline
from workflows.query.catalog import lake_catalog, load_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.stack.target import Target

DENIED = {"AccessDenied", "AccessDeniedException", "403"}


@pytest.fixture(scope="module")
def reader(target: Target) -> Target:
    return replace(target, role=target.output("ReaderRoleArn"))


@pytest.fixture(scope="module")
def operator(target: Target) -> Target:
    return target.as_operator()


def refused(call: Callable[[], Any]) -> bool:
    """Whether IAM refuses a call."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIED
    return False


def run_query(target: Target, workgroup: str) -> str:
    """Run a query in a workgroup, as Athena's clients do; its state."""
    athena = target.client("athena")
    query = athena.start_query_execution(QueryString="SELECT 1", WorkGroup=workgroup)["QueryExecutionId"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        state = str(athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"])
        if state not in ("QUEUED", "RUNNING"):
            athena.get_query_results(QueryExecutionId=query)
            return state
        time.sleep(0.2)
    raise AssertionError("the query did not end")


def use_results(target: Target, folder: str) -> None:
    """Write, read and list results, as Athena does for who queries."""
    s3, bucket = target.client("s3"), target.output("LakeBucket")
    s3.get_bucket_location(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=f"{folder}/one.csv", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key=f"{folder}/one.csv")["Body"].read() == b"1"
    s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/")


def test_a_reader_queries_the_datasets(reader: Target) -> None:
    table = load_table(lake_catalog(reader), reader.output("LakeDatabase"), "products")

    assert table.scan(limit=1).to_arrow().num_rows == 1
    assert reader.client("athena").get_work_group(WorkGroup=reader.output("ReaderWorkGroup"))
    assert run_query(reader, reader.output("ReaderWorkGroup")) == "SUCCEEDED"
    assert reader.client("athena").list_named_queries(WorkGroup=reader.output("AthenaWorkGroup"))
    use_results(reader, "athena/readers")


def test_a_reader_gets_no_quarantine_no_landed_files_and_no_results_of_others(reader: Target) -> None:
    glue, s3, lake, raw = (
        reader.client("glue"),
        reader.client("s3"),
        reader.output("LakeBucket"),
        reader.output("RawBucket"),
    )
    tried: dict[str, Callable[[], Any]] = {
        "catalog": lambda: glue.get_table(DatabaseName=reader.output("OpsDatabase"), Name="quarantine"),
        "files": lambda: s3.get_object(Bucket=lake, Key="warehouse/lake_ops/quarantine/data/a.parquet"),
        "raw": lambda: s3.list_objects_v2(Bucket=raw),
        "drops": lambda: s3.get_object(Bucket=raw, Key="drops/products/a.csv"),
        "results": lambda: s3.get_object(Bucket=lake, Key="athena/a.csv"),
        "write": lambda: s3.put_object(Bucket=lake, Key="warehouse/lake/products/a", Body=b""),
        "workgroup": lambda: run_query(reader, reader.output("AthenaWorkGroup")),
        "job": lambda: glue.start_job_run(JobName=f"{reader.output('JobPrefix')}merge"),
        "queue": lambda: reader.client("sqs").receive_message(QueueUrl=reader.output("DeadLetterQueueUrl")),
        "stack": lambda: reader.client("cloudformation").delete_stack(StackName="glueline"),
    }

    assert [name for name, call in tried.items() if not refused(call)] == []


def test_an_operator_queries_everything(operator: Target) -> None:
    table = load_table(lake_catalog(operator), operator.output("OpsDatabase"), "batches")

    assert table.scan(limit=1).to_arrow().num_rows == 1
    assert run_query(operator, operator.output("AthenaWorkGroup")) == "SUCCEEDED"
    use_results(operator, "athena")


def test_an_operator_changes_no_table_item_role_or_stack(operator: Target) -> None:
    s3, raw, lake = operator.client("s3"), operator.output("RawBucket"), operator.output("LakeBucket")
    item = {"_key": {"S": "1"}}
    tried: dict[str, Callable[[], Any]] = {
        "table": lambda: s3.put_object(Bucket=lake, Key="warehouse/lake/products/a", Body=b""),
        "drop": lambda: s3.put_object(Bucket=raw, Key="drops/products/a.csv", Body=b""),
        "raw": lambda: s3.delete_object(Bucket=raw, Key="stream/products/a"),
        "item": lambda: operator.client("dynamodb").put_item(
            TableName=f"{operator.output('TablePrefix')}products", Item=item
        ),
        "inbound": lambda: operator.client("sqs").receive_message(
            QueueUrl=operator.output("InboundQueueUrl")
        ),
        "role": lambda: operator.client("iam").list_roles(),
        "job": lambda: operator.client("glue").delete_job(JobName=f"{operator.output('JobPrefix')}merge"),
        "stack": lambda: operator.client("cloudformation").delete_stack(StackName="glueline"),
    }

    assert [name for name, call in tried.items() if not refused(call)] == []


def give_up_batch(target: Target) -> None:
    """Write what Lambda writes about a stream batch that it gave up, of whose records it kept none."""
    table = target.client("dynamodb").describe_table(TableName=f"{target.output('TablePrefix')}transactions")
    stream, streams = table["Table"]["LatestStreamArn"], target.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    record = streams.get_records(ShardIterator=iterator, Limit=1)["Records"][0]["dynamodb"]
    batch = {
        "shardId": shard,
        "startSequenceNumber": record["SequenceNumber"],
        "endSequenceNumber": record["SequenceNumber"],
        "approximateArrivalOfFirstRecord": "2026-11-30T12:00:00Z",
        "batchSize": 1,
        "streamArn": stream,
    }
    body = {"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch}
    key = f"aws/lambda/mapping/{shard}/2026/11/30/given-up"
    target.client("s3").put_object(Bucket=target.output("RawBucket"), Key=key, Body=json.dumps(body))


@pytest.mark.parametrize(
    "arguments",
    [
        ("redrive", "--stream", "--json"),
        ("redrive", "--json"),
        ("replay", "--quarantine", "--dataset", "products", "--json"),
        ("batches", "list", "--json"),
        ("query", "--json", "select count(*) as refused from lake_ops.quarantine"),
        ("token",),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_an_operator_may_run_each_command(target: Target, arguments: tuple[str, ...]) -> None:
    if arguments[:2] == ("redrive", "--stream"):
        give_up_batch(target)

    ended = glueline(*arguments)

    assert (ended.returncode, "AccessDenied" in ended.stderr + ended.stdout) == (0, False), ended.stderr


@pytest.mark.deep
def test_an_operator_starts_the_workflow_of_care(operator: Target) -> None:
    glue, name = operator.client("glue"), operator.output("CareWorkflow")
    run = glue.start_workflow_run(Name=name)["RunId"]
    deadline = time.monotonic() + 300
    while glue.get_workflow_run(Name=name, RunId=run)["Run"]["Status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(1)

    found = glue.get_workflow_run(Name=name, RunId=run, IncludeGraph=True)["Run"]
    assert found["Statistics"]["SucceededActions"] == 3
