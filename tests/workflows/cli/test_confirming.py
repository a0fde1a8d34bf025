"""A command names the stack on AWS that it acts on, and asks before what can't be undone."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import boto3
import pytest
import typer
from typer.testing import CliRunner, Result

from tests.workflows.cli.calling import call
from tests.workflows.empty_stack import empty_stack
from workflows.cli.confirming import confirm, name_target
from workflows.stack import target as targets
from workflows.stack.target import Target

ON_AWS = Target("eu-central-1", {}, None, "shop", "123456789012")
HERE = Target("us-east-1", {}, "http://127.0.0.1:4566")


def ask(target: Target | None, answer: str, *, yes: bool = False) -> Result:
    asking = typer.Typer()

    @asking.command()
    def command() -> None:
        confirm(target, "Erase 2 keys", yes=yes)
        typer.echo("done")

    return CliRunner().invoke(asking, input=answer)


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.cli.confirming.is_interactive", lambda: True)


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("target", "answer", "code"),
    [
        (ON_AWS, "shop\n", 0),
        (ON_AWS, "y\n", 1),
        (ON_AWS, "Shop\n", 1),
        (ON_AWS, "", 1),
        (HERE, "y\n", 0),
        (HERE, "n\n", 1),
        (HERE, "\n", 1),
        (None, "y\n", 0),
    ],
)
def test_on_aws_the_name_of_the_stack_confirms_and_locally_a_yes(
    target: Target | None, answer: str, code: int
) -> None:
    result = ask(target, answer)

    assert result.exit_code == code
    assert ("done" in result.stdout) == (code == 0)
    assert "Erase 2 keys?" in result.stderr


@pytest.mark.parametrize("target", [ON_AWS, HERE, None])
def test_without_a_terminal_only_yes_confirms(target: Target | None) -> None:
    refused, done = ask(target, "shop\ny\n"), ask(target, "", yes=True)

    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert "done" not in refused.stdout
    assert (done.exit_code, done.stdout) == (0, "done\n")


def test_only_a_stack_on_aws_is_named_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed_lines: list[str] = []
    monkeypatch.setattr("workflows.cli.confirming.err.print", lambda text, **_: printed_lines.append(text))

    name_target(ON_AWS)
    name_target(HERE)

    assert printed_lines == ["On AWS: stack shop, account 123456789012, region eu-central-1"]


ACTS = (
    ("send", "FILE"),
    ("replay", "wr_1"),
    ("redrive", "--dry-run"),
    ("bootstrap", "products"),
    ("catch-up", "products", "--from", "2026-11-24T12:00:00Z"),
    ("batches", "retry", "wr_1"),
    ("batches", "aside", "wr_1", "--reason", "broken"),
)


@pytest.mark.parametrize("arguments", ACTS, ids=" ".join)
def test_a_command_that_acts_on_an_exported_stack_names_it_first(
    arguments: tuple[str, ...],
    aws: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("sent") / "messages"
    file.write_text("{}\n")
    outputs = empty_stack(aws).outputs
    monkeypatch.setenv("GLUELINE_STACK", "shop")
    asked: list[str] = []

    def deployed(name: str) -> Target:
        asked.append(name)
        return Target("us-east-1", outputs, None, name, "123456789012")

    monkeypatch.setattr(targets, "deployed", deployed)
    monkeypatch.setattr(
        targets, "_session", lambda *_, **__: boto3.Session("test", "test", region_name="us-east-1")
    )
    monkeypatch.setattr(Target, "client", lambda self, name: Target("us-east-1", {}, aws).client(name))

    result = call(*(str(file) if argument == "FILE" else argument for argument in arguments))

    assert asked == ["shop"]
    assert result.stderr.startswith("On AWS: stack shop, account 123456789012, region us-east-1\n")


def test_a_deployed_stack_knows_its_account(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    described = {
        "StackName": "shop",
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/0a1b",
        "CreationTime": datetime.now(UTC),
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": "RawBucket", "OutputValue": "raw"}],
    }

    class CloudFormation:
        def describe_stacks(self, StackName: str) -> dict[str, object]:
            return {"Stacks": [described]}

    class Session:
        region_name = "eu-central-1"

        def client(self, _: str) -> CloudFormation:
            return CloudFormation()

    monkeypatch.setattr("workflows.stack.target.boto3.Session", Session)

    found = targets.deployed("shop")

    assert found == Target("eu-central-1", {"RawBucket": "raw"}, None, "shop", "123456789012")
    assert json.dumps(found.description)
