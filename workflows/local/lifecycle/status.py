"""The state of a local stack, for `glueline status`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from jobs.intake.batches import Batches
from workflows.local.base.home import DEFAULT, Home
from workflows.local.glue.definitions import STREAMING
from workflows.local.lifecycle.clients import client
from workflows.local.lifecycle.processes import process_names, stack_processes
from workflows.local.lifecycle.running import running_stack, spark_states
from workflows.local.spark.state import SparkState

_RUNS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class WorkflowRunState:
    """One run of a Glue workflow and the state of its jobs."""

    workflow: str
    run_id: str
    status: str
    started: str
    seconds: float | None
    jobs: dict[str, str]


@dataclass(frozen=True, slots=True)
class StreamingRunState:
    """One run of a streaming job."""

    job: str
    run_id: str
    state: str
    started: str
    seconds: float | None
    error: str


@dataclass(frozen=True, slots=True)
class StackState:
    """The state of a local stack; without a running one, its logs and the processes that are left."""

    running: bool
    logs: dict[str, str]
    endpoint_url: str | None = None
    started_at: str | None = None
    as_aws: bool = False
    mode: str | None = None
    spark: SparkState | None = None
    streaming: SparkState | None = None
    processes: dict[int, str] = field(default_factory=dict)
    workflow_runs: list[WorkflowRunState] = field(default_factory=list)
    streaming_runs: list[StreamingRunState] = field(default_factory=list)
    refused_starts: int = 0
    failing_batches: int = 0
    batches_set_aside: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The members of `--json`."""
        sparks = {"spark": self.spark, "streaming": self.streaming}
        return asdict(self) | {name: one.to_json() if one else {} for name, one in sparks.items()}


def status(home: Home = DEFAULT) -> StackState:
    """The state of the stack, through the same APIs that every client has."""
    logs = {
        "folder": str(home.logs),
        "AWS": str(home.logs / "emulator.log"),
        "Spark": str(home.logs / "spark.log"),
        "Lambdas": str(home.logs / "lambdas"),
        "job runs": str(home.logs / "jobs"),
    }
    stack = running_stack(home)
    processes = process_names(stack_processes(home))
    if stack is None:
        return StackState(running=False, logs=logs, processes=processes)
    glue = client("glue", stack.endpoint_url)
    runs = _all_runs(glue)
    started = [run for run in runs if run["Status"] != "ERROR"]
    sparks = spark_states(stack.endpoint_url)
    lake_bucket = stack.outputs.get("LakeBucket")  # a stack of another template has no batches
    batches = None if lake_bucket is None else Batches(client("s3", stack.endpoint_url), lake_bucket)
    return StackState(
        running=True,
        logs=logs,
        endpoint_url=stack.endpoint_url,
        started_at=stack.started_at,
        as_aws=stack.as_aws,
        mode=stack.mode,
        spark=sparks["spark"],
        streaming=sparks["streaming"],
        processes=processes,
        workflow_runs=[_workflow_run(run) for run in started[:_RUNS_SHOWN]],
        streaming_runs=_streaming_runs(glue)[:_RUNS_SHOWN],
        refused_starts=len(runs) - len(started),
        failing_batches=len(batches.failing()) if batches else 0,
        batches_set_aside=len(batches.aside()) if batches else 0,
    )


def _all_runs(glue: Any) -> list[dict[str, Any]]:
    """Every workflow run, including refused starts, newest first."""
    pages = (
        page
        for workflow in glue.list_workflows()["Workflows"]
        for page in glue.get_paginator("get_workflow_runs").paginate(Name=workflow, IncludeGraph=True)
    )
    runs = [run for page in pages for run in page["Runs"]]
    return sorted(runs, key=lambda run: run["StartedOn"], reverse=True)


def _streaming_runs(glue: Any) -> list[StreamingRunState]:
    """The runs of streaming jobs, newest first."""
    names = glue.list_jobs()["JobNames"]
    streaming = (name for name in names if glue.get_job(JobName=name)["Job"]["Command"]["Name"] == STREAMING)
    runs = [run for name in streaming for run in glue.get_job_runs(JobName=name)["JobRuns"]]
    return [
        StreamingRunState(
            job=run["JobName"],
            run_id=run["Id"],
            state=run["JobRunState"],
            started=run["StartedOn"].isoformat(timespec="seconds"),
            seconds=_seconds(run),
            error=run.get("ErrorMessage", ""),
        )
        for run in sorted(runs, key=lambda run: run["StartedOn"], reverse=True)
    ]


def _seconds(run: dict[str, Any]) -> float | None:
    ended = run.get("CompletedOn")
    return round((ended - run["StartedOn"]).total_seconds(), 1) if ended else None


def _workflow_run(run: dict[str, Any]) -> WorkflowRunState:
    jobs = (node for node in run["Graph"]["Nodes"] if node["Type"] == "JOB")
    return WorkflowRunState(
        workflow=run["Name"],
        run_id=run["WorkflowRunId"],
        status=run["Status"],
        started=run["StartedOn"].isoformat(timespec="seconds"),
        seconds=_seconds(run),
        jobs={job["Name"]: _last_state(job["JobDetails"]["JobRuns"]) for job in jobs},
    )


def _last_state(job_runs: list[dict[str, Any]]) -> str:
    return job_runs[-1]["JobRunState"] if job_runs else "-"
