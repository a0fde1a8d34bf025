"""What a deployment uploads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from workflows.deploy import packaging
from workflows.deploy.errors import DeployError
from workflows.deploy.packaging import JobsCode, build_jobs, upload_jobs

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "artifacts"


def test_the_same_jobs_have_the_same_address_and_are_uploaded_once(aws: str) -> None:
    s3 = boto3.client("s3", endpoint_url=aws, region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)

    first = upload_jobs(s3, BUCKET, build_jobs())
    written = objects(s3)
    second = upload_jobs(s3, BUCKET, build_jobs())

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


def test_code_with_other_content_has_another_address() -> None:
    one, other = (JobsCode({"check.py": content, "g.whl": b""}, "g.whl") for content in (b"a", b"b"))

    assert one.address(BUCKET) != other.address(BUCKET)


def test_parameters_become_the_defaults_of_the_built_template(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built = tmp_path / packaging._BUILT
    built.mkdir(parents=True)
    (built / "template.yaml").write_text("Parameters: {JobsWheel: {Type: String, Default: none}}\n")
    monkeypatch.setattr(packaging, "WORKFLOWS", tmp_path)
    monkeypatch.setattr(packaging, "_sam", lambda *arguments, **environment: None)

    template = packaging.build_functions("arm64", {"JobsWheel": "s3://b/code/1/g.whl"})

    assert json.loads(template.read_text())["Parameters"]["JobsWheel"]["Default"] == "s3://b/code/1/g.whl"


def test_the_error_of_a_command_ends_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"sam build failed.*\nno such thing"):
        packaging._run(["sh", "-c", "echo no such thing; exit 3"], "sam build", tmp_path)
