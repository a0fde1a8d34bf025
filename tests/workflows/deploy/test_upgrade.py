"""A stack of the last release is upgraded to this template: what it holds stays, and what lands is announced.

The release is `releases/0.1.0.yaml.xz`: the template of the commit that wrote "0.1.0" into CHANGELOG.md,
without its comments. Functions get code that fails, since their packages are not what is upgraded here.
"""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.deploy.small_stack import Talk
from tests.workflows.deploy.without_packages import deploy_without_packages, without_packages
from workflows.deploy import stacks
from workflows.deploy.account import Account, sign_in
from workflows.deploy.deployment import deploy
from workflows.deploy.options import Options
from workflows.deploy.template import parse

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
RELEASE = Path(__file__).with_name("releases") / "0.1.0.yaml.xz"
DATASETS = "households,products,transactions"
# Whatever holds data, a position in it, or a name that others know.
LASTING = (
    "AWS::ApiGatewayV2::Api",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::DynamoDB::Table",
    "AWS::Glue::Database",
    "AWS::KMS::Key",
    "AWS::Lambda::EventSourceMapping",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
)


def release() -> dict[str, Any]:
    """The template of the last release."""
    return parse(lzma.decompress(RELEASE.read_bytes()).decode())


@dataclass(frozen=True)
class Old:
    """A stack of the release, with data."""

    account: Account
    options: Options
    outputs: dict[str, str]
    lasting: dict[str, str]  # physical ids by logical id

    def client(self, service: str) -> Any:
        return self.account.client(service)


def lasting(account: Account, stack: str) -> dict[str, str]:
    found = account.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found if one["ResourceType"] in LASTING
    }


@pytest.fixture
def old(alone: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Old:
    account = sign_in()
    s3, cloudformation = account.client("s3"), account.client("cloudformation")
    s3.create_bucket(Bucket="artifacts")
    body = without_packages(release())
    s3.put_object(Bucket="artifacts", Key="old.template", Body=body.encode())
    cloudformation.create_stack(
        StackName="shop",
        TemplateURL="https://s3.us-east-1.amazonaws.com/artifacts/old.template",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in {
                "Datasets": DATASETS,
                "JobsWheel": "s3://artifacts/code/0/glueline-0.1.0.whl",
                "Architecture": "x86_64",
                "RawRetentionDays": "45",
            }.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig={"Delay": 1})
    deploy_without_packages(monkeypatch, tmp_path)
    found = stacks.find(cloudformation, "shop")
    assert found is not None
    options = Options("shop", bucket="artifacts", architecture="x86_64")
    return Old(account, options, found.outputs, lasting(account, "shop"))


def store(old: Old) -> None:
    """Put something into whatever keeps it."""
    s3, sqs, glue = old.client("s3"), old.client("sqs"), old.client("glue")
    for body in (b"first", b"second"):
        s3.put_object(Bucket=old.outputs["RawBucket"], Key="drops/products/a.csv", Body=body)
    s3.put_object(
        Bucket=old.outputs["LakeBucket"], Key="warehouse/lake/products/data/0.parquet", Body=b"PAR1"
    )
    for dataset in DATASETS.split(","):
        item = {"_key": {"S": "1"}, "_version": {"N": "7"}}
        old.client("dynamodb").put_item(TableName=f"shop-{dataset}", Item=item)
    for output in ("IntakeQueueUrl", "DeadLetterQueueUrl"):
        sqs.send_message(QueueUrl=old.outputs[output], MessageBody="kept")
    pointer = {"table_type": "ICEBERG", "metadata_location": "s3://lake/00007.metadata.json"}
    for output, name in (("LakeDatabase", "products"), ("OpsDatabase", "batches")):
        glue.create_table(DatabaseName=old.outputs[output], TableInput={"Name": name, "Parameters": pointer})


def stored(old: Old) -> dict[str, Any]:
    """All that `store` has stored, and what the erasure key makes of a key."""
    s3, glue = old.client("s3"), old.client("glue")
    raw, lake = old.outputs["RawBucket"], old.outputs["LakeBucket"]
    versions = s3.list_object_versions(Bucket=raw, Prefix="drops/products/a")["Versions"]
    return {
        "versions": [
            s3.get_object(Bucket=raw, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
            for one in versions
        ],
        "lake": [one["Key"] for one in s3.list_objects_v2(Bucket=lake)["Contents"]],
        "items": {
            dataset: old.client("dynamodb").scan(TableName=f"shop-{dataset}")["Items"]
            for dataset in DATASETS.split(",")
        },
        "tables": [
            glue.get_table(DatabaseName=old.outputs[output], Name=name)["Table"]["Parameters"]
            for output, name in (("LakeDatabase", "products"), ("OpsDatabase", "batches"))
        ],
        "hash": old.client("kms").generate_mac(
            Message=b"a key", KeyId=old.outputs["ErasureKeyId"], MacAlgorithm="HMAC_SHA_256"
        )["Mac"],
    }


def lost_types(said: str) -> set[str]:
    """The types of what a plan replaces or removes, which it knows from AWS's own schemas."""
    _, _, losses = said.partition("It REPLACES")
    return set(re.findall(r"^  \w+ \((AWS::[\w:]+)\)", losses, re.MULTILINE))


def bodies(old: Old, output: str) -> list[str]:
    """The messages of a queue, removed from it."""
    sqs, queue, found = old.client("sqs"), old.outputs[output], list[str]()
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
    return found


def test_a_stack_of_the_last_release_is_upgraded_with_all_it_holds(old: Old) -> None:
    store(old)
    before, talk = stored(old), Talk()

    outputs = deploy(old.options, talk.dialog())

    lost = lost_types(talk.text)
    assert "AWS::Glue::Workflow" in lost  # they got the stack's name
    assert lost.isdisjoint(LASTING)
    assert lasting(old.account, "shop").items() >= old.lasting.items()
    assert (
        outputs.items()
        >= {name: value for name, value in old.outputs.items() if not name.endswith("Workflow")}.items()
    )
    assert stored(old) == before
    found = stacks.find(old.client("cloudformation"), "shop")
    assert found is not None
    assert (found.parameters["RawRetentionDays"], found.parameters["LakeDatabase"]) == ("45", "lake")
    assert bodies(old, "DeadLetterQueueUrl").count("kept") == 1
    bodies(old, "IntakeQueueUrl")
    old.client("s3").put_object(Bucket=outputs["RawBucket"], Key="drops/products/b.csv", Body=b"b")
    [landed] = [json.loads(body) for body in bodies(old, "IntakeQueueUrl")]
    assert landed["detail"]["object"]["key"] == "drops/products/b.csv"
    assert (
        old.client("glue").get_workflow(Name=outputs["IngestWorkflow"])["Workflow"]["Name"] == "shop-ingest"
    )
