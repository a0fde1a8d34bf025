"""Processes of a local stack are killed during a run, and the run is repeated."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import GLUELINE, glueline
from workflows.demo.run import run
from workflows.local.base.home import DEFAULT, Home
from workflows.local.lifecycle.processes import stack_processes
from workflows.local.lifecycle.running import running_stack
from workflows.local.lifecycle.stack import down, up
from workflows.stack.target import Target, local

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.progress.waiting import Pending

pytestmark = [
    pytest.mark.deep,
    # A stack outlives the process that started it.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LINES = 300


@pytest.mark.parametrize("seconds", [2, 8, 16])
def test_functions_and_spark_that_are_killed_during_a_run_lose_nothing(target: Target, seconds: int) -> None:
    """All processes except the embedded AWS, which has the data of S3, SQS and DynamoDB."""
    stack = running_stack(DEFAULT)
    assert stack is not None
    running = subprocess.Popen([*GLUELINE, "run", "--lines", str(LINES)])
    time.sleep(seconds)
    victims = [process for process in stack_processes(DEFAULT) if process.pid != stack.pid]
    for process in victims:
        process.kill()
    running.send_signal(signal.SIGKILL)
    running.wait()

    again = glueline("run", "--lines", str(LINES), "--json")

    assert victims
    assert again.returncode == 0, again.stderr + again.stdout
    outcomes = json.loads(again.stdout)
    assert all(outcome["adds_up"] for outcome in outcomes)
    assert outcomes[0]["in_dynamodb"] == outcomes[0]["in_table"] > 0


def test_a_stack_that_is_killed_as_a_whole_fails_its_caller_and_can_be_started_again(tmp_path: Path) -> None:
    """The data of its AWS is in memory, so the new stack is like a new account."""
    home = Home(tmp_path / "stack")
    up(print, home)
    try:
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(run, of(home), LINES, report)
            time.sleep(5)
            killed = stack_processes(home)
            for process in killed:
                process.kill()
            assert running.exception(timeout=120) is not None

        up(print, home)

        assert not {process.pid for process in killed} & {one.pid for one in stack_processes(home)}
        assert all(outcome.adds_up for outcome in run(of(home), LINES, report))
    finally:
        down(home)
    assert stack_processes(home) == []


def of(home: Home) -> Target:
    return local(home.stack_file)


def report(pending: Pending) -> None:
    print(pending)
