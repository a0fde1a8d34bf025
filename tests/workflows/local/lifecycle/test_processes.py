"""Processes of a stack are found and ended, whatever their parents."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle.processes import end_processes, marked_environment, stack_processes

SLEEP = "import time; print('ready', flush=True); time.sleep(60)"
# Ignores SIGTERM, and starts a process in a session of its own.
STUBBORN = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", {SLEEP!r}], start_new_session=True)
time.sleep(60)
"""


def start(home: Home, code: str) -> subprocess.Popen[str]:
    """A process of the stack, when all of it runs: its environment can't be read before."""
    started = subprocess.Popen(
        [sys.executable, "-c", code], env=marked_environment(home), stdout=subprocess.PIPE, text=True
    )
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    return started


def test_all_descendants_are_ended_even_if_they_ignore_signals_or_lost_their_parent(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    with start(home, STUBBORN):
        assert len(stack_processes(home)) == 2

        assert end_processes(home, grace_seconds=0.1) == 2

    assert stack_processes(home) == []


def test_another_stacks_processes_are_left_alone(tmp_path: Path) -> None:
    mine, other = Home(tmp_path / "mine"), Home(tmp_path / "other")
    with start(mine, SLEEP) as sleeper:
        assert end_processes(other) == 0
        assert sleeper.poll() is None
        end_processes(mine)


def test_the_calling_process_is_not_among_them(tmp_path: Path) -> None:
    home = Home(tmp_path)
    code = f"""
from pathlib import Path
from workflows.local.base.home import Home
from workflows.local.lifecycle.processes import end_processes
print(end_processes(Home(Path({str(tmp_path)!r}))))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home.checkout,
        env=marked_environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "0\n"
    assert os.environ.get("GLUELINE_HOME") != str(tmp_path)


def test_the_environment_of_a_stack_has_no_aws_account_no_packages_of_ours_and_no_other_spark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "PYTHONPATH", "VIRTUAL_ENV", "SPARK_HOME"):
        monkeypatch.setenv(name, "elsewhere")

    environment = marked_environment(Home(tmp_path))

    assert "elsewhere" not in environment.values()
    assert environment["GLUELINE_HOME"] == str(tmp_path)
    assert environment["PATH"] == os.environ["PATH"]


def test_a_process_that_can_not_be_ended_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    with start(home, SLEEP) as sleeper:
        with monkeypatch.context() as patch:
            for end in ("terminate", "kill"):
                patch.setattr(psutil.Process, end, lambda self: None)
            with pytest.raises(StackError, match=rf"did not end within 0 s: {sleeper.pid} .*make down"):
                end_processes(home, grace_seconds=0.01, kill_seconds=0.1)
        end_processes(home)
