"""One embedded AWS for all tests that use it, without Spark and our template, and a small stack in it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.workflows.exports.loading_stack import ReceiptsOfLoading
from tests.workflows.local.ministack.embedded import embedded
from workflows.exports import backfill, loading
from workflows.local.base.home import Home
from workflows.progress import waiting
from workflows.stack.target import Target

STACK = "small"
TEMPLATE = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: small-things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: _key, AttributeType: S}]
      KeySchema: [{AttributeName: _key, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
  Unrecoverable:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: small-unrecoverable
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: _key, AttributeType: S}]
      KeySchema: [{AttributeName: _key, KeyType: HASH}]
  Raw:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: small-raw
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
  Lake: {Type: AWS::S3::Bucket, Properties: {BucketName: small-lake}}
  Inbound: {Type: AWS::SQS::Queue, Properties: {QueueName: small-inbound}}
  Intake: {Type: AWS::SQS::Queue, Properties: {QueueName: small-intake}}
  Landed:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.s3]
        detail-type: [Object Created]
        detail: {bucket: {name: [small-raw]}, object: {key: [{prefix: exports/}]}}
      Targets: [{Id: list, Arn: !GetAtt Intake.Arn}]
  RulesOfTheStack:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Intake]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: events.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Intake.Arn
  Again:
    Type: AWS::Events::Rule
    Properties: {State: DISABLED, ScheduleExpression: rate(1 minute)}
Outputs:
  TablePrefix: {Value: small-}
  OpsDatabase: {Value: lake_ops}
  RawBucket: {Value: !Ref Raw}
  LakeBucket: {Value: !Ref Lake}
  InboundQueueUrl: {Value: !Ref Inbound}
  IntakeQueueUrl: {Value: !Ref Intake}
  BacklogRule: {Value: !Ref Again}
"""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests that use the embedded AWS: its start takes seconds, so a module's share one."""
    for item in items:
        if "embedded_aws" in getattr(item, "fixturenames", ()):
            item.add_marker("emulator")
            item.add_marker(pytest.mark.xdist_group(f"embedded AWS of {item.path.stem}"))


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    with embedded(Home(tmp_path_factory.mktemp("embedded-aws"))) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def small_stack(embedded_aws: str) -> Target:
    """A deployed stack of one dataset, `things`, with the outputs that commands read."""
    empty = Target("us-east-1", {}, embedded_aws)
    cloudformation = empty.client("cloudformation")
    cloudformation.create_stack(StackName=STACK, TemplateBody=TEMPLATE)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    outputs = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    named = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    return Target("us-east-1", named, embedded_aws)


@pytest.fixture
def receipts(small_stack: Target, monkeypatch: pytest.MonkeyPatch) -> ReceiptsOfLoading:
    """A double of the workflow of the small stack: every export is loaded as soon as it is written."""
    receipts = ReceiptsOfLoading(small_stack)
    for module in (waiting, loading):
        monkeypatch.setattr(module, "query", receipts.query)
        monkeypatch.setattr(module, "poll_seconds", lambda target: 0.05)
    monkeypatch.setattr(waiting, "patience_seconds", lambda target: 20)
    monkeypatch.setattr(backfill, "_SKEW", timedelta(0))  # both have the same clock
    return receipts
