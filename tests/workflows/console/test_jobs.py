"""Long work runs beside the pages, one of each name at a time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from workflows.console.jobs import AlreadyRuns, Job, Jobs

if TYPE_CHECKING:
    from collections.abc import Callable


def ended(job: Job) -> Job:
    deadline = time.monotonic() + 10
    while not job.is_done:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return job


def test_work_reports_lines_and_then_is_done() -> None:
    jobs, go_on = Jobs(), threading.Event()

    def work(report: Callable[[str], None]) -> bool:
        report("half done")
        assert go_on.wait(10)
        report("all done")
        return False

    job = jobs.start("parity", work)
    with pytest.raises(AlreadyRuns, match="parity runs already"):
        jobs.start("parity", work)
    go_on.set()

    assert ended(job).line == "all done"
    assert job.error is None
    assert not job.is_good
    assert jobs.get("parity") is job
    assert jobs.get("other") is None


def test_work_that_fails_keeps_its_error_and_may_be_started_again() -> None:
    jobs = Jobs()

    def work(report: Callable[[str], None]) -> bool:
        raise ValueError("no certificate")

    assert str(ended(jobs.start("parity", work)).error) == "no certificate"
    assert ended(jobs.start("parity", lambda report: True)).is_good
