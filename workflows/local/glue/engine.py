"""The local Glue: triggers, workflows and job runs as a state machine.

It has no side effects and reads no clock. Its inputs are requests, events, ends of scripts and the passing of
time, each with its time; its outputs are commands (`take_commands`). The same inputs give the same runs.

It keeps those rules of AWS that pipelines depend on: a refused concurrent start is lost (it is recorded as a
run in state ERROR, and its events are not kept); a workflow has one start trigger; a trigger's start of a
busy job is a run in state FAILED, and of a deleted job one in state ERROR
(https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html); a failed job is retried up to MaxRetries,
a timed out or stopped one is not; a CONDITIONAL trigger fires once per workflow run, on the final states of
the jobs in its predicate; a workflow run ends as COMPLETED even if its jobs failed.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from workflows.local.glue.definitions import Action, Batching, Job, Trigger, Workflow, deleted_job
from workflows.local.glue.errors import (
    ConcurrentRunsExceeded,
    EntityNotFound,
    InvalidInput,
    JobRunInTerminalState,
)
from workflows.local.glue.runs import Announce, Command, JobRun, Kill, Launch, LogLine, WorkflowRun
from workflows.local.glue.triggers import Firing, Triggers


@dataclass(frozen=True, slots=True)
class GlueState:
    """All that a Glue remembers: what `down --keep` stores for its successor."""

    jobs: dict[str, Job]
    workflows: dict[str, Workflow]
    triggers: Triggers
    job_runs: dict[str, JobRun]
    workflow_runs: dict[str, WorkflowRun]


def _random_id() -> str:
    return secrets.token_hex(32)


class Glue:
    """Definitions, their runs, and the rules that lead from one run to the next."""

    def __init__(self, new_id: Callable[[], str] = _random_id) -> None:
        self.jobs: dict[str, Job] = {}
        self.workflows: dict[str, Workflow] = {}
        self.triggers = Triggers()
        self.job_runs: dict[str, JobRun] = {}
        self.workflow_runs: dict[str, WorkflowRun] = {}
        self._new_id = new_id
        self._commands: list[Command] = []

    def state(self) -> GlueState:
        """The state for a successor. Commands that were not taken are not part of it."""
        return GlueState(self.jobs, self.workflows, self.triggers, self.job_runs, self.workflow_runs)

    def take_state(self, state: GlueState) -> None:
        """Continue from the state of a predecessor."""
        for part in fields(state):
            setattr(self, part.name, getattr(state, part.name))

    # --- requests and events --------------------------------------------------------------------------------

    def start_workflow_run(self, name: str, properties: Mapping[str, str], now: float) -> WorkflowRun:
        """Run a workflow from its start trigger on; raises ConcurrentRunsExceeded at its limit."""
        if name not in self.workflows:
            raise EntityNotFound(f"Workflow {name} not found")
        start = self.triggers.start_of(name)
        if start is None:
            raise InvalidInput(f"workflow {name} has no start trigger (SCHEDULED, ON_DEMAND or EVENT)")
        if self._is_full(name):
            raise ConcurrentRunsExceeded(f"Concurrent runs exceeded for workflow: {name}.")
        return self._run_workflow(name, start, properties, None, now)

    def start_job_run(
        self, name: str, arguments: Mapping[str, str], timeout_minutes: int | None, now: float
    ) -> JobRun:
        """Run a job outside any workflow; raises ConcurrentRunsExceeded at its limit."""
        job = self.jobs.get(name)
        if job is None:
            raise EntityNotFound(f"Job {name} not found")
        if self._is_busy(job):
            raise ConcurrentRunsExceeded(f"Concurrent runs exceeded for {name}")
        run = JobRun(f"jr_{self._new_id()}", job, arguments, timeout_minutes or job.timeout_minutes, now)
        self._launch(run)
        return run

    def stop_job_run(self, name: str, run_id: str, now: float) -> None:
        """Stop a run; raises EntityNotFound, or JobRunInTerminalState if it has ended.

        On AWS it is STOPPING for a while before it is STOPPED.
        """
        run = self.job_runs.get(run_id)
        if run is None or run.job.name != name:
            raise EntityNotFound(f"Job run {run_id} of job {name} not found")
        if not run.is_active:
            raise JobRunInTerminalState(f"Job run {run_id} is in the terminal state {run.state}")
        self._commands.append(Kill(run.id))
        self._end(run, "STOPPED", "", now)

    def deploy_job_again(self, name: str, now: float) -> None:
        """Record that what a job runs was deployed again, although its definition is what it was.

        On AWS the definition names the code by its content. A streaming run ends when it sees the change.
        """
        if job := self.jobs.get(name):
            self.jobs[name] = replace(job, modified_on=now)

    def receive_event(self, workflow: str, event_id: str, now: float) -> None:
        """Take an EventBridge event for a workflow, which starts when a batch is full or its window ends."""
        trigger = self.triggers.start_of(workflow)
        if trigger is None or trigger.type != "EVENT":
            self._log(f"event {event_id} dropped: workflow {workflow} has no EVENT trigger")
        elif firing := self.triggers.collect(trigger, event_id, now):
            self._fire(firing, now)

    # --- results of runs, and time --------------------------------------------------------------------------

    def job_running(self, run_id: str, now: float) -> None:
        """Record that the script of a run has begun."""
        run = self.job_runs[run_id]
        if run.state == "STARTING":
            run.state, run.running_since = "RUNNING", now

    def job_ended(self, run_id: str, error: str | None, now: float) -> None:
        """Record that the script of a run has ended; a run that timed out before stays as it is."""
        run = self.job_runs[run_id]
        if run.is_active:
            self._end(run, "FAILED" if error else "SUCCEEDED", error or "", now)

    def tick(self, now: float) -> None:
        """Do all that is due by now: timeouts, event windows, schedules."""
        for run in [run for run in self.job_runs.values() if run.times_out_at and run.times_out_at <= now]:
            self._commands.append(Kill(run.id))
            self._end(run, "TIMEOUT", f"Timed out after {run.timeout_minutes} minutes", now)
        for firing in self.triggers.due(now):
            self._fire(firing, now)

    def next_wakeup(self) -> float | None:
        """When `tick` has to be called next, if nothing else happens."""
        timeouts = [run.times_out_at for run in self.job_runs.values()]
        return min((at for at in [*timeouts, self.triggers.next_due()] if at is not None), default=None)

    def take_commands(self) -> list[Command]:
        """The commands since the last call, in order."""
        commands, self._commands = self._commands, []
        return commands

    # --- the rules ------------------------------------------------------------------------------------------

    def _fire(self, firing: Firing, now: float) -> None:
        trigger, workflow = firing.trigger, firing.trigger.workflow
        properties = {"aws:eventIds": f"[{', '.join(firing.event_ids)}]"} if firing.event_ids else {}
        if workflow is None:
            for action in trigger.actions:
                self._start(action, trigger, None, now)
        elif workflow not in self.workflows:
            self._log(f"trigger {trigger.name} fired without effect: there is no workflow {workflow}")
        elif self._is_full(workflow):
            message = f"Concurrent runs exceeded for workflow: {workflow}."
            run_id = f"wr_{self._new_id()}"
            refused = WorkflowRun(run_id, workflow, properties, now, firing.batch, message=message)
            refused.end("ERROR", now)
            self.workflow_runs[refused.id] = refused
            self._log(f"trigger {trigger.name} fired and was refused: {message}")
        else:
            self._run_workflow(workflow, trigger, properties, firing.batch, now)

    def _run_workflow(
        self, name: str, start: Trigger, properties: Mapping[str, str], batch: Batching | None, now: float
    ) -> WorkflowRun:
        merged = {**self.workflows[name].run_properties, **properties}
        run = WorkflowRun(f"wr_{self._new_id()}", name, merged, now, batch)
        self.workflow_runs[run.id] = run
        self._log(f"workflow {name}: run {run.id} started by trigger {start.name}")
        run.fired.add(start.name)
        for action in start.actions:
            self._start(action, start, run, now)
        self._go_on(run, now)
        return run

    def _start(self, action: Action, trigger: Trigger, workflow_run: WorkflowRun | None, now: float) -> None:
        defined = self.jobs.get(action.job)
        job = defined or deleted_job(action.job)
        run = JobRun(
            id=f"jr_{self._new_id()}",
            job=job,
            given=action.arguments,
            timeout_minutes=action.timeout_minutes or job.timeout_minutes,
            started_on=now,
            workflow_run=workflow_run,
            trigger=trigger.name,
        )
        if defined is None:
            self._refuse(run, "ERROR", "Failed to start job run due to missing metadata", now)
        elif self._is_busy(job):
            self._refuse(run, "FAILED", f"Concurrent runs exceeded for {job.name}", now)
        else:
            self._launch(run)

    def _refuse(self, run: JobRun, state: str, message: str, now: float) -> None:
        run.state, run.ended_on, run.message = state, now, message
        self._record(run)
        self._log(f"trigger {run.trigger}: job {run.job.name} refused: {message}")
        self._commands.append(Announce(run))

    def _launch(self, run: JobRun) -> None:
        self._record(run)
        self._commands.append(Launch(run))

    def _record(self, run: JobRun) -> None:
        self.job_runs[run.id] = run
        if run.workflow_run is not None:
            run.workflow_run.job_runs.append(run)

    def _end(self, run: JobRun, state: str, message: str, now: float) -> None:
        run.state, run.ended_on, run.message = state, now, message
        self._commands.append(Announce(run))
        if state == "FAILED" and run.attempt < run.job.max_retries:
            self._log(f"job {run.job.name}: {run.id} failed and is retried")
            self._launch(run.retry(self.jobs.get(run.job.name, run.job), now))
        elif run.workflow_run is not None and run.workflow_run.is_active:
            self._go_on(run.workflow_run, now)

    def _go_on(self, run: WorkflowRun, now: float) -> None:
        """Fire the CONDITIONAL triggers whose predicates hold; end the run if no job of it is active."""
        while trigger := self._next_conditional(run):
            run.fired.add(trigger.name)
            for action in trigger.actions:
                self._start(action, trigger, run, now)
        if not any(job_run.is_active for job_run in run.job_runs):
            run.end("COMPLETED", now)
            self._log(f"workflow {run.workflow}: run {run.id} completed: {run.ended() or 'no job ran'}")

    def _next_conditional(self, run: WorkflowRun) -> Trigger | None:
        ended = run.ended()
        return next(
            (
                trigger
                for trigger in self.triggers.of(run.workflow)
                if trigger.predicate is not None
                and trigger.name not in run.fired
                and self.triggers.states[trigger.name] == "ACTIVATED"
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

    def _log(self, text: str) -> None:
        self._commands.append(LogLine(text))
