"""The processes of a local stack: all that were started for it, found by a mark that they inherit.

The mark is an environment variable with the stack's folder. It needs no bookkeeping that a killed `up`
could leave undone, and a process number that the system gave to somebody else can't be mistaken for ours.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Final

import psutil

from workflows.local.base.environment import local_environment
from workflows.local.base.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflows.local.base.home import Home

MARK: Final = "GLUELINE_HOME"
_LEADS_ASTRAY: Final = ("PYTHON", "VIRTUAL_ENV", "SPARK_", "PYSPARK_", "HADOOP_")
_GRACE_SECONDS: Final = 1.0
_KILL_SECONDS: Final = 30.0  # a process that writes to a slow disk can't be ended before the write is


def marked_environment(home: Home) -> dict[str, str]:
    """This process's environment with the mark, for whatever is started for a stack.

    Without what leads to an AWS account of the user, to Python packages that a Lambda may not see, or to
    another Spark.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEADS_ASTRAY)}
    return {**local_environment(kept), MARK: str(home.folder)}


def stack_processes(home: Home) -> list[psutil.Process]:
    """Every process of a stack that lives, whoever its parent is now."""
    return list(_marked(str(home.folder)))


def _marked(folder: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        # Gone meanwhile, a zombie, or somebody else's: not one of ours that lives.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == folder:
                yield process


def names(processes: Iterable[psutil.Process]) -> dict[int, str]:
    """Number and name of each that has not ended meanwhile."""
    found = {}
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found[process.pid] = process.name()
    return found


def end_processes(home: Home, patience: float = _KILL_SECONDS) -> int:
    """End every process of a stack; how many there were. Raises StackError if some are left after all."""
    found = stack_processes(home)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(found, timeout=_GRACE_SECONDS)
    deadline = time.monotonic() + patience
    # Until none is found: one that was being ended may just have started another.
    while left := stack_processes(home):
        if time.monotonic() > deadline:
            named = ", ".join(f"{pid} {name}" for pid, name in names(left).items())
            raise StackError(
                f"Processes of the stack did not end within {patience:.0f} s: {named}. Something in the "
                "system holds them (a disk that does not answer, a debugger): see to that, then make down."
            )
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=_GRACE_SECONDS)
    return len(found)
