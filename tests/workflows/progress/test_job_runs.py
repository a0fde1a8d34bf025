"""Runs of Glue jobs: started, awaited to their end, and waited for when others started them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.empty_stack import empty_stack
from workflows.progress import job_runs
from workflows.progress.job_runs import JobFailed, await_open_work, run_job
from workflows.progress.waiting import WaitTimeout
from workflows.stack.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


class Glue:
    """A double of Glue with these job runs; `before_answer` is called before each answer."""

    def __init__(self, runs: list[dict[str, Any]], before_answer: Callable[[], None] = lambda: None) -> None:
        self.runs, self.before_answer = runs, before_answer

    def get_job_runs(self, JobName: str, MaxResults: int) -> dict[str, Any]:
        self.before_answer()
        return {"JobRuns": [run for run in self.runs if run["JobName"] == JobName]}

    def start_job_run(self, JobName: str, Arguments: dict[str, str]) -> dict[str, Any]:
        self.runs.append({"JobName": JobName, "Id": "jr_1", "JobRunState": "RUNNING", "Attempt": 0})
        return {"JobRunId": "jr_1"}

    def enable_rule(self, Name: str) -> None:
        assert Name.startswith("backlog-")

    def put_events(self, Entries: list[Any]) -> dict[str, Any]:
        self.runs.append({"JobName": "glueline-check", "Id": "jr_2", "JobRunState": "RUNNING"})
        return {"FailedEntryCount": 0}


def use(monkeypatch: pytest.MonkeyPatch, glue: Glue) -> None:
    client = Target.client
    monkeypatch.setattr(
        Target, "client", lambda self, name: glue if name in ("glue", "events") else client(self, name)
    )
    monkeypatch.setattr(time, "sleep", lambda _: None)


def run_of(job: str, state: str = "RUNNING") -> dict[str, Any]:
    return {"JobName": f"glueline-{job}", "Id": f"jr_{job}", "JobRunState": state}


def test_open_work_is_awaited_and_work_that_begins_meanwhile_is_not(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [run_of("check"), run_of("maintain", "SUCCEEDED")]
    s3, bucket = target.client("s3"), target.output("LakeBucket")
    s3.put_object(Bucket=bucket, Key="open/b1", Body=b"")
    reported: list[str] = []

    def report(line: str) -> None:
        reported.append(line)
        if len(reported) == 2:
            runs[0]["JobRunState"] = "SUCCEEDED"
            runs.append(run_of("merge"))
            s3.put_object(Bucket=bucket, Key="open/b2", Body=b"")
        if len(reported) == 3:
            s3.delete_object(Bucket=bucket, Key="open/b1")

    use(monkeypatch, Glue(runs))
    await_open_work(target, report)

    assert reported == [
        "waiting for 1 open batches and 1 job runs",
        "waiting for 1 open batches and 1 job runs",
        "waiting for 1 open batches and 0 job runs",
    ]


def test_an_open_batch_without_a_run_gets_one(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    target.client("s3").put_object(Bucket=target.output("LakeBucket"), Key="open/b1", Body=b"")
    glue = Glue([])
    use(monkeypatch, glue)

    def report(_: str) -> None:
        target.client("s3").delete_object(Bucket=target.output("LakeBucket"), Key="open/b1")

    await_open_work(target, report)

    assert [run["JobName"] for run in glue.runs] == ["glueline-check"]


def test_waiting_for_work_that_never_ends_times_out(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Glue([run_of("merge")]))
    monkeypatch.setattr(job_runs, "patience_seconds", lambda _: -1)

    with pytest.raises(WaitTimeout, match="0 open batches and 1 job runs"):
        await_open_work(target, lambda _: None)


def test_a_job_that_glue_retries_is_awaited_to_the_end_of_its_retry(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[dict[str, Any]] = []
    again = run_of("erase") | {"Id": "jr_1_attempt_1", "Attempt": 1}
    states = iter(["RUNNING", "FAILED", "SUCCEEDED"])

    def before_answer() -> None:
        state = next(states)
        runs[-1]["JobRunState"] = state
        if state == "FAILED":
            runs.append(again)

    use(monkeypatch, Glue(runs, before_answer))

    assert run_job(target, "erase", {}) == "jr_1"
    assert [run["JobRunState"] for run in runs] == ["FAILED", "SUCCEEDED"]


def test_the_error_of_a_failed_job_has_reason_and_run(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[dict[str, Any]] = []
    use(monkeypatch, Glue(runs, lambda: runs[0].update(JobRunState="FAILED", ErrorMessage="no room")))

    with pytest.raises(JobFailed, match=r"no room.*jr_1"):
        run_job(target, "erase", {})
