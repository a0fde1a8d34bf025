"""Runs scripts in this process, one after another, each as if it had a process of its own.

A script runs with the code that is deployed at that time: after a new deployment the next run has the change.
What a job has imported is kept for its next run, as a process keeps it: so are the expressions that its
modules made of contracts.
"""

import contextlib
import importlib
import os
import sys
import traceback
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final

import psutil

_OWN_PACKAGES: Final = ("jobs", "expectations")


class Outcome(AbstractContextManager["Outcome"]):
    """Catches all that a script raises, SystemExit and KeyboardInterrupt too, and keeps it as `error`."""

    error: str | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, SystemExit):
            self.error = None if error.code in (None, 0) else f"SystemExit: {error.code}"
        elif error is not None:
            traceback.print_exception(error)
            # As Glue words it: class and message. The notes of an error are in the log only.
            self.error = f"{type(error).__name__}: {error}".removesuffix(": ").strip()[:2000]
        return True


type Modules = dict[str, ModuleType]


@contextmanager
def fresh_process_state(script: str, arguments: Mapping[str, str], modules: Modules) -> Iterator[None]:
    """Set the arguments of a run; afterwards restore what the run has changed.

    `modules` has those of our own modules that the run finds loaded, and afterwards those that it has loaded,
    or none if it has failed.
    """
    kept = dict(os.environ), list(sys.path), sys.argv
    ours = _take_own_modules()
    sys.modules.update(modules)
    modules.clear()
    importlib.invalidate_caches()
    sys.argv = [script, *(text for pair in arguments.items() for text in pair)]
    try:
        yield
        modules.update(_take_own_modules())
    finally:
        os.environ.clear()
        os.environ.update(kept[0])
        sys.path[:], sys.argv = kept[1:]
        _take_own_modules()
        sys.modules.update(ours)  # this process uses their classes


def _take_own_modules() -> Modules:
    """Unload our own modules, and return them."""
    names = [name for name in sys.modules if name.split(".")[0] in _OWN_PACKAGES]
    return {name: sys.modules.pop(name) for name in names}


@contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Send all output of this process to a file: that of Python, of the JVM and of child processes."""
    log.parent.mkdir(parents=True, exist_ok=True)
    saved = os.dup(1), os.dup(2)
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in enumerate(saved, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)


class LoadedCode:
    """The code of jobs, as this process and the Python workers of Spark have loaded it."""

    def __init__(self, code: Path) -> None:
        self._folders = [code / package for package in _OWN_PACKAGES]
        self._loaded = self._files()
        self._modules: defaultdict[Hashable, Modules] = defaultdict(dict)

    def modules(self, of: Hashable) -> Modules:
        """What earlier runs of a job have loaded; `fresh_process_state` uses and updates it.

        `of` has all that loaded modules may depend on: the script, its role, and the context of Spark.
        """
        return self._modules[of]

    def renew(self) -> None:
        """Forget all that is loaded if the code has changed. Spark starts new workers when it needs them."""
        now = self._files()
        if now != self._loaded:
            self._loaded = now
            self._modules.clear()
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):  # it may have ended meanwhile
                    if "pyspark.daemon" in process.cmdline():
                        process.kill()

    def _files(self) -> set[tuple[str, int]]:
        return {
            (str(file), file.stat().st_mtime_ns) for folder in self._folders for file in folder.rglob("*.py")
        }
