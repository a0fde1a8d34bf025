"""Which process runs a job, and how both are held."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.workflows.local.spark.test_runner import PATIENCE, RunnerFixture
from workflows.local.spark.runners import SparkRunners


class Both:
    """Two runners with fake processes, behind one."""

    def __init__(self, ending: RunnerFixture, streaming: RunnerFixture) -> None:
        self.ending, self.streaming = ending, streaming
        self.runners = SparkRunners(ending.runner, streaming.runner)
        for fixture in (ending, streaming):  # what a test launches goes through both
            fixture.launcher = self.runners


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    folders = tmp_path / "ending", tmp_path / "streaming"
    for folder in folders:
        folder.mkdir()
    with ExitStack() as made:
        ending, streaming = (
            made.enter_context(closing(RunnerFixture(folder, idle_seconds=idle)))
            for folder, idle in zip(folders, (None, 60.0), strict=True)
        )
        yield Both(ending, streaming)


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_streaming_job_does_not_keep_others_waiting(both: Both) -> None:
    endless = both.streaming.launch("endless", is_streaming=True)
    assert both.streaming.next() == (endless, "running")

    good = both.ending.launch("good")

    assert [both.ending.next(), both.ending.next()] == [(good, "running"), (good, None)]
    assert {name: state.state for name, state in both.runners.states().items()} == {
        "spark": "ready",
        "streaming": "running",
    }


def test_without_a_streaming_job_there_is_one_process(both: Both) -> None:
    good = both.ending.launch("good")
    assert [both.ending.next(), both.ending.next()] == [(good, "running"), (good, None)]

    assert both.runners.states()["streaming"].state == "off"
    assert both.runners.states()["streaming"].pid is None


def test_a_run_is_killed_wherever_it_is(both: Both) -> None:
    endless = both.streaming.launch("endless", is_streaming=True)
    assert both.streaming.next() == (endless, "running")

    both.runners.kill(endless)

    good = both.streaming.launch("good", is_streaming=True)
    assert [both.streaming.next(), both.streaming.next()] == [(good, "running"), (good, None)]


def test_a_hold_holds_both_and_names_what_it_waits_for(both: Both) -> None:
    endless = both.streaming.launch("endless", is_streaming=True)
    assert both.streaming.next() == (endless, "running")

    both.runners.hold()
    wait(lambda: both.ending.runner.is_quiet)
    assert (both.runners.is_quiet, both.runners.finishing) == (False, "endless")
    both.ending.launch("good")

    both.runners.kill(endless)
    wait(lambda: both.runners.is_quiet)
    assert both.ending.reports.empty()
    both.runners.release()
    assert both.ending.next() == ("jr_good", "running")
