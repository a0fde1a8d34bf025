"""Long work that a page has started, such as a comparison: it runs in a thread, and pages ask for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from collections.abc import Callable


class AlreadyRuns(GluelineError):
    """Raised when work of this name is running already."""


@dataclass(slots=True)
class Job:
    """Work of a name: the last line that it reported, how it ended, and whether what it found is good."""

    name: str
    line: str = "starting"
    is_done: bool = False
    error: Exception | None = None
    is_good: bool = True  # what it found


@dataclass(slots=True)
class Jobs:
    """The work of one console, by name: one at a time of each."""

    _jobs: dict[str, Job] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, name: str, work: Callable[[Callable[[str], None]], bool]) -> Job:
        """Run `work` in a thread; it is given a function that takes lines about its progress.

        It returns whether what it found is good.

        Raises AlreadyRuns.
        """
        with self._lock:
            before = self._jobs.get(name)
            if before is not None and not before.is_done:
                raise AlreadyRuns(f"{name} runs already: {before.line}")
            job = self._jobs[name] = Job(name)
        threading.Thread(target=_run, args=(job, work), name=name, daemon=True).start()
        return job

    def get(self, name: str) -> Job | None:
        """The running or last work of this name."""
        return self._jobs.get(name)


def _run(job: Job, work: Callable[[Callable[[str], None]], bool]) -> None:
    def report(line: str) -> None:
        job.line = line

    try:
        job.is_good = work(report)
    except Exception as error:  # noqa: BLE001 -- the page that asks for it says what went wrong
        job.error = error
    job.is_done = True
