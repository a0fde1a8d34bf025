"""The state of a local stack, for `glueline status` and its `--json`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jobs.intake.batches import Batches
from workflows.local.base.home import DEFAULT, Home
from workflows.local.glue.definitions import STREAMING
from workflows.local.lifecycle.clients import client
from workflows.local.lifecycle.processes import process_names, stack_processes
from workflows.local.lifecycle.running import CONTINUOUS, running_stack, spark_states
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

    def render(self) -> RenderableType:
        """The text and table for a terminal."""
        if not self.running and self.processes:
            return Text(
                f"No stack is ready, but some of its processes run: {self._processes()}. Either make up is "
                f"running, or it was killed: make down ends them. Logs: {self.logs['folder']}"
            )
        if not self.running:
            return Text(f"No stack is running. Start one: make up. Logs of the last: {self.logs['folder']}")
        timing = ", with AWS's batching windows" if self.as_aws else ""
        parts: list[RenderableType] = [
            Text(f"The stack runs at {self.endpoint_url} since {self.started_at}{timing}."),
            Text(f"Ingest mode: {self.mode}."),
            *([Text(f"Spark is {self.spark.state}.")] if self.spark else []),
            *(_streaming_lines(self.streaming) if self.mode == CONTINUOUS else []),
            Text(f"Processes: {self._processes()}"),
            Text("Logs:"),
            *(Text(f"  {what:<9} {where}") for what, where in self.logs.items()),
        ]
        if self.refused_starts:
            refused = f"{self.refused_starts} starts were refused during a run, which took over their work."
            parts.append(Text(refused))
        if self.failing_batches or self.batches_set_aside:
            failing = f"{self.failing_batches} batches fail, {self.batches_set_aside} are set aside"
            parts.append(Text(f"{failing}: glueline batches list", style="red"))
        if self.workflow_runs:
            parts.append(_runs_table(self.workflow_runs))
        if self.streaming_runs:
            parts.append(_streaming_table(self.streaming_runs))
        return Group(*parts)

    def _processes(self) -> str:
        return ", ".join(f"{pid} {name}" for pid, name in self.processes.items())


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


def _runs_table(runs: list[WorkflowRunState]) -> Table:
    table = Table("workflow", "started", "s", "status", "jobs", "run")
    for run in runs:
        jobs = ", ".join(f"{name} {state}" for name, state in run.jobs.items())
        seconds = "" if run.seconds is None else f"{run.seconds:.1f}"
        table.add_row(run.workflow, run.started, seconds, run.status, jobs, run.run_id[:11])
    return table


def _streaming_lines(state: SparkState | None) -> list[RenderableType]:
    """What the Spark of the streaming job does. Between two runs it is ready, or off."""
    if state is None:
        return []
    if state.state == "failed":
        return [Text(f"Spark of the streaming job failed: {state.message}", style="red")]
    return [Text(f"Spark of the streaming job is {state.state}.")]


def _streaming_table(runs: list[StreamingRunState]) -> Table:
    table = Table("streaming job", "started", "s", "state", "error", "run")
    for run in runs:
        seconds = "" if run.seconds is None else f"{run.seconds:.1f}"
        table.add_row(run.job, run.started, seconds, run.state, run.error, run.run_id[:11])
    return table
