"""Run a script in this process as if the process were its own, again and again.

With the code that is deployed then: after another deployment the next run has the change.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType, TracebackType

_OWN_PACKAGES: Final = ("jobs", "expectations")


class Outcome(AbstractContextManager["Outcome"]):
    """What became of a script: all it can raise, SystemExit and KeyboardInterrupt included, ends here."""

    error: str | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, SystemExit):
            self.error = None if error.code in (None, 0) else f"SystemExit: {error.code}"
        elif error is not None:
            traceback.print_exception(error)
            # As Glue words it: class and message. The notes on an error are in the log alone.
            self.error = f"{type(error).__name__}: {error}".removesuffix(": ").strip()[:2000]
        return True


@contextmanager
def as_a_fresh_process(script: str, arguments: Mapping[str, str]) -> Iterator[None]:
    """Arguments of this run, our own code loaded anew, and what the script does to the environment undone."""
    kept = dict(os.environ), list(sys.path), sys.argv
    ours = _take_own_modules()
    importlib.invalidate_caches()
    sys.argv = [script, *(text for pair in arguments.items() for text in pair)]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept[0])
        sys.path[:], sys.argv = kept[1:]
        _take_own_modules()
        sys.modules.update(ours)  # whose classes this process knows


def _take_own_modules() -> dict[str, ModuleType]:
    """Our own modules, no longer loaded."""
    names = [name for name in sys.modules if name.split(".")[0] in _OWN_PACKAGES]
    return {name: sys.modules.pop(name) for name in names}


@contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Send all that this process prints to a file, whoever prints it and however."""
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


class ChangedCode:
    """Notices that the code of jobs has changed, for the Python workers of Spark, which load it only once."""

    def __init__(self, code: Path) -> None:
        self._folders = [code / package for package in _OWN_PACKAGES]
        self._seen = self._look()

    def forget(self) -> None:
        """End Spark's Python workers if the code has changed. Spark starts new ones when it needs some."""
        now = self._look()
        if now != self._seen:
            self._seen = now
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):  # it may end by itself just now
                    if "pyspark.daemon" in process.cmdline():
                        process.kill()

    def _look(self) -> set[tuple[str, int]]:
        return {
            (str(file), file.stat().st_mtime_ns) for folder in self._folders for file in folder.rglob("*.py")
        }
