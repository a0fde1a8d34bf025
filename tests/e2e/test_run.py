"""`glueline run` that is killed and run again ends with the same tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import glueline, run_killed_after

if TYPE_CHECKING:
    from workflows.stack.target import Target


def assert_tables_are_those_of_the_model(outcomes: dict[str, Any]) -> None:
    assert all(outcome["adds_up"] for outcome in outcomes.values())
    assert outcomes["products"]["in_table"] == 92331
    assert outcomes["transactions"]["in_dynamodb"] == outcomes["transactions"]["in_table"] > 0


def test_a_run_killed_and_run_again_ends_in_the_tables_of_the_model(demo: dict[str, Any]) -> None:
    assert_tables_are_those_of_the_model(demo)


@pytest.mark.deep
@pytest.mark.parametrize("seconds", [6, 24])
def test_a_run_killed_later_and_run_again_ends_in_the_tables_of_the_model(
    target: Target, seconds: int
) -> None:
    assert_tables_are_those_of_the_model(run_killed_after(target, seconds))


def test_a_second_up_says_that_nothing_has_changed(target: Target) -> None:
    second = glueline("up")

    assert second.returncode == 0
    assert second.stdout.startswith("Nothing has changed since the last deployment.")
