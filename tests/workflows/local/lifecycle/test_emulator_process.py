"""Waiting for the embedded AWS and Spark, and why it can be in vain."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle import emulator_process
from workflows.local.lifecycle.emulator_process import start_emulator, wait_for_health, wait_for_spark
from workflows.local.lifecycle.listening import listen
from workflows.local.spark.state import SparkState

ENDPOINT = "http://127.0.0.1:9"


@pytest.fixture
def emulator() -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs until its input ends."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def reports(monkeypatch: pytest.MonkeyPatch, *states: SparkState) -> None:
    """Let the embedded AWS report these states of Spark, one after another, without pauses between."""
    remaining = list(states)
    monkeypatch.setattr(emulator_process, "spark_states", lambda endpoint: {"spark": remaining.pop(0)})
    monkeypatch.setattr(emulator_process, "_PAUSE_SECONDS", 0)


def test_waiting_ends_when_spark_is_warm(
    emulator: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports(monkeypatch, SparkState("starting"), SparkState("starting"), SparkState("ready"))

    wait_for_spark(emulator, ENDPOINT, Home(tmp_path))


def test_spark_is_also_awaited_by_who_has_not_started_the_emulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports(monkeypatch, SparkState("starting"), SparkState("ready"))

    wait_for_spark(None, ENDPOINT, Home(tmp_path))

    reports(monkeypatch, SparkState("failed", message="no memory"))
    with pytest.raises(StackError, match="no memory"):
        wait_for_spark(None, ENDPOINT, Home(tmp_path))


def test_waiting_for_two_ends_when_both_are_warm(
    emulator: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(["off", "starting", "running"])
    monkeypatch.setattr(
        emulator_process,
        "spark_states",
        lambda endpoint: {"spark": SparkState("ready"), "streaming": SparkState(next(looks))},
    )
    monkeypatch.setattr(emulator_process, "_PAUSE_SECONDS", 0)

    wait_for_spark(emulator, ENDPOINT, Home(tmp_path), ("spark", "streaming"))

    assert next(looks, None) is None


def test_a_spark_that_can_not_start_is_an_error_with_its_message(
    emulator: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports(monkeypatch, SparkState("starting"), SparkState("failed", message="Spark died (exit code 3)"))

    with pytest.raises(StackError, match=r"Spark died \(exit code 3\)"):
        wait_for_spark(emulator, ENDPOINT, Home(tmp_path))


def test_an_emulator_that_ends_is_an_error_with_its_log(
    emulator: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    emulator.kill()
    emulator.wait()

    with pytest.raises(StackError, match=r"ended \(exit code -9\); the reason is in .*emulator\.log"):
        wait_for_health(emulator, ENDPOINT, Home(tmp_path))


def test_an_emulator_that_never_answers_is_an_error_when_time_is_up(
    emulator: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator_process, "_HEALTH_SECONDS", 0.01)
    monkeypatch.setattr(emulator_process, "_PAUSE_SECONDS", 0)

    with pytest.raises(StackError, match="was not ready within 0 s"):
        wait_for_health(emulator, ENDPOINT, Home(tmp_path))


def test_an_emulator_without_its_environment_is_not_started(tmp_path: Path) -> None:
    with (
        listen() as listening,
        pytest.raises(StackError, match=r"no environment yet .*emulator-env.*: make setup"),
    ):
        start_emulator(Home(tmp_path, checkout=tmp_path), listening, tmp_path)
