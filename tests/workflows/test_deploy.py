"""What `make deploy` decides before it changes an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

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
        (Options(parameters={"Datasets": "a"}), "Datasets, JobsWheel, Architecture are computed"),
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


def test_the_same_jobs_have_the_same_address_and_are_uploaded_once(aws: str) -> None:
    s3 = boto3.client("s3", endpoint_url=aws, region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)

    first = deploy._upload_jobs(s3, BUCKET)
    written = objects(s3)
    second = deploy._upload_jobs(s3, BUCKET)

    folder = first.removeprefix(f"s3://{BUCKET}/").rpartition("/")[0]
    assert second == first
    assert objects(s3) == written
    scripts = ("certify", "check", "erase", "maintain", "merge", "reconcile")
    assert written.keys() == {
        *(f"{folder}/{name}.py" for name in scripts),
        first.removeprefix(f"s3://{BUCKET}/"),
    }


def objects(s3: Any) -> dict[str, str]:
    """The time of the last write of each key."""
    return {item["Key"]: str(item["LastModified"]) for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
