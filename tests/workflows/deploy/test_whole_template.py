"""Glueline's own template, built and packaged by SAM, is deployed, changed, deleted and deployed again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.workflows.deploy.small_stack import Talk
from workflows.deploy import packaging, stacks
from workflows.deploy.account import sign_in
from workflows.deploy.deployment import deploy
from workflows.deploy.destroying import destroy, plan_destruction
from workflows.deploy.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:great_expectations"),
    pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def once[**P, R](step: Callable[P, R]) -> Callable[P, R]:
    """The step, whose first result serves for the same arguments: the same sources give the same packages."""
    results: dict[str, R] = {}

    def repeated(*arguments: P.args, **named: P.kwargs) -> R:
        asked = repr((arguments, named))
        if asked not in results:
            results[asked] = step(*arguments, **named)
        return results[asked]

    return repeated


def test_it_is_deployed_changed_deleted_and_deployed_again_with_its_data(
    alone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (packaging.build_jobs, packaging.build_functions, packaging.upload_functions):
        monkeypatch.setattr(packaging, step.__name__, once(step))
    account = sign_in()
    account.client("s3").create_bucket(Bucket="artifacts")
    options = Options("whole", bucket="artifacts", architecture="x86_64")
    first, changed, again = Talk(), Talk(), Talk()

    outputs = deploy(options, first.dialog())
    account.client("s3").put_object(Bucket=outputs["RawBucket"], Key="drops/a", Body=b"a")
    deploy(replace(options, parameters={"RawRetentionDays": "45"}), changed.dialog())
    changed_stack = stacks.find(account.client("cloudformation"), "whole")
    destruction = plan_destruction(account, "whole")
    destroy(account, destruction, print, leave=False)
    adopted = deploy(options, again.dialog())

    assert "wrong  " not in first.text
    assert "RawBucket (AWS::S3::Bucket): LifecycleConfiguration" in changed.text
    assert changed_stack is not None
    assert changed_stack.parameters["DeletionProtection"] == "true"
    assert {one.type for one in destruction.kept} >= {
        "AWS::Cognito::UserPool",
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
    }
    assert f"It ADOPTS {len(destruction.kept)} of them" in again.text
    for kept in ("RawBucket", "LakeBucket", "ErasureKeyId", "UserPoolId"):
        assert adopted[kept] == outputs[kept]
    job = account.client("glue").get_job(JobName="whole-check")["Job"]
    assert job["Command"]["ScriptLocation"].startswith("s3://artifacts/code/")
    script = job["Command"]["ScriptLocation"].removeprefix("s3://artifacts/")
    assert account.client("s3").head_object(Bucket="artifacts", Key=script)
