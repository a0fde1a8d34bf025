"""What `make deploy` decides before it changes an account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from workflows import deploy
from workflows.deploy import DeployError, Options

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "artifacts"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(stack="Glueline"), "expected a stack name in lower case, got 'Glueline'"),
        (Options(architecture="riscv"), "expected one of the architectures arm64, x86_64, got 'riscv'"),
        (Options(parameters={"AlertMail": "a@b.c"}), "expected parameters among AlertEmail"),
        (Options(parameters={"Datasets": "a"}), "Datasets, JobsCode, Architecture are computed"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_built(options: Options, message: str) -> None:
    with pytest.raises(DeployError, match=message.replace("(", r"\(")):
        deploy.deploy(options)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:great_expectations")
@pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_error_without_credentials_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(DeployError, match="Set credentials and a region"):
        deploy.deploy(Options(region="eu-west-1"), report=lambda line: None)


def test_the_same_code_has_the_same_address_and_is_uploaded_once(aws: str, tmp_path: Path) -> None:
    s3 = boto3.client("s3", endpoint_url=aws, region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    files = [tmp_path / "check.py", tmp_path / "check.gluewheels.zip"]
    for file in files:
        file.write_text(file.name)

    first = deploy.upload_code(s3, BUCKET, files)
    written = objects(s3)
    second = deploy.upload_code(s3, BUCKET, reversed(files))
    unchanged = objects(s3)
    files[1].write_text("another package")
    third = deploy.upload_code(s3, BUCKET, files)

    assert second == first != third
    assert unchanged == written
    assert {f"s3://{BUCKET}/{key}" for key in written} == {f"{first}/{file.name}" for file in files}


@pytest.fixture
def given_to_sam(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The parameters of each command of sam, which does nothing."""
    given: list[dict[str, str]] = []

    def sam(command: str, overrides: Path, region: str | None, *arguments: str, **environment: str) -> None:
        given.append(json.loads(overrides.read_text()))

    monkeypatch.setattr(deploy, "_sam", sam)
    monkeypatch.setattr(deploy, "check_contracts", lambda contracts: None)
    monkeypatch.setattr(deploy, "_upload_jobs", lambda s3, bucket: f"s3://{bucket}/code/0/jobs.whl")
    return given


@pytest.mark.parametrize(
    ("stack", "databases"),
    [("shop-dev", ("shop_dev_lake", "shop_dev_ops")), ("glueline", ("lake", "lake_ops"))],
)
def test_a_new_stack_gets_databases_of_its_name_and_a_running_one_keeps_its_own(
    given_to_sam: list[dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    stack: str,
    databases: tuple[str, str],
) -> None:
    monkeypatch.setattr(boto3, "Session", lambda region_name: AccountWithAnOlderStack())

    deploy.deploy(Options(stack=stack, bucket=BUCKET), report=lambda line: None)

    assert [(one["LakeDatabase"], one["OpsDatabase"]) for one in given_to_sam] == [databases] * 2


class AccountWithAnOlderStack:
    """A session whose account has the stack `glueline`, whose template had no parameters of databases."""

    region_name = "eu-west-1"
    outputs = (("LakeDatabase", "lake"), ("OpsDatabase", "lake_ops"))

    def client(self, service: str) -> Any:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "1"}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName != "glueline":
            error: Any = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs]
        return {"Stacks": [{"Outputs": outputs}]}


def objects(s3: Any) -> dict[str, str]:
    """The time of the last write of each key."""
    return {item["Key"]: str(item["LastModified"]) for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
