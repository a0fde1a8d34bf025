"""Crashes for tests, of two kinds: a function that raises `Crashed`, and a job that is killed with its JVM.

A function crashes inside the process of the test (`crash_at`): it ends what the test runs, and the test goes
on. A job is killed in a process of its own (`kill_at_step`), by SIGKILL, before or after one of its named
steps (`jobs.runtime.log.step`):

    python -m tests.crashing FOLDER JOB NUMBER before|after ARGUMENTS…

FOLDER holds the tables of the shared session. NUMBER counts the steps in the order in which they begin, from
1. The process has to be the leader of its group: it kills the whole group, its JVM included.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from jobs.lake.session import FEW_ROWS
from jobs.runtime import log
from tests.sessions import start_session

KILL_SECONDS = 240  # for a job on a busy machine
_ROOT = Path(__file__).parents[1]

type Moment = Literal["before", "after"]
type Step = Callable[..., Any]


class Crashed(SystemExit):
    """Raised where a job crashes. As an end of the process it passes what bounds other errors."""


def crashing(work: Callable[..., Any], moment: Moment = "before", call: int = 1) -> Callable[..., Any]:
    """The function, which raises `Crashed` at its call of this number, before or after it has worked."""
    calls = count(1)

    def crash(*arguments: Any, **named: Any) -> Any:
        is_last = next(calls) == call
        if is_last and moment == "before":
            raise Crashed
        result = work(*arguments, **named)
        if not is_last:
            return result
        if isinstance(result, Iterator):
            list(result)
        raise Crashed

    return crash


@contextmanager
def may_crash_at(owner: Any, name: str, moment: Moment = "before", call: int = 1) -> Iterator[None]:
    """Inside, the function of this name crashes, if it is called."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, crashing(getattr(owner, name), moment, call))
        yield


@contextmanager
def crash_at(owner: Any, name: str, moment: Moment = "before", call: int = 1) -> Iterator[None]:
    """As `may_crash_at`, for one act that has to crash."""
    with may_crash_at(owner, name, moment, call), pytest.raises(Crashed):
        yield


class Kill(NamedTuple):
    """Where a job is killed: at the step of this number, counted from 1."""

    number: int
    moment: Moment


def kill_at_step(folder: Path, job: str, arguments: Sequence[str], kill: Kill) -> None:
    """Run the job in a process of its own, which has to die at that step."""
    command = [sys.executable, "-m", "tests.crashing", str(folder), job, str(kill.number), kill.moment]
    killed = subprocess.run(
        [*command, *arguments],
        cwd=_ROOT,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=KILL_SECONDS,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr


@contextmanager
def recorded_steps(job: str) -> Iterator[list[str]]:
    """The names of the steps of the job, which runs inside, as they begin."""
    names: list[str] = []
    step = log.step

    @contextmanager
    def recording(name: str, **fields: object) -> Iterator[None]:
        names.append(name)
        with step(name, **fields):
            yield

    import_module(f"jobs.{job}")
    loaded = [module for name, module in sys.modules.items() if name.startswith("jobs.")]
    with pytest.MonkeyPatch.context() as patch:
        for module in loaded:
            if getattr(module, "step", None) is step:
                patch.setattr(module, "step", recording)
        yield names


def main() -> None:
    """Run the job until it is killed; fail if it was not."""
    folder, job, number, moment, *arguments = sys.argv[1:]
    log.step = _killing(log.step, int(number), moment)  # before the job imports it
    start_session(Path(folder), FEW_ROWS)
    import_module(f"jobs.{job}").main([f"{job}.py", *arguments])
    raise SystemExit(f"expected {job} to have a step {number}, got fewer")


def _killing(step: Step, number: int, moment: str) -> Step:
    begun = count(1)

    @contextmanager
    def kills(name: str, **fields: object) -> Iterator[None]:
        is_last = next(begun) == number
        if is_last and moment == "before":
            _kill_group()
        with step(name, **fields):
            yield
        if is_last and moment == "after":
            _kill_group()

    return kills


def _kill_group() -> None:
    """Kill this process and all that it started."""
    if os.getpgrp() != os.getpid():
        raise PermissionError("expected to be the leader of a process group, got someone else's group")
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
