"""bootstrap and catch-up on the command line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.workflows.exports.loading_stack import ReceiptsOfLoading, put, recovery_starts, second_ended
from workflows import cli
from workflows.stack import target as targets

if TYPE_CHECKING:
    from workflows.stack.target import Target


@pytest.fixture
def command(small_stack: Target, receipts: ReceiptsOfLoading, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(targets, "connect", lambda stack: small_stack)
    return CliRunner()


def test_bootstrap_prints_json_about_what_it_loaded(command: CliRunner, small_stack: Target) -> None:
    put(small_stack, "by command")

    result = command.invoke(cli.app, ["bootstrap", "things", "--json"])

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (answer["dataset"], answer["adds_up"], len(answer["exports"])) == ("things", True, 1)
    assert answer["exports"][0]["items"] == answer["exports"][0]["accepted"] > 0


def test_bootstrap_prints_the_next_step(command: CliRunner) -> None:
    result = command.invoke(cli.app, ["bootstrap", "things"])

    assert "glueline parity things" in result.stdout


def test_an_export_that_is_not_fully_loaded_is_no_success(
    command: CliRunner, small_stack: Target, receipts: ReceiptsOfLoading
) -> None:
    put(small_stack, "refused")
    receipts.broken = 1

    result = command.invoke(cli.app, ["bootstrap", "things"])

    assert result.exit_code == 1
    assert "lake_ops.quarantine" in result.stdout


def test_catch_up_takes_times_in_any_iso_form(command: CliRunner, small_stack: Target) -> None:
    start = recovery_starts(small_stack)
    end = second_ended()

    result = command.invoke(
        cli.app,
        ["catch-up", "things", "--from", f"{start:%Y-%m-%d %H:%M:%S}", "--to", end.isoformat(), "--json"],
    )

    assert json.loads(result.stdout)["exports"][0]["taken"].startswith(f"{start:%Y-%m-%dT%H:%M:%SZ} to ")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["catch-up", "things", "--from", "yesterday"], 2, "expected a time in ISO 8601"),
        (["catch-up", "things", "--from", "2020-01-01"], 1, "glueline bootstrap things"),
        (["bootstrap", "nothing"], 1, "No table small-nothing"),
    ],
)
def test_the_error_of_a_wrong_request_says_what_is_wrong(
    command: CliRunner, arguments: list[str], code: int, message: str
) -> None:
    result = command.invoke(cli.app, arguments)

    assert result.exit_code == code
    assert message in " ".join(re.sub(r"[│╭╮╰╯─]", " ", result.stderr).split())
