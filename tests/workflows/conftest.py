"""One embedded AWS for all tests that use it, without Spark and our template, and a small stack in it."""

from collections.abc import Iterator

import pytest

from tests.workflows.local.ministack.embedded import embedded
from workflows.local.base.home import Home
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
  Again:
    Type: AWS::Events::Rule
    Properties: {State: DISABLED, ScheduleExpression: rate(1 minute)}
Outputs:
  TablePrefix: {Value: small-}
  RawBucket: {Value: !Ref Raw}
  LakeBucket: {Value: !Ref Lake}
  InboundQueueUrl: {Value: !Ref Inbound}
  IntakeQueueUrl: {Value: !Ref Intake}
  BacklogRule: {Value: !Ref Again}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests that use the embedded AWS: its start takes seconds."""
    for item in items:
        if "embedded_aws" in getattr(item, "fixturenames", ()):
            item.add_marker("emulator")


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
