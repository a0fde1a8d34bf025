"""A small Glue for tests: definitions as a template gives them, and a clock that stands still."""

from itertools import count
from typing import Any

from workflows.local.glue.api import answer
from workflows.local.glue.engine import Glue
from workflows.local.glue.runs import Announce, JobRun, Kill, Launch, LogLine

NOON = 1_795_521_600.0  # 2026-11-24 12:00 UTC


class IdleRunner:
    """A runner that starts and ends nothing, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.launched: list[str] = []
        self.killed: list[str] = []

    def launch(self, run: JobRun) -> None:
        self.launched.append(run.job.name)

    def kill(self, run_id: str) -> None:
        self.killed.append(run_id)


def glue(**workflow: Any) -> Glue:
    """Workflow `flow`: 3 events, or one and 60 s, start `check`; if it succeeds, `merge` follows."""
    numbers = count(1)
    made = Glue(new_id=lambda: str(next(numbers)))
    ask(made, "CreateWorkflow", Name="flow", **workflow)
    for name in ("check", "merge"):
        add_job(made, name)
    add_trigger(
        made, "on-events", "EVENT", ["check"], EventBatchingCondition={"BatchSize": 3, "BatchWindow": 60}
    )
    add_trigger(made, "after-check", "CONDITIONAL", ["merge"], Predicate=when(check="SUCCEEDED"))
    made.take_commands()
    return made


def ask(made: Glue, operation: str, now: float = NOON, **request: Any) -> dict[str, Any]:
    return answer(made, operation, request, now)


def add_job(made: Glue, name: str, **more: Any) -> None:
    ask(made, "CreateJob", Name=name, Role="r", Command={"ScriptLocation": f"s3://code/{name}.py"}, **more)


def add_trigger(made: Glue, name: str, kind: str, jobs: list[str], **more: Any) -> None:
    definition = {
        "Name": name,
        "Type": kind,
        "WorkflowName": "flow",
        "StartOnCreation": kind in ("CONDITIONAL", "SCHEDULED"),
        "Actions": [{"JobName": job} for job in jobs],
        **more,
    }
    ask(made, "CreateTrigger", **definition)


def when(logical: str = "AND", **states: str) -> dict[str, Any]:
    conditions = [
        {"LogicalOperator": "EQUALS", "JobName": job, "State": state} for job, state in states.items()
    ]
    return {"Logical": logical, "Conditions": conditions}


def launched(made: Glue) -> list[str]:
    """Names of the jobs that have to be started now."""
    return [command.run.job.name for command in made.take_commands() if isinstance(command, Launch)]


def killed(made: Glue) -> list[str]:
    return [command.run_id for command in made.take_commands() if isinstance(command, Kill)]


def log_lines(made: Glue) -> list[str]:
    return [command.text for command in made.take_commands() if isinstance(command, LogLine)]


def announced(made: Glue) -> list[tuple[str, str]]:
    """Job and state of each run whose end is announced now."""
    return [
        (command.run.job.name, command.run.state)
        for command in made.take_commands()
        if isinstance(command, Announce)
    ]


def end(made: Glue, job: str, error: str | None = None, now: float = NOON) -> None:
    """Start and end the active run of a job."""
    (run,) = [run for run in made.job_runs.values() if run.job.name == job and run.is_active]
    made.job_running(run.id, now)
    made.job_ended(run.id, error, now)


def job_states(made: Glue) -> list[tuple[str, str]]:
    return [(run.job.name, run.state) for run in made.job_runs.values()]


def workflow_states(made: Glue) -> list[str]:
    return [run.status for run in made.workflow_runs.values()]
