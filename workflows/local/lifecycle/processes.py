"""Finds and ends the processes of a local stack, which inherit a mark.

The mark is an environment variable with the stack's folder. No list of processes has to be kept, which a
killed `up` could leave incomplete, and a process id that the system has reused is never mistaken for one of
the stack.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from typing import Final

import psutil

from workflows.local.base.environment import local_environment
from workflows.local.base.errors import StackError
from workflows.local.base.home import Home

MARK: Final = "GLUELINE_HOME"
_REMOVED_PREFIXES: Final = ("PYTHON", "VIRTUAL_ENV", "SPARK_", "PYSPARK_", "HADOOP_")
_GRACE_SECONDS: Final = 1.0
_KILL_SECONDS: Final = 30.0  # a process that writes to a slow disk ends only after the write


def marked_environment(home: Home) -> dict[str, str]:
    """The environment of this process with the mark, for the processes of a stack.

    It lacks variables that point to an AWS account, to Python packages that a Lambda must not import, or to
    another Spark.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_REMOVED_PREFIXES)}
    return {**local_environment(kept), MARK: str(home.folder)}


def stack_processes(home: Home) -> list[psutil.Process]:
    """All living processes of a stack, whatever their parents."""
    return list(_marked(str(home.folder)))


def _marked(folder: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        # It ended meanwhile, is a zombie, or belongs to another user: not a living process of the stack.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == folder:
                yield process


def process_names(processes: Iterable[psutil.Process]) -> dict[int, str]:
    """Id and name of each process that has not ended meanwhile."""
    found = {}
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found[process.pid] = process.name()
    return found


def end_processes(
    home: Home, *, grace_seconds: float = _GRACE_SECONDS, kill_seconds: float = _KILL_SECONDS
) -> int:
    """End all processes of a stack; returns how many there were. Raises StackError if some remain."""
    found = stack_processes(home)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(found, timeout=grace_seconds)
    deadline = time.monotonic() + kill_seconds
    # Search again until none is found: a process may start another just before it ends.
    while left := stack_processes(home):
        if time.monotonic() > deadline:
            named = ", ".join(f"{pid} {name}" for pid, name in process_names(left).items())
            raise StackError(
                f"Processes of the stack did not end within {kill_seconds:.0f} s: {named}. Something in the "
                "system blocks them (a disk that does not answer, a debugger): fix that, then make down."
            )
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=grace_seconds)
    return len(found)
