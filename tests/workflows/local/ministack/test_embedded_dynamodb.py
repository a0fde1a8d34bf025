"""Exports of the running embedded AWS: requested with boto3, read from its S3, announced by its events."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.workflows.local.exports.export_reader import Export, Stored, read_export
from workflows.stack.target import Target

EVERY_TYPE = {
    "S": {"S": "ä \u2028 line"},
    "N": {"N": "-12345678901234567890123456789012345678"},
    "B": {"B": b"\x00\xff"},
    "BOOL": {"BOOL": False},
    "NULL": {"NULL": True},
    "M": {"M": {"empty": {"L": []}}},
    "L": {"L": [{"N": "1"}, {"M": {}}]},
    "SS": {"SS": ["a", "b"]},
    "NS": {"NS": ["1", "2.5"]},
    "BS": {"BS": [b"x"]},
}


def export(target: Target, **request: Any) -> dict[str, Any]:
    """Export `things` and wait until the export has ended."""
    dynamodb = target.client("dynamodb")
    arn = dynamodb.describe_table(TableName="small-things")["Table"]["TableArn"]
    asked = {"TableArn": arn, "S3Bucket": "small-raw", **request}
    description = dynamodb.export_table_to_point_in_time(**asked)["ExportDescription"]
    deadline = time.monotonic() + 20
    while description["ExportStatus"] == "IN_PROGRESS":
        assert time.monotonic() < deadline
        time.sleep(0.05)
        description = dynamodb.describe_export(ExportArn=description["ExportArn"])["ExportDescription"]
    return dict(description)


def read(target: Target, description: dict[str, Any]) -> Export:
    s3 = target.client("s3")
    prefix = description["S3Prefix"]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="small-raw", Prefix=prefix)["Contents"]]
    objects = {}
    for key in keys:
        answer = s3.get_object(Bucket="small-raw", Key=key)
        objects[key] = Stored(answer["Body"].read(), answer["ETag"].strip('"'))
    return read_export(objects, "small-raw", prefix, description["ExportArn"])


def wait_for_next_second() -> int:
    """A whole second that has just begun: a window has whole seconds, and must not end in the future."""
    before = int(time.time())
    while (now := int(time.time())) == before:
        time.sleep(0.01)
    return now


def test_recovery_is_on_where_the_template_enables_it(small_stack: Target) -> None:
    dynamodb = small_stack.client("dynamodb")

    def recovery(table: str) -> str:
        status = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        return str(status["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])

    assert recovery("small-things") == "ENABLED"
    assert recovery("small-unrecoverable") == "DISABLED"


def test_every_type_is_exported_as_it_was_written(small_stack: Target) -> None:
    item = {"_key": {"S": "types"}, **EVERY_TYPE}
    small_stack.client("dynamodb").put_item(TableName="small-things", Item=item)

    lines = read(small_stack, export(small_stack, S3Prefix="exports/types")).lines

    (line,) = [line for line in lines if line["Item"]["_key"]["S"] == "types"]
    expected = {name: value for name, value in item.items() if name not in ("B", "BS")}
    assert line["Item"] == {**expected, "B": {"B": "AP8="}, "BS": {"BS": ["eA=="]}}


def test_an_incremental_export_has_the_changes_of_its_window(small_stack: Target) -> None:
    dynamodb = small_stack.client("dynamodb")
    key = {"_key": {"S": "changing"}}
    dynamodb.put_item(TableName="small-things", Item={**key, "n": {"N": "1"}})
    start = wait_for_next_second()
    dynamodb.update_item(
        TableName="small-things",
        Key=key,
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "2"}},
    )
    put = {"Put": {"TableName": "small-things", "Item": {"_key": {"S": "in a transaction"}}}}
    dynamodb.transact_write_items(TransactItems=[put])
    dynamodb.delete_item(TableName="small-things", Key=key)
    spec = {"ExportFromTime": start, "ExportToTime": wait_for_next_second()}

    description = export(
        small_stack,
        S3Prefix="exports/changes",
        ExportType="INCREMENTAL_EXPORT",
        IncrementalExportSpecification=spec,
    )

    lines = {line["Keys"]["_key"]["S"]: line for line in read(small_stack, description).lines}
    assert lines["changing"]["OldImage"] == {**key, "n": {"N": "1"}}
    assert "NewImage" not in lines["changing"]
    assert "OldImage" not in lines["in a transaction"]


def test_every_object_is_announced(small_stack: Target) -> None:
    sqs, queue = small_stack.client("sqs"), small_stack.output("IntakeQueueUrl")

    description = export(small_stack, S3Prefix="exports/announced")

    announced: list[str] = []
    deadline = time.monotonic() + 10
    while len(announced) < 9 and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        keys = [
            json.loads(message["Body"])["detail"]["object"]["key"] for message in answer.get("Messages", ())
        ]
        announced += [key for key in keys if key.startswith("exports/announced/")]
    listed = small_stack.client("s3").list_objects_v2(Bucket="small-raw", Prefix="exports/announced/")
    assert sorted(announced) == [item["Key"] for item in listed["Contents"]]
    assert description["ExportManifest"] in announced


def test_files_are_encrypted_with_the_key_asked_for(small_stack: Target) -> None:
    key = small_stack.client("kms").create_key()["KeyMetadata"]["Arn"]

    description = export(small_stack, S3Prefix="exports/encrypted", S3SseAlgorithm="KMS", S3SseKmsKeyId=key)

    assert read(small_stack, description).summary["s3SseKmsKeyId"] == key
    head = small_stack.client("s3").head_object(Bucket="small-raw", Key=description["ExportManifest"])
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_refusals_reach_a_client_by_their_names(small_stack: Target) -> None:
    dynamodb = small_stack.client("dynamodb")
    arn = dynamodb.describe_table(TableName="small-unrecoverable")["Table"]["TableArn"]

    with pytest.raises(dynamodb.exceptions.PointInTimeRecoveryUnavailableException):
        dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket="small-raw")
    with pytest.raises(dynamodb.exceptions.ExportNotFoundException):
        dynamodb.describe_export(ExportArn=f"{arn}/export/01795524608237-00000000")
    with pytest.raises(ClientError, match="Invalid Export ARN"):
        dynamodb.describe_export(ExportArn=f"{arn}/no-export-at-all-but-long-enough")
    assert export(small_stack, S3Bucket="no-such-bucket")["FailureCode"] == "S3NoSuchBucket"


def test_a_table_that_exists_is_not_replaced_by_an_empty_one(small_stack: Target) -> None:
    cloudformation, dynamodb = small_stack.client("cloudformation"), small_stack.client("dynamodb")
    item = {"_key": {"S": "stays"}}
    dynamodb.put_item(TableName="small-unrecoverable", Item=item)
    template = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: small-unrecoverable
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: _key, AttributeType: S}]
      KeySchema: [{AttributeName: _key, KeyType: HASH}]
"""
    cloudformation.create_stack(StackName="second", TemplateBody=template, OnFailure="DO_NOTHING")
    while (stack := cloudformation.describe_stacks(StackName="second")["Stacks"][0])[
        "StackStatus"
    ] == "CREATE_IN_PROGRESS":
        time.sleep(0.05)

    assert "already exists: small-unrecoverable" in stack["StackStatusReason"]
    assert dynamodb.scan(TableName="small-unrecoverable")["Items"] == [item]
