"""Definitions and runs as the Glue API answers them, with the members that its reference names."""

from collections import Counter
from typing import Any

from workflows.local.glue.definitions import Batching, Job, Trigger
from workflows.local.glue.engine import Glue
from workflows.local.glue.runs import JobRun, WorkflowRun

type Shape = dict[str, Any]

_STATISTICS = {
    "SucceededActions": "SUCCEEDED",
    "FailedActions": "FAILED",
    "TimeoutActions": "TIMEOUT",
    "StoppedActions": "STOPPED",
    "ErroredActions": "ERROR",
    "RunningActions": "RUNNING",
    "WaitingActions": "STARTING",
}


def job_shape(job: Job) -> Shape:
    """Job: the definition as it was given, with the defaults of what it leaves out, and when it changed."""
    return {
        **job.definition,
        "LastModifiedOn": job.modified_on,
        "MaxRetries": job.max_retries,
        "Timeout": job.timeout_minutes,
        "ExecutionProperty": {"MaxConcurrentRuns": job.max_concurrent_runs},
    }


def trigger_shape(glue: Glue, trigger: Trigger) -> Shape:
    """Trigger: the definition as it was given, and its state."""
    shape = {
        key: value for key, value in trigger.definition.items() if key not in ("StartOnCreation", "Tags")
    }
    if trigger.type == "EVENT":
        shape["EventBatchingCondition"] = _batching_shape(trigger.batching)
    return shape | {"State": glue.triggers.states[trigger.name]}


def job_run_shape(run: JobRun) -> Shape:
    """JobRun. Its arguments are those of the run alone; the defaults are in the job, as on AWS."""
    moments = {
        "StartedOn": run.started_on,
        "LastModifiedOn": run.ended_on or run.running_since or run.started_on,
    }
    if run.ended_on is not None:
        since = run.running_since if run.running_since is not None else run.ended_on
        moments |= {"CompletedOn": run.ended_on, "ExecutionTime": round(run.ended_on - since)}
    shape = {
        "Id": run.id,
        "Attempt": run.attempt,
        "PreviousRunId": run.previous,
        "TriggerName": run.trigger,
        "JobName": run.job.name,
        "JobRunState": run.state,
        "Arguments": dict(run.given),
        "ErrorMessage": run.message or None,
        "Timeout": run.timeout_minutes,
    }
    return {key: value for key, value in (shape | moments).items() if value is not None}


def workflow_run_shape(glue: Glue, run: WorkflowRun, with_graph: bool = False) -> Shape:
    """WorkflowRun, with its graph if requested."""
    counts = Counter(job_run.state for job_run in run.job_runs)
    statistics = {name: counts[state] for name, state in _STATISTICS.items()}
    shape = {
        "Name": run.workflow,
        "WorkflowRunId": run.id,
        "WorkflowRunProperties": dict(run.properties),
        "StartedOn": run.started_on,
        "CompletedOn": run.ended_on,
        "Status": run.status,
        "ErrorMessage": run.message or None,
        "Statistics": {"TotalActions": len(run.job_runs), **statistics},
        "StartingEventBatchCondition": _batching_shape(run.batch) if run.batch else None,
        "Graph": graph_shape(glue, run.workflow, run) if with_graph else None,
    }
    return {key: value for key, value in shape.items() if value is not None}


def workflow_shape(glue: Glue, name: str, with_graph: bool = False) -> Shape:
    """Workflow, with its last run."""
    shape: Shape = {key: value for key, value in glue.workflows[name].definition.items() if key != "Tags"}
    runs = [run for run in glue.workflow_runs.values() if run.workflow == name]
    if runs:
        shape["LastRun"] = workflow_run_shape(glue, runs[-1], with_graph)
    if with_graph:
        shape["Graph"] = graph_shape(glue, name)
    return shape


def graph_shape(glue: Glue, workflow: str, run: WorkflowRun | None = None) -> Shape:
    """WorkflowGraph: edges lead from the jobs of a predicate to the trigger, and from it to the jobs it
    starts.

    With a run, the node of each job has its job runs.
    """
    triggers = list(glue.triggers.of(workflow))
    nodes: list[Shape] = [
        {
            "Type": "TRIGGER",
            "Name": trigger.name,
            "UniqueId": f"trigger/{trigger.name}",
            "TriggerDetails": {"Trigger": trigger_shape(glue, trigger)},
        }
        for trigger in triggers
    ]
    edges = []
    for trigger in triggers:
        conditions = trigger.predicate.conditions if trigger.predicate else ()
        edges += [_edge(f"job/{job}", f"trigger/{trigger.name}") for job, _ in conditions]
        edges += [_edge(f"trigger/{trigger.name}", f"job/{action.job}") for action in trigger.actions]
    for job in dict.fromkeys(action.job for trigger in triggers for action in trigger.actions):
        job_runs = [job_run_shape(r) for r in run.job_runs if r.job.name == job] if run else []
        nodes.append(
            {"Type": "JOB", "Name": job, "UniqueId": f"job/{job}", "JobDetails": {"JobRuns": job_runs}}
        )
    return {"Nodes": nodes, "Edges": edges}


def _edge(source: str, destination: str) -> Shape:
    return {"SourceId": source, "DestinationId": destination}


def _batching_shape(batching: Batching) -> Shape:
    return {"BatchSize": batching.size, "BatchWindow": batching.window}
