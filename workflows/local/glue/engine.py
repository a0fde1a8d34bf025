"""The local Glue: triggers, workflows and job runs as a state machine.

It does nothing and reads no clock: it is told what happened and when (a request, an event, the end of a
script, the passing of time) and answers with commands to carry out (`take_commands`). The same inputs give
the same runs.

What is kept from AWS, because pipelines depend on it: a refused concurrent start is gone (it is recorded
as a run in state ERROR, the events that asked for it are not kept); a workflow has one start trigger; a
failed job is tried again up to MaxRetries, a timed out one is not; a CONDITIONAL trigger fires once per
workflow run, on the final state of the jobs it waits for; a workflow run whose jobs failed is COMPLETED
nevertheless.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from workflows.local.glue.definitions import START_TYPES, Batching
from workflows.local.glue.errors import ConcurrentRunsExceeded, EntityNotFound, InvalidInput
from workflows.local.glue.runs import Command, JobRun, Kill, Launch, Note, Waiting, WorkflowRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflows.local.glue.definitions import Action, Job, Trigger, Workflow

_STATE: Final = (
    "jobs",
    "triggers",
    "workflows",
    "job_runs",
    "workflow_runs",
    "states",
    "_waiting",
    "_next_firing",
)


def _random_id() -> str:
    return secrets.token_hex(32)


class Glue:
    """Definitions, their runs, and the rules that lead from one to the next."""

    def __init__(self, new_id: Callable[[], str] = _random_id) -> None:
        self.jobs: dict[str, Job] = {}
        self.triggers: dict[str, Trigger] = {}
        self.workflows: dict[str, Workflow] = {}
        self.job_runs: dict[str, JobRun] = {}
        self.workflow_runs: dict[str, WorkflowRun] = {}
        self.states: dict[str, str] = {}
        self._new_id = new_id
        self._waiting: dict[str, Waiting] = {}
        self._next_firing: dict[str, float] = {}
        self._commands: list[Command] = []

    # --- being kept -----------------------------------------------------------------------------------------

    def state(self) -> dict[str, object]:
        """All that it knows, for `take_state` of another."""
        return {name: getattr(self, name) for name in _STATE}

    def take_state(self, state: Mapping[str, object]) -> None:
        """Be as the one that told this state; what it had not carried out is carried out no more."""
        for name in _STATE:
            setattr(self, name, state[name])

    # --- definitions ----------------------------------------------------------------------------------------

    def put_trigger(self, trigger: Trigger, active: bool, now: float) -> None:
        """Take a new trigger, or a new definition of one that is there already."""
        others = (
            t for t in self.triggers_of(trigger.workflow) if t.type in START_TYPES and t.name != trigger.name
        )
        rival = next(others, None)
        if trigger.workflow and trigger.type in START_TYPES and rival:
            raise InvalidInput(
                f"trigger {trigger.name}: workflow {trigger.workflow} has the start trigger {rival.name} "
                "already, and AWS permits one; to start it another way too, send its EVENT trigger an event"
            )
        self.triggers[trigger.name] = trigger
        self._switch(trigger, "ACTIVATED" if active else self.states.get(trigger.name, "CREATED"), now)

    def remove_trigger(self, name: str) -> None:
        """Forget a trigger and the events it holds; one that is not there is no error, as on AWS."""
        self.triggers.pop(name, None)
        for kept in (self.states, self._waiting, self._next_firing):
            kept.pop(name, None)

    def start_trigger(self, name: str, now: float) -> None:
        """Fire an ON_DEMAND trigger, switch any other on."""
        trigger = self._trigger(name)
        if trigger.type == "ON_DEMAND":
            self._fire(trigger, now)
        else:
            self._switch(trigger, "ACTIVATED", now)

    def stop_trigger(self, name: str, now: float) -> None:
        """Switch a trigger off; events it holds are dropped."""
        self._switch(self._trigger(name), "DEACTIVATED", now)

    def triggers_of(self, workflow: str | None) -> Iterator[Trigger]:
        """The triggers of one workflow."""
        return (trigger for trigger in self.triggers.values() if trigger.workflow == workflow)

    def _switch(self, trigger: Trigger, state: str, now: float) -> None:
        self.states[trigger.name] = state
        self._next_firing.pop(trigger.name, None)
        if state == "DEACTIVATED":
            self._waiting.pop(trigger.name, None)
        if state == "ACTIVATED":
            self._plan(trigger, now)

    def _plan(self, trigger: Trigger, now: float) -> None:
        following = (
            trigger.schedule.next_after(datetime.fromtimestamp(now, UTC)) if trigger.schedule else None
        )
        if following is not None:
            self._next_firing[trigger.name] = following.timestamp()

    def _trigger(self, name: str) -> Trigger:
        if name not in self.triggers:
            raise EntityNotFound(f"Trigger {name} not found")
        return self.triggers[name]

    # --- requests and events --------------------------------------------------------------------------------

    def start_workflow_run(self, name: str, properties: Mapping[str, str], now: float) -> WorkflowRun:
        """Run a workflow from its start trigger on; raises ConcurrentRunsExceeded at its limit."""
        if name not in self.workflows:
            raise EntityNotFound(f"Workflow {name} not found")
        start = next((trigger for trigger in self.triggers_of(name) if trigger.type in START_TYPES), None)
        if start is None:
            raise InvalidInput(f"workflow {name} has no start trigger (SCHEDULED, ON_DEMAND or EVENT)")
        if self._is_full(name):
            raise ConcurrentRunsExceeded(f"Concurrent runs exceeded for workflow: {name}.")
        return self._run_workflow(start, properties, None, now)

    def stop_workflow_run(self, run: WorkflowRun, now: float) -> None:
        """Stop what runs of it and start nothing more."""
        if not run.is_active:
            raise InvalidInput(f"workflow run {run.id} is not running: it is {run.status}")
        run.end("STOPPED", now)
        for job_run in run.job_runs:
            if job_run.is_active:
                self.stop_job_run(job_run, now)

    def start_job_run(
        self, name: str, arguments: Mapping[str, str], timeout_minutes: int | None, now: float
    ) -> JobRun:
        """Run a job by itself; raises ConcurrentRunsExceeded at its limit."""
        job = self.jobs.get(name)
        if job is None:
            raise EntityNotFound(f"Job {name} not found")
        if self._is_busy(job):
            raise ConcurrentRunsExceeded(f"Concurrent runs exceeded for {name}")
        run = JobRun(f"jr_{self._new_id()}", job, arguments, timeout_minutes or job.timeout_minutes, now)
        self._launch(run)
        return run

    def stop_job_run(self, run: JobRun, now: float) -> None:
        """Stop a run that has not ended."""
        if not run.is_active:
            raise InvalidInput(f"job run {run.id} is not running: it is {run.state}")
        self._commands.append(Kill(run.id))
        self._end(run, "STOPPED", "", now)

    def receive_event(self, workflow: str, event_id: str, now: float) -> None:
        """An EventBridge event for a workflow: it waits for a full batch or the end of the window."""
        trigger = next((t for t in self.triggers_of(workflow) if t.type == "EVENT"), None)
        if trigger is None or self.states[trigger.name] == "DEACTIVATED":
            self._note(f"event {event_id} dropped: workflow {workflow} has no EVENT trigger that listens")
            return
        waiting = self._waiting.setdefault(trigger.name, Waiting(now))
        waiting.event_ids.append(event_id)
        if len(waiting.event_ids) >= trigger.batching.size:
            self._fire(trigger, now, Batching(size=trigger.batching.size, window=0))

    # --- what became of the runs, and time ------------------------------------------------------------------

    def job_running(self, run_id: str, now: float) -> None:
        """The script of a run has begun."""
        run = self.job_runs[run_id]
        if run.state == "STARTING":
            run.state, run.running_since = "RUNNING", now

    def job_ended(self, run_id: str, error: str | None, now: float) -> None:
        """The script of a run has ended, well or with an error; of a run settled before, nothing is heard."""
        run = self.job_runs[run_id]
        if run.is_active:
            self._end(run, "FAILED" if error else "SUCCEEDED", error or "", now)

    def tick(self, now: float) -> None:
        """Do all that is due by now: timeouts, event windows, schedules."""
        for run in [run for run in self.job_runs.values() if run.times_out_at and run.times_out_at <= now]:
            self._commands.append(Kill(run.id))
            self._end(run, "TIMEOUT", f"Timed out after {run.timeout_minutes} minutes", now)
        for name, waiting in list(self._waiting.items()):
            batching = self.triggers[name].batching
            if waiting.since + batching.window <= now:
                self._fire(self.triggers[name], now, Batching(size=0, window=batching.window))
        for name, at in list(self._next_firing.items()):
            if at <= now:
                self._plan(self.triggers[name], now)
                self._fire(self.triggers[name], now)

    def next_wakeup(self) -> float | None:
        """When `tick` has next to be called, if nothing else happens."""
        due = [run.times_out_at for run in self.job_runs.values() if run.times_out_at is not None]
        due += [
            waiting.since + self.triggers[name].batching.window for name, waiting in self._waiting.items()
        ]
        return min(due + list(self._next_firing.values()), default=None)

    def take_commands(self) -> list[Command]:
        """What has to be done since it was last asked, in order."""
        commands, self._commands = self._commands, []
        return commands

    # --- the rules ------------------------------------------------------------------------------------------

    def _fire(self, trigger: Trigger, now: float, batch: Batching | None = None) -> None:
        waiting = self._waiting.pop(trigger.name, None)
        properties = {"aws:eventIds": f"[{', '.join(waiting.event_ids)}]"} if waiting else {}
        if trigger.workflow is None:
            for action in trigger.actions:
                self._start(action, trigger, None, now)
        elif trigger.workflow not in self.workflows:
            self._note(f"trigger {trigger.name} fired for nothing: there is no workflow {trigger.workflow}")
        elif self._is_full(trigger.workflow):
            message = f"Concurrent runs exceeded for workflow: {trigger.workflow}."
            refused = WorkflowRun(
                f"wr_{self._new_id()}", trigger.workflow, properties, now, batch, message=message
            )
            refused.end("ERROR", now)
            self.workflow_runs[refused.id] = refused
            self._note(f"trigger {trigger.name} fired and was refused: {message}")
        else:
            self._run_workflow(trigger, properties, batch, now)

    def _run_workflow(
        self, start: Trigger, properties: Mapping[str, str], batch: Batching | None, now: float
    ) -> WorkflowRun:
        workflow = self.workflows[start.workflow or ""]
        merged = {**workflow.run_properties, **properties}
        run = WorkflowRun(f"wr_{self._new_id()}", workflow.name, merged, now, batch)
        self.workflow_runs[run.id] = run
        self._note(f"workflow {workflow.name}: run {run.id} started by trigger {start.name}")
        run.fired.add(start.name)
        for action in start.actions:
            self._start(action, start, run, now)
        self._go_on(run, now)
        return run

    def _start(self, action: Action, trigger: Trigger, workflow_run: WorkflowRun | None, now: float) -> None:
        job = self.jobs.get(action.job)
        if job is None:
            self._note(f"trigger {trigger.name}: there is no job {action.job} to start")
            return
        run = JobRun(
            id=f"jr_{self._new_id()}",
            job=job,
            given=action.arguments,
            timeout_minutes=action.timeout_minutes or job.timeout_minutes,
            started_on=now,
            workflow_run=workflow_run,
            trigger=trigger.name,
        )
        if self._is_busy(job):
            run.state, run.ended_on, run.message = "ERROR", now, f"Concurrent runs exceeded for {job.name}"
            self._note(f"trigger {trigger.name}: job {job.name} refused: it runs already")
            self._record(run)
        else:
            self._launch(run)

    def _launch(self, run: JobRun) -> None:
        self._record(run)
        self._commands.append(Launch(run))

    def _record(self, run: JobRun) -> None:
        self.job_runs[run.id] = run
        if run.workflow_run is not None:
            run.workflow_run.job_runs.append(run)

    def _end(self, run: JobRun, state: str, message: str, now: float) -> None:
        run.state, run.ended_on, run.message = state, now, message
        if state == "FAILED" and run.attempt < run.job.max_retries:
            self._note(f"job {run.job.name}: {run.id} failed, trying again")
            self._launch(run.retry(self.jobs.get(run.job.name, run.job), now))
        elif run.workflow_run is not None and run.workflow_run.is_active:
            self._go_on(run.workflow_run, now)

    def _go_on(self, run: WorkflowRun, now: float) -> None:
        """Fire what now may fire, until nothing more does; with nothing left to run, the run is complete."""
        while trigger := self._next_conditional(run):
            run.fired.add(trigger.name)
            for action in trigger.actions:
                self._start(action, trigger, run, now)
        if not any(job_run.is_active for job_run in run.job_runs):
            run.end("COMPLETED", now)
            self._note(f"workflow {run.workflow}: run {run.id} completed: {run.ended() or 'no job ran'}")

    def _next_conditional(self, run: WorkflowRun) -> Trigger | None:
        ended = run.ended()
        return next(
            (
                trigger
                for trigger in self.triggers_of(run.workflow)
                if trigger.predicate is not None
                and trigger.name not in run.fired
                and self.states[trigger.name] == "ACTIVATED"
                and trigger.predicate.holds(ended)
            ),
            None,
        )

    def _is_full(self, workflow: str) -> bool:
        limit = self.workflows[workflow].max_concurrent_runs
        active = sum(run.is_active for run in self.workflow_runs.values() if run.workflow == workflow)
        return 0 < limit <= active

    def _is_busy(self, job: Job) -> bool:
        active = sum(run.is_active for run in self.job_runs.values() if run.job.name == job.name)
        return active >= job.max_concurrent_runs

    def _note(self, text: str) -> None:
        self._commands.append(Note(text))
