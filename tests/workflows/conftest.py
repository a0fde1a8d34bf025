"""The embedded AWS as the local stack runs it, on a port of its own, without Spark and our template."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from workflows.local.home import CHECKOUT, DEFAULT
from workflows.local.running import is_healthy
from workflows.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    """Whatever speaks to the embedded AWS waits for it: such tests are no quick ones."""
    for item in items:
        if "embedded_aws" in getattr(item, "fixturenames", ()):
            item.add_marker("emulator")


@pytest.fixture(scope="session")
def embedded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    folder: Path = tmp_path_factory.mktemp("embedded-aws")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "port": port,
        "scratch": folder / "scratch",
        "logs": folder / "logs",
        "jobs": folder,
        "python": shutil.which("false"),  # no Spark
    }
    (folder / "scratch" / "spark").mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (folder / "emulator.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(DEFAULT.emulator_python, "-m", "workflows.local.emulator"),
                *(text for name, value in options.items() for text in (f"--{name}", str(value))),
            ],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not is_healthy(endpoint):
            assert process.poll() is None, (folder / "emulator.log").read_text()
            assert time.monotonic() < deadline, (folder / "emulator.log").read_text()
            time.sleep(0.1)
        yield endpoint
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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
