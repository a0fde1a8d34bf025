"""Whose credentials a deployment has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows.deploy.stubs import account_with, stubbed
from workflows.deploy.account import Account, make_managed_bucket, managed_bucket, pages, sign_in
from workflows.deploy.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_error_without_credentials_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(DeployError, match="Set credentials and a region"):
        sign_in("eu-west-1")


def test_an_account_knows_partition_and_place() -> None:
    account = account_with(caller="arn:aws-us-gov:iam::1:root", region="us-gov-west-1")

    assert account.partition == "aws-us-gov"
    assert account.place("lake").pseudo_parameters()["AWS::Partition"] == "aws-us-gov"


def test_the_bucket_of_sam_is_looked_up_without_making_it() -> None:
    outputs = [{"OutputKey": "SourceBucket", "OutputValue": "sams"}]
    stack = {"StackName": "s", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}
    there = account_with(cloudformation=stubbed("cloudformation", ("describe_stacks", {"Stacks": [stack]})))
    none = account_with(cloudformation=stubbed("cloudformation", ("describe_stacks", "ValidationError")))

    assert managed_bucket(there) == "sams"
    assert managed_bucket(none) is None


def test_a_bucket_that_sam_can_not_make_is_an_error_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from samcli.commands.exceptions import UserException

    def refuse(**_: object) -> None:
        raise UserException("denied")

    monkeypatch.setattr("samcli.lib.bootstrap.bootstrap.manage_stack", refuse)

    with pytest.raises(DeployError, match="denied\nName a bucket of yours: --bucket NAME"):
        make_managed_bucket(account_with())


def test_pages_are_followed_with_a_paginator_and_without(account: Account) -> None:
    work_groups = stubbed(
        "athena",
        ("list_work_groups", {"WorkGroups": [{"Name": "a"}], "NextToken": "more"}),
        ("list_work_groups", {"WorkGroups": [{"Name": "b"}]}),
    )

    assert [one["Name"] for one in pages(work_groups, "list_work_groups", "WorkGroups")] == ["a", "b"]
    assert list(pages(account.client("dynamodb"), "list_tables", "TableNames")) is not None
