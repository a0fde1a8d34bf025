"""The commands deploy and destroy: their options, their questions, and what they print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest

from tests.workflows.cli.calling import call
from workflows.cli import deploy as commands
from workflows.cli.deploy import Architecture, next_steps
from workflows.deploy import account, deployment, destroying
from workflows.deploy.destroying import Destruction, Held
from workflows.deploy.options import Options
from workflows.deploy.packaging import PLATFORMS
from workflows.deploy.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.deploy.deployment import Dialog

OUTPUTS = {
    "DataApiUrl": "https://api",
    "AlertTopicArn": "arn:topic",
    "InboundQueueUrl": "https://queue",
    "RawBucket": "raw-1",
}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """The options of deployments, which ask and do nothing."""
    monkeypatch.delenv("GLUELINE_STACK", raising=False)
    options: list[Options] = []

    def deploy(given: Options, dialog: Dialog) -> dict[str, str]:
        dialog.report("It makes 122 resources")
        dialog.ask("Deploy this")
        options.append(given)
        return OUTPUTS

    monkeypatch.setattr(deployment, "deploy", deploy)
    return options


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "is_interactive", lambda: True)


def test_without_options_the_defaults_are_deployed(deployed: list[Options]) -> None:
    assert call("deploy", "--yes").exit_code == 0
    assert deployed == [Options()]


def test_the_command_line_sets_the_options(deployed: list[Options]) -> None:
    result = call(
        *("deploy", "--stack", "lake2", "--region", "eu-west-1", "--yes", "--architecture", "x86_64"),
        *("--set", "AlertEmail=a@b.c", "--set", 'Permissions={"a":["=="]}', "--adopt"),
    )

    assert result.exit_code == 0
    assert deployed == [
        Options(
            stack="lake2",
            region="eu-west-1",
            architecture="x86_64",
            parameters={"AlertEmail": "a@b.c", "Permissions": '{"a":["=="]}'},
            adopt=True,
        )
    ]
    assert "s3://raw-1/drops/products/" in result.stdout


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("answer", "code", "said"), [("n", 1, "Nothing was changed."), ("y", 0, "is deployed")]
)
def test_the_answer_decides(deployed: list[Options], answer: str, code: int, said: str) -> None:
    result = call("deploy", given=f"{answer}\n")

    assert result.exit_code == code
    assert said in result.stdout
    assert bool(deployed) is (answer == "y")


def test_without_a_terminal_consent_has_to_be_given(deployed: list[Options]) -> None:
    result = call("deploy")

    assert result.exit_code == 2
    assert "expected --yes" in result.stderr
    assert deployed == []


def test_a_plan_deploys_nothing(deployed: list[Options], monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[Options] = []
    monkeypatch.setattr(deployment, "plan", lambda options, dialog: planned.append(options))

    assert call("deploy", "--plan").exit_code == 0
    assert planned == [Options()]
    assert deployed == []


def test_the_exported_stack_is_the_default(deployed: list[Options], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUELINE_STACK", "shop")

    call("deploy", "--yes")

    assert deployed[0].stack == "shop"


def test_a_wrong_option_deploys_nothing(deployed: list[Options]) -> None:
    without_value, unknown = call("deploy", "--set", "AlertEmail"), call("deploy", "--architecture", "riscv")

    assert (without_value.exit_code, unknown.exit_code) == (1, 2)
    assert "expected --set NAME=VALUE, got --set AlertEmail" in without_value.stderr
    assert deployed == []


def test_the_architectures_are_those_that_packages_can_be_built_for() -> None:
    assert set(get_args(Architecture)) == set(PLATFORMS)


def test_the_next_steps_are_commands_with_the_real_names() -> None:
    message = next_steps(Options(stack="lake2"), OUTPUTS)
    with_mail = next_steps(Options(parameters={"AlertEmail": "a@b.c"}), OUTPUTS)

    assert "ask      glueline query" in message
    assert "glueline token --stack lake2" in message
    assert "glueline doctor --stack lake2" in message
    assert "s3://raw-1/drops/products/" in message
    assert "subscribe to arn:topic, or deploy with --set AlertEmail" in message
    assert "confirm the mail to a@b.c" in with_mail
    assert json.dumps(OUTPUTS["DataApiUrl"]).strip('"') in message


@pytest.fixture
def destroyed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the stacks that were deleted."""
    names: list[str] = []

    def plan(_: Any, name: str) -> Destruction:
        held = (
            Held("RawBucket", "raw-1", "AWS::S3::Bucket", stays=True),
            Held("Q", "q", "AWS::SQS::Queue", False),
        )
        return Destruction(Stack(name, "id", "CREATE_COMPLETE", "", {}, {}), held)

    def destroy(
        _: Any,
        destruction: Destruction,
        report: Callable[[str], None],
        count: Callable[[int], None],
        *,
        leave: bool,
    ) -> None:
        count(1)
        report("  12:00:00 DELETE_COMPLETE Q")
        names.append(f"{destruction.stack.name} {leave}")

    from tests.workflows.deploy.stubs import account_with

    monkeypatch.setattr(account, "sign_in", lambda region: account_with())
    monkeypatch.setattr(destroying, "plan_destruction", plan)
    monkeypatch.setattr(destroying, "destroy", destroy)
    return names


@pytest.mark.usefixtures("terminal")
def test_a_stack_is_deleted_by_its_name_alone(destroyed: list[str]) -> None:
    wrong = call("destroy", "--stack", "shop", given="y\n")
    right = call("destroy", "--stack", "shop", "--leave", given="shop\n")

    assert wrong.exit_code == 1
    assert "Expected shop, got 'y': nothing was changed." in wrong.stderr
    assert right.exit_code == 0
    assert destroyed == ["shop True"]
    assert "It leaves 1 resources" in right.stdout
    assert "raw-1  RawBucket (AWS::S3::Bucket)" in right.stdout
    assert "To use them again, within 90 days: glueline deploy --stack shop" in right.stdout


def test_without_a_terminal_a_deletion_needs_consent(destroyed: list[str]) -> None:
    assert call("destroy", "--stack", "shop").exit_code == 2
    assert call("destroy", "--stack", "shop", "--yes").exit_code == 0
    assert call("destroy").exit_code == 2
    assert destroyed == ["shop False"]
