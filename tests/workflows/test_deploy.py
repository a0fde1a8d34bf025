"""What `make deploy` decides before it changes an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from workflows import deploy
from workflows.deploy import DeployError, Options, datasets_parameter

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "artifacts"


@pytest.mark.parametrize(
    ("datasets", "parameter"),
    [
        ([], ""),
        (["transactions", "products"], "products,transactions"),
        (["order_lines", "a_b_c"], "aXbXc,orderXlines"),
    ],
)
def test_datasets_become_names_that_a_logical_id_may_contain(datasets: list[str], parameter: str) -> None:
    assert datasets_parameter(datasets) == parameter


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


def objects(s3: Any) -> dict[str, str]:
    """The time of the last write of each key."""
    return {item["Key"]: str(item["LastModified"]) for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
