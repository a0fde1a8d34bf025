"""What a person and a program are told of a stack."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from workflows.local.lifecycle.status import State, _workflow_run

STARTED = datetime(2026, 11, 24, 12, tzinfo=UTC)


def run(job_runs: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    nodes = [
        {"Type": "TRIGGER", "Name": "on-events"},
        {"Type": "JOB", "Name": "check", "JobDetails": {"JobRuns": job_runs}},
        {"Type": "JOB", "Name": "merge", "JobDetails": {"JobRuns": []}},
    ]
    graph = {
        "Name": "ingest",
        "WorkflowRunId": "wr_0123456789abcdef",
        "StartedOn": STARTED,
        "Graph": {"Nodes": nodes},
    }
    return {**graph, "Status": "RUNNING", **more}


def test_a_run_tells_the_last_state_of_each_job() -> None:
    told = _workflow_run(run([{"JobRunState": "FAILED"}, {"JobRunState": "RUNNING"}]))

    assert told.jobs == {"check": "RUNNING", "merge": "-"}
    assert told.seconds is None


def test_a_run_that_has_ended_tells_how_long_it_took() -> None:
    ended = run([], Status="COMPLETED", CompletedOn=STARTED.replace(second=12))

    assert _workflow_run(ended).seconds == 12.0


def test_a_person_sees_runs_refusals_and_where_the_logs_are() -> None:
    state = State(
        running=True,
        logs={"AWS": "/logs/emulator.log"},
        endpoint_url="http://127.0.0.1:4566",
        started_at="2026-11-24T12:00:00+00:00",
        spark={"state": "ready"},
        processes={7: "java"},
        workflow_runs=[_workflow_run(run([{"JobRunState": "SUCCEEDED"}]))],
        refused_starts=3,
        failing_batches=2,
        batches_set_aside=1,
    )

    console = Console(width=160, record=True)
    with console.capture() as captured:
        console.print(state.picture())
    seen = captured.get()

    for wanted in (
        "http://127.0.0.1:4566",
        "7 java",
        "/logs/emulator.log",
        "3 starts were refused",
        "2 batches fail, 1 are set aside: glueline batches list",
        "check SUCCEEDED",
    ):
        assert wanted in seen
