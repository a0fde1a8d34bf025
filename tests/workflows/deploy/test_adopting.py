"""What a stack has left is taken in by the next one, with all it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.deploy.small_stack import Talk, contracts_named
from tests.workflows.deploy.stubs import account_with, stubbed
from tests.workflows.expanded_template import TEMPLATE
from workflows.deploy import changesets, deployment, stacks
from workflows.deploy.adopting import Leftover, import_template, is_free
from workflows.deploy.deployment import deploy
from workflows.deploy.destroying import destroy, plan_destruction
from workflows.deploy.errors import DeployError
from workflows.deploy.template import Place, expand, resources

if TYPE_CHECKING:
    from workflows.deploy.account import Account
    from workflows.deploy.options import Options

pytestmark = pytest.mark.long


def put(account: Account, options: Options, key: str) -> None:
    table = f"{options.stack}-things"
    account.client("dynamodb").put_item(TableName=table, Item={"_key": {"S": key}})


def items(account: Account, options: Options) -> list[Any]:
    found: list[Any] = account.client("dynamodb").scan(TableName=f"{options.stack}-things")["Items"]
    return found


def destroyed(account: Account, options: Options) -> None:
    destroy(account, plan_destruction(account, options.stack), print, leave=False)


def test_a_stack_that_is_deleted_and_deployed_again_has_its_data(account: Account, small: Options) -> None:
    first = deploy(small, Talk().dialog())
    put(account, small, "1")
    account.client("s3").put_object(Bucket=first["RawBucket"], Key="drops/a", Body=b"a")
    destroyed(account, small)
    talk = Talk()

    again = deploy(small, talk.dialog())

    assert "It ADOPTS 4 of them" in talk.text
    assert items(account, small) == [{"_key": {"S": "1"}}]
    assert (again["RawBucket"], again["KeyId"]) == (first["RawBucket"], first["KeyId"])
    found = stacks.find(account.client("cloudformation"), small.stack)
    assert found is not None
    assert found.parameters["DeletionProtection"] == "true"
    destroyed(account, small)
    assert deploy(small, Talk().dialog())["RawBucket"] == first["RawBucket"]


def test_a_database_that_is_adopted_keeps_its_name_also_if_the_adoption_stops(
    account: Account, small: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{small.stack}_named"
    deploy(replace(small, parameters={"LakeDatabase": name}), Talk().dialog())
    destroyed(account, small)

    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(deployment, "_change", stop)
        deploy(small, Talk().dialog())
    deploy(small, Talk().dialog())

    found = stacks.find(account.client("cloudformation"), small.stack)
    assert found is not None
    assert found.parameters["LakeDatabase"] == name
    assert stacks.physical_ids(account.client("cloudformation"), found)["Lake"] == name


def test_a_database_that_is_gone_gives_no_name(account: Account, small: Options) -> None:
    name = f"{small.stack}_named"
    deploy(replace(small, parameters={"LakeDatabase": name}), Talk().dialog())
    destroyed(account, small)
    account.client("glue").delete_database(Name=name)

    deploy(small, Talk().dialog())

    found = stacks.find(account.client("cloudformation"), small.stack)
    assert found is not None
    assert found.parameters["LakeDatabase"] == f"{small.stack}_lake"


def test_without_adoption_a_table_is_in_the_way(account: Account, small: Options) -> None:
    deploy(small, Talk().dialog())
    destroyed(account, small)
    talk = Talk()

    with pytest.raises(DeployError, match="2 of these findings are wrong"):
        deploy(replace(small, adopt=False), talk.dialog())

    assert f"{small.stack}-things (AWS::DynamoDB::Table) exists already" in talk.text


def test_a_table_that_only_has_the_name_is_adopted_if_asked_for(account: Account, small: Options) -> None:
    account.client("dynamodb").create_table(
        TableName=f"{small.stack}-things",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
    )
    put(account, small, "1")

    with pytest.raises(DeployError):
        deploy(small, Talk().dialog())
    deploy(replace(small, adopt=True), Talk().dialog())

    assert items(account, small) == [{"_key": {"S": "1"}}]


def test_a_table_that_a_failed_update_has_left_is_adopted_if_asked_for(
    account: Account, small: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(small, Talk().dialog())
    monkeypatch.setattr(
        "workflows.deploy.deployment.load_contracts", lambda: contracts_named("more", "things")
    )
    with pytest.raises(DeployError, match="UPDATE_ROLLBACK_COMPLETE"):
        deploy(replace(small, parameters={"Fails": "true"}), Talk().dialog())
    asked: list[bool] = []
    make = changesets.make

    def listen(*arguments: Any, adopts_named: bool = False) -> Any:
        asked.append(adopts_named)
        # AWS takes the table in. MiniStack can't, as its name is a Fn::Sub, and makes none that exists.
        dynamodb = account.client("dynamodb")
        dynamodb.update_table(TableName=f"{small.stack}-more", DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=f"{small.stack}-more")
        return make(*arguments, adopts_named=adopts_named)

    monkeypatch.setattr(changesets, "make", listen)
    talk = Talk()
    deploy(replace(small, parameters={"Fails": "false"}, adopt=True), talk.dialog())

    stack = account.client("cloudformation").describe_stack_resources(StackName=small.stack)
    assert "Tablemore" in {one["LogicalResourceId"] for one in stack["StackResources"]}
    assert f"Tablemore (AWS::DynamoDB::Table): {small.stack}-more" in talk.text
    assert asked == [True]


def test_what_does_not_exist_is_not_free_nor_what_a_stack_has(account: Account) -> None:
    """MiniStack can't say which stack has a resource, so its answer is that of a stub."""
    found = {"ResourceType": "T", "Timestamp": 0, "LogicalResourceId": "B", "PhysicalResourceId": "ours"}
    for status, is_ours in (("CREATE_COMPLETE", True), ("DELETE_SKIPPED", False)):
        answer = {"StackResources": [{**found, "ResourceStatus": status}]}
        cloudformation = stubbed("cloudformation", ("describe_stack_resources", answer))
        s3 = stubbed("s3", ("head_bucket", {}))
        owned = account_with(cloudformation=cloudformation, s3=s3)
        assert is_free(owned, "AWS::S3::Bucket", "ours") is not is_ours
    assert not is_free(account, "AWS::S3::Bucket", "no-such-bucket-anywhere")
    assert not is_free(account, "AWS::Cognito::UserPool", "us-east-1_none")
    assert not is_free(account, "AWS::Glue::Database", "none")
    assert not is_free(account, "AWS::SQS::Queue", "queue")
    account.client("s3").create_bucket(Bucket="free-bucket-of-nobody")
    assert is_free(account, "AWS::S3::Bucket", "free-bucket-of-nobody")


def test_a_key_that_is_going_to_be_deleted_is_not_adopted(account: Account) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert is_free(account, "AWS::KMS::Key", key)

    kms.schedule_key_deletion(KeyId=key)

    assert not is_free(account, "AWS::KMS::Key", key)


def test_an_import_has_only_what_it_imports_and_refers_to_nothing_else() -> None:
    wanted = resources(expand(TEMPLATE, Place("shop"), {"Datasets": "products", "OwnTables": "products"}))
    table = import_template([Leftover(wanted["Tableproducts"], "shop-products")])["Resources"]
    both = import_template([Leftover(wanted[name], name) for name in ("Tableproducts", "Key")])["Resources"]

    assert table.keys() == {"Tableproducts"}
    assert "SSESpecification" not in table["Tableproducts"]["Properties"]
    assert table["Tableproducts"]["DeletionPolicy"] == "Retain"
    assert "SSESpecification" in both["Tableproducts"]["Properties"]
