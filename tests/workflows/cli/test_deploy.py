"""The command deploy: its options, and what it prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args

import pytest

from tests.workflows.cli.calling import call
from workflows.cli.deploy import Architecture, next_steps
from workflows.deploy import PLATFORMS, Options

if TYPE_CHECKING:
    from collections.abc import Callable

OUTPUTS = {
    "DataApiUrl": "https://api",
    "AlertTopicArn": "arn:topic",
    "InboundQueueUrl": "https://queue",
    "RawBucket": "raw-1",
}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """The options of deployments, which do nothing."""
    monkeypatch.delenv("GLUELINE_STACK", raising=False)
    options: list[Options] = []

    def deploy(given: Options, report: Callable[[str], None]) -> dict[str, str]:
        options.append(given)
        return OUTPUTS

    monkeypatch.setattr("workflows.deploy.deploy", deploy)
    return options


def test_without_options_the_defaults_are_deployed(deployed: list[Options]) -> None:
    assert call("deploy").exit_code == 0
    assert deployed == [Options()]


def test_the_command_line_sets_the_options(deployed: list[Options]) -> None:
    result = call(
        *("deploy", "--stack", "lake2", "--region", "eu-west-1", "--yes", "--architecture", "x86_64"),
        *("--set", "AlertEmail=a@b.c", "--set", 'Permissions={"a":["=="]}'),
    )

    assert result.exit_code == 0
    assert deployed == [
        Options(
            stack="lake2",
            region="eu-west-1",
            architecture="x86_64",
            confirm=False,
            parameters={"AlertEmail": "a@b.c", "Permissions": '{"a":["=="]}'},
        )
    ]
    assert "s3://raw-1/drops/products/" in result.stdout


def test_the_exported_stack_is_the_default(deployed: list[Options], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUELINE_STACK", "shop")

    call("deploy")

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

    assert "ask      glueline query" in message
    assert "glueline token --stack lake2" in message
    assert "s3://raw-1/drops/products/" in message
    assert json.dumps(OUTPUTS["DataApiUrl"]).strip('"') in message
