"""The Glue API for jobs, triggers and workflows: a request in, an answer or a GlueError out.

Names and members are those of the Glue web API reference, so that any AWS SDK can speak to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workflows.local.glue.definitions import read_job, read_trigger, read_workflow
from workflows.local.glue.errors import AlreadyExists, EntityNotFound, GlueError, InvalidInput
from workflows.local.glue.shapes import (
    job_run_shape,
    job_shape,
    trigger_shape,
    workflow_run_shape,
    workflow_shape,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from workflows.local.glue.engine import Glue
    from workflows.local.glue.runs import JobRun, WorkflowRun

type Request = Mapping[str, Any]
type Answer = dict[str, Any]

_PAGE: Final = 200


def answer(glue: Glue, operation: str, request: Request, now: float) -> Answer:
    """Carry out one operation of OPERATIONS; raises GlueError as AWS would."""
    return OPERATIONS[operation](glue, request, now)


# --- jobs ---------------------------------------------------------------------------------------------------


def _create_job(glue: Glue, request: Request, now: float) -> Answer:
    job = read_job(request)
    if job.name in glue.jobs:
        raise AlreadyExists(f"Job {job.name} already exists")
    glue.jobs[job.name] = job
    return {"Name": job.name}


def _update_job(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.jobs, request, "JobName", "Job")
    glue.jobs[name] = read_job({**request.get("JobUpdate", {}), "Name": name})
    return {"JobName": name}


def _delete_job(glue: Glue, request: Request, now: float) -> Answer:
    glue.jobs.pop(request["JobName"], None)
    return {"JobName": request["JobName"]}


def _get_job(glue: Glue, request: Request, now: float) -> Answer:
    return {"Job": job_shape(glue.jobs[_known(glue.jobs, request, "JobName", "Job")])}


def _get_jobs(glue: Glue, request: Request, now: float) -> Answer:
    return _page("Jobs", [job_shape(job) for job in glue.jobs.values()], request)


def _batch_get_jobs(glue: Glue, request: Request, now: float) -> Answer:
    found, missing = _sort_out(glue.jobs, request["JobNames"])
    return {"Jobs": [job_shape(glue.jobs[name]) for name in found], "JobsNotFound": missing}


def _list_jobs(glue: Glue, request: Request, now: float) -> Answer:
    return _page("JobNames", sorted(glue.jobs), request)


def _start_job_run(glue: Glue, request: Request, now: float) -> Answer:
    run = glue.start_job_run(request["JobName"], request.get("Arguments", {}), request.get("Timeout"), now)
    return {"JobRunId": run.id}


def _get_job_run(glue: Glue, request: Request, now: float) -> Answer:
    return {"JobRun": job_run_shape(_job_run(glue, request["JobName"], request["RunId"]))}


def _get_job_runs(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.jobs, request, "JobName", "Job")
    runs = [job_run_shape(run) for run in glue.job_runs.values() if run.job.name == name]
    return _page("JobRuns", runs[::-1], request)


def _batch_stop_job_run(glue: Glue, request: Request, now: float) -> Answer:
    stopped: list[Answer] = []
    errors: list[Answer] = []
    for run_id in request["JobRunIds"]:
        who = {"JobName": request["JobName"], "JobRunId": run_id}
        try:
            glue.stop_job_run(_job_run(glue, request["JobName"], run_id), now)
            stopped.append(who)
        except GlueError as error:
            errors.append(who | {"ErrorDetail": {"ErrorCode": error.code, "ErrorMessage": str(error)}})
    return {"SuccessfulSubmissions": stopped, "Errors": errors}


def _job_run(glue: Glue, job: str, run_id: str) -> JobRun:
    run = glue.job_runs.get(run_id)
    if run is None or run.job.name != job:
        raise EntityNotFound(f"Job run {run_id} of job {job} not found")
    return run


# --- triggers -----------------------------------------------------------------------------------------------


def _create_trigger(glue: Glue, request: Request, now: float) -> Answer:
    trigger = read_trigger(request)
    if trigger.name in glue.triggers:
        raise AlreadyExists(f"Trigger {trigger.name} already exists")
    start = str(request.get("StartOnCreation", False)).lower() == "true"
    if start and trigger.type == "ON_DEMAND":
        raise InvalidInput(f"trigger {trigger.name}: StartOnCreation is not for ON_DEMAND triggers")
    glue.put_trigger(trigger, active=start, now=now)
    return {"Name": trigger.name}


def _update_trigger(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.triggers, request, "Name", "Trigger")
    stays = {key: glue.triggers[name].definition.get(key) for key in ("Type", "WorkflowName")}
    trigger = read_trigger({**request.get("TriggerUpdate", {}), **stays, "Name": name})
    glue.put_trigger(trigger, active=False, now=now)
    return {"Trigger": trigger_shape(glue, trigger)}


def _delete_trigger(glue: Glue, request: Request, now: float) -> Answer:
    glue.remove_trigger(request["Name"])
    return {"Name": request["Name"]}


def _get_trigger(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.triggers, request, "Name", "Trigger")
    return {"Trigger": trigger_shape(glue, glue.triggers[name])}


def _get_triggers(glue: Glue, request: Request, now: float) -> Answer:
    shapes = [trigger_shape(glue, glue.triggers[name]) for name in _starting(glue, request)]
    return _page("Triggers", shapes, request)


def _batch_get_triggers(glue: Glue, request: Request, now: float) -> Answer:
    found, missing = _sort_out(glue.triggers, request["TriggerNames"])
    return {
        "Triggers": [trigger_shape(glue, glue.triggers[name]) for name in found],
        "TriggersNotFound": missing,
    }


def _list_triggers(glue: Glue, request: Request, now: float) -> Answer:
    return _page("TriggerNames", sorted(_starting(glue, request)), request)


def _start_trigger(glue: Glue, request: Request, now: float) -> Answer:
    glue.start_trigger(request["Name"], now)
    return {"Name": request["Name"]}


def _stop_trigger(glue: Glue, request: Request, now: float) -> Answer:
    glue.stop_trigger(request["Name"], now)
    return {"Name": request["Name"]}


def _starting(glue: Glue, request: Request) -> list[str]:
    """Names of the triggers that start the job asked for, of all triggers if none is."""
    job = request.get("DependentJobName")
    return [
        trigger.name
        for trigger in glue.triggers.values()
        if not job or any(action.job == job for action in trigger.actions)
    ]


# --- workflows ----------------------------------------------------------------------------------------------


def _create_workflow(glue: Glue, request: Request, now: float) -> Answer:
    workflow = read_workflow(request)
    if workflow.name in glue.workflows:
        raise AlreadyExists(f"Workflow {workflow.name} already exists")
    glue.workflows[workflow.name] = workflow
    return {"Name": workflow.name}


def _update_workflow(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.workflows, request, "Name", "Workflow")
    glue.workflows[name] = read_workflow({**glue.workflows[name].definition, **request})
    return {"Name": name}


def _delete_workflow(glue: Glue, request: Request, now: float) -> Answer:
    glue.workflows.pop(request["Name"], None)
    return {"Name": request["Name"]}


def _get_workflow(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.workflows, request, "Name", "Workflow")
    return {"Workflow": workflow_shape(glue, name, bool(request.get("IncludeGraph")))}


def _batch_get_workflows(glue: Glue, request: Request, now: float) -> Answer:
    found, missing = _sort_out(glue.workflows, request["Names"])
    graph = bool(request.get("IncludeGraph"))
    return {"Workflows": [workflow_shape(glue, name, graph) for name in found], "MissingWorkflows": missing}


def _list_workflows(glue: Glue, request: Request, now: float) -> Answer:
    return _page("Workflows", sorted(glue.workflows), request)


def _start_workflow_run(glue: Glue, request: Request, now: float) -> Answer:
    return {"RunId": glue.start_workflow_run(request["Name"], request.get("RunProperties", {}), now).id}


def _get_workflow_run(glue: Glue, request: Request, now: float) -> Answer:
    return {"Run": workflow_run_shape(glue, _workflow_run(glue, request), bool(request.get("IncludeGraph")))}


def _get_workflow_runs(glue: Glue, request: Request, now: float) -> Answer:
    name = _known(glue.workflows, request, "Name", "Workflow")
    graph = bool(request.get("IncludeGraph"))
    runs = [
        workflow_run_shape(glue, run, graph) for run in glue.workflow_runs.values() if run.workflow == name
    ]
    return _page("Runs", runs[::-1], request)


def _get_workflow_run_properties(glue: Glue, request: Request, now: float) -> Answer:
    return {"RunProperties": dict(_workflow_run(glue, request).properties)}


def _put_workflow_run_properties(glue: Glue, request: Request, now: float) -> Answer:
    _workflow_run(glue, request).properties.update(request["RunProperties"])
    return {}


def _stop_workflow_run(glue: Glue, request: Request, now: float) -> Answer:
    glue.stop_workflow_run(_workflow_run(glue, request), now)
    return {}


def _workflow_run(glue: Glue, request: Request) -> WorkflowRun:
    run = glue.workflow_runs.get(request["RunId"])
    if run is None or run.workflow != request["Name"]:
        raise EntityNotFound(f"Run {request['RunId']} of workflow {request['Name']} not found")
    return run


# --- common -------------------------------------------------------------------------------------------------


def _known(named: Mapping[str, object], request: Request, member: str, what: str) -> str:
    name: str = request[member]
    if name not in named:
        raise EntityNotFound(f"{what} {name} not found")
    return name


def _sort_out(named: Mapping[str, object], names: Iterable[str]) -> tuple[list[str], list[str]]:
    asked = list(names)
    return [name for name in asked if name in named], [name for name in asked if name not in named]


def _page(member: str, items: list[Any], request: Request) -> Answer:
    """One page of a list; the token is where the next one begins."""
    start = int(request.get("NextToken") or 0)
    end = start + int(request.get("MaxResults") or _PAGE)
    more = {"NextToken": str(end)} if end < len(items) else {}
    return {member: items[start:end], **more}


OPERATIONS: Final[Mapping[str, Callable[[Glue, Request, float], Answer]]] = {
    "CreateJob": _create_job,
    "UpdateJob": _update_job,
    "DeleteJob": _delete_job,
    "GetJob": _get_job,
    "GetJobs": _get_jobs,
    "BatchGetJobs": _batch_get_jobs,
    "ListJobs": _list_jobs,
    "StartJobRun": _start_job_run,
    "GetJobRun": _get_job_run,
    "GetJobRuns": _get_job_runs,
    "BatchStopJobRun": _batch_stop_job_run,
    "CreateTrigger": _create_trigger,
    "UpdateTrigger": _update_trigger,
    "DeleteTrigger": _delete_trigger,
    "GetTrigger": _get_trigger,
    "GetTriggers": _get_triggers,
    "BatchGetTriggers": _batch_get_triggers,
    "ListTriggers": _list_triggers,
    "StartTrigger": _start_trigger,
    "StopTrigger": _stop_trigger,
    "CreateWorkflow": _create_workflow,
    "UpdateWorkflow": _update_workflow,
    "DeleteWorkflow": _delete_workflow,
    "GetWorkflow": _get_workflow,
    "BatchGetWorkflows": _batch_get_workflows,
    "ListWorkflows": _list_workflows,
    "StartWorkflowRun": _start_workflow_run,
    "GetWorkflowRun": _get_workflow_run,
    "GetWorkflowRuns": _get_workflow_runs,
    "GetWorkflowRunProperties": _get_workflow_run_properties,
    "PutWorkflowRunProperties": _put_workflow_run_properties,
    "StopWorkflowRun": _stop_workflow_run,
}
