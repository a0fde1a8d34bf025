"""What a deployment uploads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from workflows.deploy import packaging
from workflows.deploy.errors import DeployError
from workflows.deploy.packaging import JobsCode, upload_jobs

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "artifacts"


def test_the_same_code_has_the_same_address_and_is_uploaded_once(aws: str, tmp_path: Path) -> None:
    s3 = boto3.client("s3", endpoint_url=aws, region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    files = (tmp_path / "check.py", tmp_path / "check.gluewheels.zip")
    for file in files:
        file.write_text(file.name)

    first = upload_jobs(s3, BUCKET, JobsCode(files))
    written = objects(s3)
    second = upload_jobs(s3, BUCKET, JobsCode(files[::-1]))
    unchanged = objects(s3)
    files[1].write_text("another package")
    third = upload_jobs(s3, BUCKET, JobsCode(files))

    assert second == first != third
    assert unchanged == written
    assert {f"s3://{BUCKET}/{key}" for key in written} == {f"{first}/{file.name}" for file in files}


def objects(s3: Any) -> dict[str, str]:
    """The time of the last write of each key."""
    return {item["Key"]: str(item["LastModified"]) for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}


def test_parameters_become_the_defaults_of_the_built_template(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built = tmp_path / packaging._BUILT
    built.mkdir(parents=True)
    (built / "template.yaml").write_text("Parameters: {JobsCode: {Type: String, Default: none}}\n")
    monkeypatch.setattr(packaging, "WORKFLOWS", tmp_path)
    monkeypatch.setattr(packaging, "_sam", lambda *arguments, **environment: None)

    template = packaging.build_functions("arm64", {"JobsCode": "s3://b/code/1/g.whl"})

    assert json.loads(template.read_text())["Parameters"]["JobsCode"]["Default"] == "s3://b/code/1/g.whl"


def test_the_error_of_a_command_ends_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"sam build failed.*\nno such thing"):
        packaging._run(["sh", "-c", "echo no such thing; exit 3"], "sam build", tmp_path)
