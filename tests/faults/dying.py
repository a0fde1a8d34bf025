"""A job that is killed: a process of its own with a Spark of its own, which dies at one of its named steps.

    python -m tests.faults.dying FOLDER JOB NUMBER before|after ARGUMENTS…

FOLDER is where the shared session's tables lie, NUMBER counts the steps as they begin, from 1. The process
has to be the leader of its group: it ends the whole group by SIGKILL, its JVM among it.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from jobs.runtime import log
from tests.sessions import FEW_ROWS, start_session

type Step = Callable[..., Any]


def main() -> None:
    """Run the job until it dies; that it did not is an error."""
    folder, job, number, moment, *arguments = sys.argv[1:]
    log.step = dying(log.step, int(number), moment)  # before the job imports it
    start_session(Path(folder), FEW_ROWS)
    import_module(f"jobs.{job}").main([f"{job}.py", *arguments])
    raise SystemExit(f"expected {job} to come to a step {number}, got fewer")


def dying(step: Step, number: int, moment: str) -> Step:
    """The step, which is the end of the process when it is the one of that number."""
    begun = count(1)

    @contextmanager
    def dies(name: str, **fields: object) -> Iterator[None]:
        is_last = next(begun) == number
        if is_last and moment == "before":
            die()
        with step(name, **fields):
            yield
        if is_last and moment == "after":
            die()

    return dies


def die() -> None:
    """Kill this process and all that it started."""
    if os.getpgrp() != os.getpid():
        raise PermissionError("expected to be the leader of a process group, got someone else's group")
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
