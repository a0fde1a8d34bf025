"""The embedded IAM refuses and allows what AWS refuses and allows."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.workflows.local.ministack.roles import ACCOUNT, allow, as_role, code_of, document, make_role
from workflows.local.ministack.embedded_iam import conditions, glue_resource, parents
from workflows.local.ministack.recorded_requests import REQUESTS_PATH
from workflows.stack.target import Target

QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:guarded"
PLAIN = {"x-forwarded-proto": "http"}


@pytest.fixture(scope="module")
def queue(embedded_aws: str) -> Iterator[str]:
    """A queue that refuses what comes without TLS, as those of the template do."""
    sqs = Target("us-east-1", {}, embedded_aws).client("sqs")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": QUEUE,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    url: str = sqs.create_queue(QueueName="guarded", Attributes={"Policy": document([deny])})["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def test_the_loopback_counts_as_tls_and_what_says_that_it_is_plain_is_refused(
    embedded_aws: str, queue: str
) -> None:
    role = make_role(embedded_aws, "sends", allow("sqs:SendMessage", QUEUE))

    def send(**headers: str) -> str | None:
        client = as_role(embedded_aws, role, "sqs", headers)
        return code_of(lambda: client.send_message(QueueUrl=queue, MessageBody="x"))

    assert send() is None
    assert send(**PLAIN) == "AccessDenied"


def test_batches_of_messages_are_authorized_as_single_calls(embedded_aws: str, queue: str) -> None:
    role = make_role(embedded_aws, "batches", allow(["sqs:SendMessage", "sqs:ReceiveMessage"], QUEUE))
    sqs = as_role(embedded_aws, role, "sqs")
    entries = [{"Id": "1", "MessageBody": "x"}]

    assert code_of(lambda: sqs.send_message_batch(QueueUrl=queue, Entries=entries)) is None
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    named = [{"Id": "1", "ReceiptHandle": message["ReceiptHandle"]}]
    assert code_of(lambda: sqs.delete_message_batch(QueueUrl=queue, Entries=named)) == "AccessDenied"

    make_role(embedded_aws, "batches", allow("sqs:DeleteMessage", QUEUE))
    assert code_of(lambda: sqs.delete_message_batch(QueueUrl=queue, Entries=named)) is None


def test_a_message_in_an_encrypted_queue_needs_the_key(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    every = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    key = target.client("kms").create_key(Policy=document([every]))["KeyMetadata"]
    url = target.client("sqs").create_queue(
        QueueName="encrypted", Attributes={"KmsMasterKeyId": key["KeyId"]}
    )["QueueUrl"]
    send = allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:encrypted")
    use = allow(["kms:GenerateDataKey", "kms:Decrypt"], key["Arn"])
    sqs = as_role(embedded_aws, make_role(embedded_aws, "encrypts", send), "sqs")

    assert code_of(lambda: sqs.send_message(QueueUrl=url, MessageBody="x")) == "AccessDenied"

    make_role(embedded_aws, "encrypts", send, use)
    assert code_of(lambda: sqs.send_message(QueueUrl=url, MessageBody="x")) is None


def test_metrics_and_events_are_authorized_by_their_namespace_and_source(embedded_aws: str) -> None:
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    role = make_role(
        embedded_aws,
        "tells",
        allow("cloudwatch:PutMetricData", "*", Condition={"StringEquals": {"cloudwatch:namespace": "ours"}}),
        allow("events:PutEvents", bus, Condition={"StringEquals": {"events:source": "ours"}}),
    )
    metrics, events = (as_role(embedded_aws, role, name) for name in ("cloudwatch", "events"))

    def put(namespace: str) -> str | None:
        data = [{"MetricName": "rows", "Value": 1.0}]
        return code_of(lambda: metrics.put_metric_data(Namespace=namespace, MetricData=data))

    def tell(source: str) -> str | None:
        return code_of(
            lambda: events.put_events(Entries=[{"Source": source, "DetailType": "x", "Detail": "{}"}])
        )

    assert (put("ours"), tell("ours")) == (None, None)
    assert put("theirs") == tell("theirs") == "AccessDeniedException"


def test_the_local_glue_asks_iam_and_the_catalog_asks_for_parents(embedded_aws: str) -> None:
    glue = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    table = allow("glue:GetTable", f"{glue}:table/lake/*")
    role = make_role(embedded_aws, "asks", table)
    client = as_role(embedded_aws, role, "glue")

    def get_table() -> str | None:
        return code_of(lambda: client.get_table(DatabaseName="lake", Name="none"))

    assert code_of(lambda: client.start_job_run(JobName="none")) == "AccessDeniedException"
    assert get_table() == "AccessDeniedException"

    parents = allow("glue:GetTable", f"{glue}:*")
    make_role(embedded_aws, "asks", table, parents, allow("glue:StartJobRun", f"{glue}:job/none"))
    assert code_of(lambda: client.start_job_run(JobName="none")) == "EntityNotFoundException"
    assert get_table() == "EntityNotFoundException"


def test_a_stream_is_read_by_who_may_read_that_stream(embedded_aws: str) -> None:
    dynamodb = Target("us-east-1", {}, embedded_aws).client("dynamodb")
    made = dynamodb.create_table(
        TableName="streamed",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    stream = made["TableDescription"]["LatestStreamArn"]
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table"
    look = allow(["dynamodb:DescribeStream", "dynamodb:GetShardIterator"], f"{table}/streamed/stream/*")
    role = make_role(embedded_aws, "streams", look, allow("dynamodb:GetRecords", f"{table}/other/stream/*"))
    client = as_role(embedded_aws, role, "dynamodbstreams")
    shard = client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="LATEST")

    def read() -> str | None:
        return code_of(lambda: client.get_records(ShardIterator=iterator["ShardIterator"]))

    assert read() == "AccessDeniedException"
    make_role(embedded_aws, "streams", look, allow("dynamodb:GetRecords", f"{table}/streamed/stream/*"))
    assert read() is None


def test_what_roles_asked_for_is_recorded_once(embedded_aws: str, queue: str) -> None:
    role = make_role(embedded_aws, "looks", allow("sqs:GetQueueAttributes", QUEUE))
    sqs = as_role(embedded_aws, role, "sqs")
    for _ in range(2):
        sqs.get_queue_attributes(QueueUrl=queue)
        code_of(lambda: sqs.purge_queue(QueueUrl=queue))

    found = httpx.get(embedded_aws + REQUESTS_PATH).json()

    assert [(one["action"], one["resource"], one["allowed"]) for one in found if one["role"] == "looks"] == [
        ("sqs:GetQueueAttributes", QUEUE, True),
        ("sqs:PurgeQueue", QUEUE, False),
    ]


@pytest.mark.parametrize(
    ("operation", "request_", "resource"),
    [
        ("GetTable", {"DatabaseName": "lake", "Name": "products"}, "table/lake/products"),
        ("GetTables", {"DatabaseName": "lake"}, "table/lake/*"),
        ("CreateTable", {"DatabaseName": "lake", "TableInput": {"Name": "new"}}, "table/lake/new"),
        ("GetDatabase", {"Name": "lake"}, "database/lake"),
        ("CreateDatabase", {"DatabaseInput": {"Name": "lake"}}, "database/lake"),
        ("GetDatabases", {}, "catalog"),
        ("GetJobRuns", {"JobName": "check"}, "job/check"),
        ("GetWorkflowRun", {"Name": "ingest", "RunId": "wr_1"}, "workflow/ingest"),
        ("ListJobs", {}, "catalog"),
    ],
)
def test_a_request_to_glue_is_about_one_resource(
    operation: str, request_: dict[str, Any], resource: str
) -> None:
    assert glue_resource(operation, request_) == resource


def test_a_table_has_its_database_and_the_catalog_as_parents() -> None:
    glue = "arn:aws:glue:us-east-1:1"

    assert parents(f"{glue}:table/lake/products") == [f"{glue}:database/lake", f"{glue}:catalog"]
    assert parents(f"{glue}:database/lake") == [f"{glue}:catalog"]
    assert parents(f"{glue}:job/check") == parents("arn:aws:s3:::raw/table/a/b") == []


@pytest.mark.parametrize(
    ("body", "parameters"),
    [
        (b'{"Namespace": "ours"}', {}),
        (b"Action=PutMetricData&Namespace=ours", {}),
        (b"", {"Namespace": ["ours"]}),
    ],
)
def test_the_namespace_is_read_from_each_protocol(body: bytes, parameters: dict[str, Any]) -> None:
    assert conditions("cloudwatch:PutMetricData", body, parameters) == {"cloudwatch:namespace": "ours"}


def test_events_of_several_sources_have_them_all_as_condition() -> None:
    body = b'{"Entries": [{"Source": "b"}, {"Source": "a"}, {"Source": "b"}]}'

    assert conditions("events:PutEvents", body, {}) == {"events:source": ["a", "b"]}
