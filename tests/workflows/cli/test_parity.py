"""The command `glueline parity`: exit codes, JSON, and what it prints when it is interrupted."""

import json
from dataclasses import replace
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from jobs.parity.certificates import Certificate
from tests.workflows.operations.parity_stack import DRIFTED, GOOD, ParityStack
from workflows.cli import app


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> ParityStack:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("workflows.stack.target.connect", lambda name: stack)
    stack = ParityStack()
    return stack


@pytest.mark.parametrize(("certificate", "code"), [(GOOD, 0), (DRIFTED, 1)])
def test_the_exit_code_is_zero_only_if_every_certificate_is_good(
    stack: ParityStack, certificate: Certificate, code: int
) -> None:
    stack.finds(replace(certificate, dataset="products"))

    answer = CliRunner().invoke(app, ["parity", "products", "--json"])

    assert answer.exit_code == code
    (printed,) = json.loads(answer.stdout)
    assert printed["ok"] is (code == 0)
    assert printed["repaired_after"] is None


def interrupt(*_: object, **__: object) -> NoReturn:
    raise KeyboardInterrupt


def test_an_interrupted_command_says_that_the_job_run_continues(stack: ParityStack) -> None:
    stack.does["reconcile"] = [lambda run, _: None]
    stack.get_job_runs = interrupt  # type: ignore[method-assign]

    answer = CliRunner().invoke(app, ["parity", "products"], env={"COLUMNS": "300"})

    assert answer.exit_code == 130
    assert (
        "Interrupted. Certificates of: none. The job run jr_1 continues. "
        "The same command compares again and continues to the certificates."
    ) in " ".join(answer.stderr.split())


def test_an_unknown_dataset_is_refused(stack: ParityStack) -> None:
    answer = CliRunner().invoke(app, ["parity", "nothing"], env={"COLUMNS": "300"})

    assert answer.exit_code == 2
    assert "got nothing" in answer.stderr
