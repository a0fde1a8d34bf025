"""`glueline run` that is killed and run again ends with the same tables."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import GLUELINE, glueline

if TYPE_CHECKING:
    from workflows.stack.target import Target

LINES = "300"


@pytest.mark.parametrize("seconds", [3, *(pytest.param(later, marks=pytest.mark.deep) for later in (9, 27))])
def test_a_run_killed_and_run_again_ends_in_the_tables_of_the_model(target: Target, seconds: int) -> None:
    killed = subprocess.Popen([*GLUELINE, "run", "--lines", LINES])
    time.sleep(seconds)
    killed.send_signal(signal.SIGKILL)
    killed.wait()

    again = glueline("run", "--lines", LINES, "--json")

    assert again.returncode == 0, again.stderr + again.stdout
    outcomes = {outcome["dataset"]: outcome for outcome in json.loads(again.stdout)}
    assert all(outcome["adds_up"] for outcome in outcomes.values())
    assert outcomes["products"]["in_table"] == 92331
    assert outcomes["transactions"]["in_dynamodb"] == outcomes["transactions"]["in_table"] > 0


def test_a_second_up_says_that_nothing_has_changed(target: Target) -> None:
    second = glueline("up")

    assert second.returncode == 0
    assert second.stdout.startswith("Nothing has changed since the last deployment.")
