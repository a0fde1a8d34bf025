"""The commands of batches: what they print, and their exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest, ManifestFile
from tests.workflows.cli.calling import call
from tests.workflows.empty_stack import empty_stack
from workflows.cli.batches import READING
from workflows.cli.showing import Step

if TYPE_CHECKING:
    from workflows.stack.target import Target

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def target(aws: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    stack = empty_stack(aws)
    monkeypatch.setattr("workflows.stack.target.connect", lambda name: stack)
    return stack


def set_aside(target: Target) -> Batches:
    """The batch wr_1, which is set aside."""
    batches = Batches(target.client("s3"), target.output("LakeBucket"))
    file = ManifestFile(
        "raw", "drops/products/[a].csv", "e", None, 7, NOW.isoformat(), "products", "drop", "csv"
    )
    batches.open(Manifest("wr_1", NOW.isoformat(), (file,)))
    batches.set_aside("wr_1", "EvolutionRefused: column [price]", NOW)
    batches.close("wr_1")
    return batches


def test_without_open_batches_list_says_that_all_are_merged(target: Target) -> None:
    result = call("batches", "list")

    assert (result.exit_code, result.stdout.strip()) == (
        0,
        "Every batch is merged. Next: glueline status (is anything else wrong?)",
    )
    assert json.loads(call("batches", "list", "--json").stdout) == []


def test_a_batch_that_is_set_aside_is_listed_with_its_error_and_the_next_step(target: Target) -> None:
    set_aside(target)

    result = call("batches", "list")

    assert result.exit_code == 0
    for text in (
        "wr_1",
        "set aside",
        "products",
        "EvolutionRefused: column [price]",
        "glueline batches retry",
    ):
        assert text in result.stdout
    assert "drops/products/[a].csv" in call("batches", "show", "wr_1").stdout
    [file] = json.loads(call("batches", "show", "wr_1", "--json").stdout)["files"]
    assert file["source_file"] == "s3://raw/drops/products/[a].csv"


def test_retry_prints_the_id_under_which_the_batch_continues(target: Target) -> None:
    batches = set_aside(target)

    result = call("batches", "retry", "wr_1")

    assert result.exit_code == 0
    assert "wr_1-retry" in result.stdout
    assert (batches.aside(), batches.begun()) == ([], ["wr_1-retry"])


def test_aside_needs_a_reason_and_an_open_batch(target: Target) -> None:
    batches = set_aside(target)
    call("batches", "retry", "wr_1")

    assert call("batches", "aside", "wr_1-retry").exit_code == 2
    assert call("batches", "aside", "wr_1-retry", "--reason", "a test").exit_code == 0
    assert batches.attempts("wr_1-retry").error == "by hand: a test"


@pytest.mark.parametrize("command", [("show",), ("retry",), ("aside", "--reason", "why")])
def test_the_error_for_an_unknown_batch_names_the_next_command(
    target: Target, command: tuple[str, ...]
) -> None:
    result = call("batches", command[0], "nope", *command[1:])

    assert result.exit_code == 1
    assert "glueline batches list" in result.stderr


def test_each_command_shows_its_step_and_how_many_batches_are_left_to_read(
    target: Target, steps: list[Step]
) -> None:
    batches = set_aside(target)
    batches.open(Manifest("wr_2", NOW.isoformat()))

    call("batches", "list")
    assert steps == [Step(READING, left=2), Step(READING, left=1)]
    steps.clear()
    call("batches", "show", "wr_1")
    assert steps == [Step(READING, left=2), Step(READING, left=1)]
    steps.clear()
    call("batches", "retry", "wr_1")
    call("batches", "aside", "wr_2", "--reason", "a test")
    assert [step.name for step in steps] == [
        "taking the batch up again",
        "noting that the batch is set aside",
    ]
