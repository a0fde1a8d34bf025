"""Deployments of a small template: every state, every answer, and what is left afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.deploy.small_stack import TEMPLATE, Talk, contracts_named
from workflows.deploy import deployment, renamed_parameters, stacks
from workflows.deploy.deployment import Declined, deploy, plan
from workflows.deploy.errors import DeployError
from workflows.stack.database_names import DatabaseChanged

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.deploy.account import Account
    from workflows.deploy.options import Options
    from workflows.deploy.stacks import Stack

pytestmark = pytest.mark.long


def with_set(options: Options, **parameters: str) -> Options:
    return replace(options, parameters=parameters)


def state(account: Account, options: Options) -> Stack | None:
    return stacks.find(account.client("cloudformation"), options.stack)


def table(account: Account, options: Options) -> Any:
    return account.client("dynamodb").describe_table(TableName=f"{options.stack}-things")["Table"]


def test_a_first_deployment_protects_the_tables_once_everything_exists(
    account: Account, small: Options
) -> None:
    talk = Talk()

    outputs = deploy(small, talk.dialog())

    found = state(account, small)
    assert found is not None
    assert found.status == "UPDATE_COMPLETE"
    assert found.parameters["DeletionProtection"] == "true"
    assert table(account, small)["DeletionProtectionEnabled"] is True
    assert outputs["DataApiUrl"] == "https://api"
    assert talk.questions == [f"Deploy this to stack {small.stack}, account {account.id}, region us-east-1"]


def test_a_plan_writes_nothing(account: Account, small: Options) -> None:
    talk = Talk()

    plan(small, talk.dialog())

    assert state(account, small) is None
    assert talk.questions == []
    assert "It makes 6 resources:" in talk.text
    assert "At rest the stack costs about $1 a month" in talk.text
    assert account.client("s3").list_objects_v2(Bucket=small.bucket, Prefix=small.stack)["KeyCount"] == 0


def test_a_plan_says_how_many_notes_there_are_on_contracts(account: Account, small: Options) -> None:
    talk = Talk()

    plan(small, talk.dialog())

    assert talk.lines[0] == "2 notes on contracts"


def database(account: Account, options: Options) -> str:
    """The name of the database that the stack has."""
    found = state(account, options)
    assert found is not None
    return stacks.physical_ids(account.client("cloudformation"), found)["Lake"]


def test_a_new_stack_gets_databases_of_its_name(account: Account, small: Options) -> None:
    named = replace(small, stack=f"{small.stack}-dev")

    deploy(named, Talk().dialog())

    found = state(account, named)
    assert found is not None
    assert found.parameters["LakeDatabase"] == database(account, named) == f"{small.stack}_dev_lake"
    assert found.parameters["OpsDatabase"] == f"{small.stack}_dev_ops"


def test_a_running_stack_keeps_its_databases_and_refuses_others(
    account: Account, small: Options, tmp_path: Path
) -> None:
    older = TEMPLATE.replace("Name: !Ref LakeDatabase", f"Name: {small.stack}_older")
    (tmp_path / "template.yaml").write_text(older)
    deploy(small, Talk().dialog())
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    talk = Talk()

    deploy(small, talk.dialog())

    assert "It changes no resource." in talk.text
    assert database(account, small) == f"{small.stack}_older"
    with pytest.raises(DatabaseChanged, match=f"expected LakeDatabase={small.stack}_older"):
        plan(with_set(small, LakeDatabase="another"), Talk().dialog())


def test_the_databases_of_a_running_stack_are_those_of_its_outputs(account: Account, small: Options) -> None:
    outputs = {"LakeDatabase": "lake", "OpsDatabase": "lake_ops"}
    running = stacks.Stack(small.stack, "id", "UPDATE_COMPLETE", "", {}, outputs)

    assert deployment._databases(account, small, running) == outputs


def test_the_answer_no_changes_nothing(account: Account, small: Options) -> None:
    with pytest.raises(Declined):
        deploy(small, Talk([False]).dialog())

    assert state(account, small) is None
    deploy(small, Talk().dialog())
    with pytest.raises(Declined):
        deploy(with_set(small, Title="second"), Talk([False]).dialog())
    found = state(account, small)
    assert found is not None
    assert found.parameters["Title"] == "first"


def test_a_second_deployment_shows_what_it_changes_and_keeps_parameters(
    account: Account, small: Options
) -> None:
    deploy(with_set(small, Title="second", DeletionProtection="false"), Talk().dialog())
    talk, mailing = Talk(), Talk()

    deploy(with_set(small, AlertEmail="a@b.c"), mailing.dialog())
    deploy(with_set(small, Title="third"), talk.dialog())

    found = state(account, small)
    assert found is not None
    assert "   1  AWS::SNS::Subscription" in mailing.text
    assert "Alerts (AWS::SNS::Topic): DisplayName" in talk.text
    assert found.parameters["Title"] == "third"
    assert found.parameters["AlertEmail"] == "a@b.c"
    assert found.parameters["DeletionProtection"] == "false"
    assert table(account, small)["DeletionProtectionEnabled"] is False


def test_a_resource_whose_condition_does_not_hold_is_not_in_the_template(
    account: Account, small: Options
) -> None:
    """CloudFormation counts it, and parameters change by deployments alone."""
    cloudformation = account.client("cloudformation")

    def in_template() -> set[str]:
        return set(cloudformation.get_template(StackName=small.stack)["TemplateBody"]["Resources"])

    deploy(small, Talk().dialog())
    without_mail = in_template()
    deploy(with_set(small, AlertEmail="a@b.c"), Talk().dialog())
    with_mail = in_template()
    deploy(with_set(small, AlertEmail=""), Talk().dialog())

    assert without_mail.isdisjoint({"AlertsByMail", "Never"})
    assert with_mail - without_mail == {"AlertsByMail"}
    assert in_template() == without_mail


def put_item(account: Account, options: Options) -> None:
    account.client("dynamodb").put_item(TableName=f"{options.stack}-things", Item={"_key": {"S": "1"}})


def keys(account: Account, name: str) -> list[str]:
    return [item["_key"]["S"] for item in account.client("dynamodb").scan(TableName=name)["Items"]]


def test_a_renamed_parameter_keeps_its_value_and_the_data_stays(
    account: Account, small: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = deploy(with_set(small, Title="second"), Talk().dialog())
    put_item(account, small)
    (tmp_path / "template.yaml").write_text(
        TEMPLATE.replace("  Title: {", "  Heading: {").replace("!Ref Title", "!Ref Heading")
    )
    monkeypatch.setitem(renamed_parameters.RENAMED, "Title", "Heading")
    again, changed = Talk(), Talk()

    deploy(small, again.dialog())

    assert "It changes no resource." in again.text
    found = state(account, small)
    assert found is not None
    assert (found.parameters["Heading"], "Title" in found.parameters) == ("second", False)
    topic = account.client("sns").get_topic_attributes(TopicArn=outputs["AlertTopicArn"])["Attributes"]
    assert topic["DisplayName"] == "second"
    with pytest.raises(DeployError, match="Title is Heading now"):
        plan(with_set(small, Title="third"), Talk().dialog())
    deploy(with_set(small, Heading="third"), changed.dialog())
    assert "Alerts (AWS::SNS::Topic): DisplayName" in changed.text
    assert keys(account, f"{small.stack}-things") == ["1"]


def test_the_value_of_a_parameter_that_is_gone_is_named(
    account: Account, small: Options, tmp_path: Path
) -> None:
    deploy(with_set(small, Title="second"), Talk().dialog())
    without = TEMPLATE.replace("  Title: {Type: String, Default: first}\n", "").replace("!Ref Title", "first")
    (tmp_path / "template.yaml").write_text(without)
    talk = Talk()

    plan(small, talk.dialog())

    assert "It forgets values of parameters that the template has no more: Title=second" in talk.text


def test_a_removed_contract_leaves_its_table_and_its_data(
    account: Account, small: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "load_contracts", lambda: contracts_named("extras", "things"))
    deploy(small, Talk().dialog())
    put_item(account, small)
    extras, talk = f"{small.stack}-extras", Talk()
    account.client("dynamodb").put_item(TableName=extras, Item={"_key": {"S": "2"}})
    with monkeypatch.context() as patch:
        patch.setattr(deployment, "load_contracts", lambda: contracts_named("things"))

        deploy(small, talk.dialog())

    assert "Tableextras (AWS::DynamoDB::Table); the old one stays, without a stack" in talk.text
    with pytest.raises(DeployError):  # the contract is back, but adopting has to be asked for
        deploy(small, Talk().dialog())
    assert (keys(account, extras), keys(account, f"{small.stack}-things")) == (["2"], ["1"])


def test_nothing_to_change_is_said(account: Account, small: Options) -> None:
    first = deploy(small, Talk().dialog())
    talk = Talk()

    again = deploy(small, talk.dialog())

    assert again == first
    assert "It changes no resource." in talk.text
    assert "there is nothing to change" in talk.text


def test_a_first_deployment_that_fails_leaves_nothing_and_the_next_one_goes_on_with_consent(
    account: Account, small: Options
) -> None:
    with pytest.raises(DeployError, match=r"CREATE_FAILED Never \(AWS::CloudFormation::WaitCondition\)"):
        deploy(with_set(small, Fails="true"), Talk().dialog())
    failed = state(account, small)
    assert failed is not None
    assert failed.status == "ROLLBACK_COMPLETE"

    with pytest.raises(Declined):
        deploy(small, Talk([False]).dialog())
    talk = Talk()
    deploy(small, talk.dialog())

    assert "is in the state ROLLBACK_COMPLETE: its creation failed" in talk.questions[0]
    found = state(account, small)
    assert found is not None
    assert found.status == "UPDATE_COMPLETE"


def test_a_deployment_that_stopped_before_the_protection_is_completed(
    account: Account, small: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter([deployment._change])

    def stop_at_the_second(*arguments: Any) -> Stack:
        for step in steps:
            return step(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(deployment, "_change", stop_at_the_second)
        deploy(small, Talk().dialog())
    assert table(account, small)["DeletionProtectionEnabled"] is False

    deploy(small, Talk().dialog())

    assert table(account, small)["DeletionProtectionEnabled"] is True


def test_an_update_that_fails_is_rolled_back_and_says_why(account: Account, small: Options) -> None:
    deploy(small, Talk().dialog())

    with pytest.raises(DeployError, match="UPDATE_ROLLBACK_COMPLETE"):
        deploy(with_set(small, Fails="true", Title="second"), Talk().dialog())
    deploy(with_set(small, Title="third", Fails="false"), Talk().dialog())

    found = state(account, small)
    assert found is not None
    assert found.status == "UPDATE_COMPLETE"


def test_a_change_set_that_was_never_executed_is_no_obstacle(account: Account, small: Options) -> None:
    account.client("cloudformation").create_change_set(
        StackName=small.stack,
        ChangeSetName="abandoned",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}',
    )
    talk = Talk()

    deploy(small, talk.dialog())

    assert "is in the state REVIEW_IN_PROGRESS" in talk.text


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED", "SOMETHING_NEW"])
def test_a_state_that_nothing_can_be_done_about_is_refused(
    account: Account, small: Options, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    busy = stacks.Stack(small.stack, "id", status, "", {}, {})
    monkeypatch.setattr(stacks, "find", lambda *_: busy)

    for act in (deploy, plan):
        with pytest.raises(DeployError, match=f"{status}.*Nothing was changed"):
            act(small, Talk().dialog())
