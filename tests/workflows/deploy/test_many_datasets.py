"""A stack grows from three datasets to two hundred and keeps its tables; more than fit are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.deploy.small_stack import Talk
from tests.workflows.deploy.without_packages import deploy_without_packages
from workflows.deploy import deployment
from workflows.deploy.account import sign_in
from workflows.deploy.deployment import deploy
from workflows.deploy.errors import DeployError
from workflows.deploy.options import Options

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.deep,
    pytest.mark.emulator,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
OPTIONS = Options("shop", bucket="artifacts", architecture="x86_64", parameters={"AlertEmail": "a@b.c"})


def with_datasets(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the checkout have so many contracts."""
    contracts = dict.fromkeys([f"data_{one:03d}" for one in range(number)])
    monkeypatch.setattr(deployment, "load_contracts", lambda: contracts)


def tables(dynamodb: Any) -> list[str]:
    return [name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]]


def mappings(aws_lambda: Any) -> int:
    pages = aws_lambda.get_paginator("list_event_source_mappings").paginate(FunctionName="shop-forwarder")
    return sum(len(page["EventSourceMappings"]) for page in pages)


def test_a_stack_grows_to_two_hundred_datasets(
    alone: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account = sign_in()
    account.client("s3").create_bucket(Bucket="artifacts")
    dynamodb = account.client("dynamodb")
    deploy_without_packages(monkeypatch, tmp_path)
    with_datasets(monkeypatch, 3)
    deploy(OPTIONS, Talk().dialog())
    dynamodb.put_item(TableName="shop-data_001", Item={"_key": {"S": "1"}})
    before = dynamodb.describe_table(TableName="shop-data_001")["Table"]
    grown, refused = Talk(), Talk()

    with_datasets(monkeypatch, 200)
    deploy(OPTIONS, grown.dialog())
    with_datasets(monkeypatch, 220)
    with pytest.raises(DeployError):
        deploy(OPTIONS, refused.dialog())

    assert "REPLACES" not in grown.text
    assert "wrong  " not in grown.text
    assert len(tables(dynamodb)) == 200
    assert mappings(account.client("lambda")) == 200
    after = dynamodb.describe_table(TableName="shop-data_001")["Table"]
    assert (after["TableId"], after["LatestStreamArn"]) == (before["TableId"], before["LatestStreamArn"])
    assert dynamodb.scan(TableName="shop-data_001")["Count"] == 1
    template = account.client("cloudformation").describe_stack_resources(StackName="shop")["StackResources"]
    assert len(template) <= 500
    assert "220 datasets of 20" in refused.text
