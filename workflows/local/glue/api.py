"""The Glue API for jobs, triggers and workflows: a request becomes an answer or a GlueError.

Names and members are those of the Glue web API reference, so that any AWS SDK can use it. It has the
operations that the template, the command line and an operator need: CloudFormation creates, changes and
deletes definitions; definitions can be read; runs can be started, watched and stopped. All others are refused
by name: the embedded AWS has jobs, triggers and workflows of its own, and would answer as if nothing were
defined.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from workflows.local.glue.definitions import read_job, read_trigger, read_workflow
from workflows.local.glue.engine import Glue
from workflows.local.glue.errors import (
    AlreadyExists,
    EntityNotFound,
    GlueError,
    InvalidInput,
    UnknownOperation,
)
from workflows.local.glue.runs import JobRun, WorkflowRun
from workflows.local.glue.shapes import (
    job_run_shape,
    job_shape,
    trigger_shape,
    workflow_run_shape,
    workflow_shape,
)

type Request = Mapping[str, Any]
type Answer = dict[str, Any]

_PAGE: Final = 200
_SUBJECT: Final = re.compile(r"\w+(Jobs?|Triggers?|Workflows?)(Runs?|RunProperties)?")


def is_answered_here(operation: str) -> bool:
    """Whether an operation of the Glue API is about jobs, triggers, workflows or their runs."""
    return _SUBJECT.fullmatch(operation) is not None


def answer(glue: Glue, operation: str, request: Request, now: float) -> Answer:
    """Carry out one operation; raises the GlueError that AWS would answer with."""
    if operation not in OPERATIONS:
        raise UnknownOperation(
            f"The local Glue does not implement {operation}. It implements: {', '.join(OPERATIONS)}."
        )
    return OPERATIONS[operation](glue, request, now)


# --- jobs ---------------------------------------------------------------------------------------------------


def _create_job(glue: Glue, request: Request, now: float) -> Answer:
    job = read_job(request, now)
    if job.name in glue.jobs:
        raise AlreadyExists(f"Job {job.name} already exists")
    glue.jobs[job.name] = job
    return {"Name": job.name}


def _update_job(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.jobs, request["JobName"], "Job")
    glue.jobs[name] = read_job({**request.get("JobUpdate", {}), "Name": name}, now)
    return {"JobName": name}


def _delete_job(glue: Glue, request: Request, now: float) -> Answer:
    glue.jobs.pop(request["JobName"], None)
    return {"JobName": request["JobName"]}


def _get_job(glue: Glue, request: Request, now: float) -> Answer:
    return {"Job": job_shape(glue.jobs[_known(glue.jobs, request["JobName"], "Job")])}


def _start_job_run(glue: Glue, request: Request, now: float) -> Answer:
    run = glue.start_job_run(request["JobName"], request.get("Arguments", {}), request.get("Timeout"), now)
    return {"JobRunId": run.id}


def _batch_stop_job_run(glue: Glue, request: Request, now: float) -> Answer:
    name = request["JobName"]
    stopped, errors = [], []
    for run_id in request["JobRunIds"]:
        one = {"JobName": name, "JobRunId": run_id}
        try:
            glue.stop_job_run(name, run_id, now)
            stopped.append(one)
        except GlueError as error:
            errors.append({**one, "ErrorDetail": {"ErrorCode": error.code, "ErrorMessage": str(error)}})
    return {"SuccessfulSubmissions": stopped, "Errors": errors}


def _get_job_run(glue: Glue, request: Request, now: float) -> Answer:
    return {"JobRun": job_run_shape(_job_run(glue, request["JobName"], request["RunId"]))}


def _get_job_runs(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.jobs, request["JobName"], "Job")
    runs = [job_run_shape(run) for run in glue.job_runs.values() if run.job.name == name]
    return _page("JobRuns", runs[::-1], request)


def _job_run(glue: Glue, job: str, run_id: str) -> JobRun:
    run = glue.job_runs.get(run_id)
    if run is None or run.job.name != job:
        raise EntityNotFound(f"Job run {run_id} of job {job} not found")
    return run


# --- triggers -----------------------------------------------------------------------------------------------


def _create_trigger(glue: Glue, request: Request, now: float) -> Answer:
    trigger = read_trigger(request)
    if trigger.name in glue.triggers.named:
        raise AlreadyExists(f"Trigger {trigger.name} already exists")
    activate = str(request.get("StartOnCreation", False)).lower() == "true"
    if activate and trigger.type == "ON_DEMAND":
        raise InvalidInput(f"trigger {trigger.name}: StartOnCreation is not for ON_DEMAND triggers")
    glue.triggers.put(trigger, activate=activate, now=now)
    return {"Name": trigger.name}


def _update_trigger(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.triggers.named, request["Name"], "Trigger")
    fixed = {key: glue.triggers.named[name].definition.get(key) for key in ("Type", "WorkflowName")}
    trigger = read_trigger({**request.get("TriggerUpdate", {}), **fixed, "Name": name})
    glue.triggers.put(trigger, activate=False, now=now)
    return {"Trigger": trigger_shape(glue, trigger)}


def _delete_trigger(glue: Glue, request: Request, now: float) -> Answer:
    glue.triggers.remove(request["Name"])
    return {"Name": request["Name"]}


def _get_trigger(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.triggers.named, request["Name"], "Trigger")
    return {"Trigger": trigger_shape(glue, glue.triggers.named[name])}


# --- workflows ----------------------------------------------------------------------------------------------


def _create_workflow(glue: Glue, request: Request, now: float) -> Answer:
    workflow = read_workflow(request)
    if workflow.name in glue.workflows:
        raise AlreadyExists(f"Workflow {workflow.name} already exists")
    glue.workflows[workflow.name] = workflow
    return {"Name": workflow.name}


def _update_workflow(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.workflows, request["Name"], "Workflow")
    glue.workflows[name] = read_workflow({**glue.workflows[name].definition, **request})
    return {"Name": name}


def _delete_workflow(glue: Glue, request: Request, now: float) -> Answer:
    glue.workflows.pop(request["Name"], None)
    return {"Name": request["Name"]}


def _get_workflow(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.workflows, request["Name"], "Workflow")
    return {"Workflow": workflow_shape(glue, name, _with_graph(request))}


def _list_jobs(glue: Glue, request: Request, now: float) -> Answer:
    return _page("JobNames", sorted(glue.jobs), request)


def _list_triggers(glue: Glue, request: Request, now: float) -> Answer:
    return _page("TriggerNames", sorted(glue.triggers.named), request)


def _list_workflows(glue: Glue, request: Request, now: float) -> Answer:
    return _page("Workflows", sorted(glue.workflows), request)


def _start_workflow_run(glue: Glue, request: Request, now: float) -> Answer:
    return {"RunId": glue.start_workflow_run(request["Name"], request.get("RunProperties", {}), now).id}


def _get_workflow_run(glue: Glue, request: Request, now: float) -> Answer:
    run = _workflow_run(glue, request["Name"], request["RunId"])
    return {"Run": workflow_run_shape(glue, run, _with_graph(request))}


def _get_workflow_runs(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.workflows, request["Name"], "Workflow")
    runs = [run for run in glue.workflow_runs.values() if run.workflow == name]
    shapes = [workflow_run_shape(glue, run, _with_graph(request)) for run in runs[::-1]]
    return _page("Runs", shapes, request)


def _workflow_run(glue: Glue, workflow: str, run_id: str) -> WorkflowRun:
    run = glue.workflow_runs.get(run_id)
    if run is None or run.workflow != workflow:
        raise EntityNotFound(f"Run {run_id} of workflow {workflow} not found")
    return run


def _with_graph(request: Request) -> bool:
    return bool(request.get("IncludeGraph"))


# --- common -------------------------------------------------------------------------------------------------


def _known(named: Mapping[str, object], name: str, what: str) -> str:
    if name not in named:
        raise EntityNotFound(f"{what} {name} not found")
    return name


def _page(member: str, items: list[Any], request: Request) -> Answer:
    """One page of a list; the token is the place where the next page begins."""
    start = int(request.get("NextToken") or 0)
    end = start + int(request.get("MaxResults") or _PAGE)
    more = {"NextToken": str(end)} if end < len(items) else {}
    return {member: items[start:end], **more}


OPERATIONS: Final[Mapping[str, Callable[[Glue, Request, float], Answer]]] = {
    "CreateJob": _create_job,
    "UpdateJob": _update_job,
    "DeleteJob": _delete_job,
    "GetJob": _get_job,
    "StartJobRun": _start_job_run,
    "BatchStopJobRun": _batch_stop_job_run,
    "GetJobRun": _get_job_run,
    "GetJobRuns": _get_job_runs,
    "CreateTrigger": _create_trigger,
    "UpdateTrigger": _update_trigger,
    "DeleteTrigger": _delete_trigger,
    "GetTrigger": _get_trigger,
    "CreateWorkflow": _create_workflow,
    "UpdateWorkflow": _update_workflow,
    "DeleteWorkflow": _delete_workflow,
    "GetWorkflow": _get_workflow,
    "ListJobs": _list_jobs,
    "ListTriggers": _list_triggers,
    "ListWorkflows": _list_workflows,
    "StartWorkflowRun": _start_workflow_run,
    "GetWorkflowRun": _get_workflow_run,
    "GetWorkflowRuns": _get_workflow_runs,
}
