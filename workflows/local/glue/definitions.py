"""Jobs, triggers and workflows: read from the definition in a template or request, and validated.

Each keeps its definition, so that a client reads back what was given. Numbers may be text, since
CloudFormation parameters are text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflows.local.glue.errors import InvalidInput
from workflows.local.glue.schedule import Cron, Rate, parse_schedule

type Definition = Mapping[str, Any]

DEFAULT_TIMEOUT_MINUTES: Final = 480  # Glue 5.0 and newer
DEFAULT_WINDOW_SECONDS: Final = 900
START_TYPES: Final = ("SCHEDULED", "ON_DEMAND", "EVENT")
FINAL_STATES: Final = ("SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT")
STREAMING: Final = "gluestreaming"  # the command of a streaming job


@dataclass(frozen=True, slots=True)
class Job:
    """A script with its arguments and the limits of its runs."""

    name: str
    script: str
    default_arguments: Mapping[str, str]
    fixed_arguments: Mapping[str, str]
    max_retries: int
    timeout_minutes: int
    max_concurrent_runs: int
    definition: Definition
    modified_on: float = 0.0  # when it was created or changed

    @property
    def is_streaming(self) -> bool:
        """Whether its runs have no end of their own."""
        return bool(self.definition.get("Command", {}).get("Name") == STREAMING)

    def arguments(self, given: Mapping[str, str]) -> dict[str, str]:
        """Default arguments, overridden by those given, overridden by the fixed ones."""
        return {**self.default_arguments, **given, **self.fixed_arguments}


@dataclass(frozen=True, slots=True)
class Action:
    """One job that a trigger starts when it fires."""

    job: str
    arguments: Mapping[str, str]
    timeout_minutes: int | None


@dataclass(frozen=True, slots=True)
class Predicate:
    """Fires a CONDITIONAL trigger when all (AND) or any (ANY) of these jobs ended in their state."""

    logical: str
    conditions: tuple[tuple[str, str], ...]

    def holds(self, ended: Mapping[str, str]) -> bool:
        """Whether the predicate is true, given the final states of the jobs that have ended."""
        met = [ended.get(job) == state for job, state in self.conditions]
        return any(met) if self.logical == "ANY" else all(met)


@dataclass(frozen=True, slots=True)
class Batching:
    """An EVENT trigger fires at `size` events, or `window` seconds after the first, whichever comes first."""

    size: int
    window: int


@dataclass(frozen=True, slots=True)
class Trigger:
    """Starts jobs: on a schedule, on demand, on events, or when other jobs end."""

    name: str
    type: str
    workflow: str | None
    actions: tuple[Action, ...]
    predicate: Predicate | None
    schedule: Rate | Cron | None
    batching: Batching
    definition: Definition


@dataclass(frozen=True, slots=True)
class Workflow:
    """A graph of triggers and jobs that runs as one. `max_concurrent_runs` 0 means no limit."""

    name: str
    max_concurrent_runs: int
    run_properties: Mapping[str, str]
    definition: Definition


def read_job(definition: Definition, modified_on: float = 0.0) -> Job:
    """A job from the properties of CreateJob or AWS::Glue::Job, as of a time; raises InvalidInput."""
    name = _name(definition, "job")
    where = f"job {name}"
    return Job(
        name=name,
        script=_text(definition.get("Command", {}), "ScriptLocation", f"{where}: Command"),
        default_arguments=_arguments(definition, "DefaultArguments"),
        fixed_arguments=_arguments(definition, "NonOverridableArguments"),
        max_retries=_number(definition, "MaxRetries", 0, range(11), where),
        timeout_minutes=_number(definition, "Timeout", DEFAULT_TIMEOUT_MINUTES, range(1, 10081), where),
        max_concurrent_runs=_number(
            definition.get("ExecutionProperty") or {}, "MaxConcurrentRuns", 1, range(1, 1001), where
        ),
        definition={**definition, "Name": name},
        modified_on=modified_on,
    )


def deleted_job(name: str) -> Job:
    """What is left of a job that is not defined any more: the name that a trigger starts it by."""
    return Job(name, "", {}, {}, 0, DEFAULT_TIMEOUT_MINUTES, 1, {"Name": name})


def read_trigger(definition: Definition) -> Trigger:
    """A trigger from the properties of CreateTrigger or AWS::Glue::Trigger; raises InvalidInput."""
    name = _name(definition, "trigger")
    where = f"trigger {name}"
    kind = _text(definition, "Type", where)
    workflow = definition.get("WorkflowName") or None
    if kind not in (*START_TYPES, "CONDITIONAL"):
        raise InvalidInput(
            f"{where}: Type: expected SCHEDULED, CONDITIONAL, ON_DEMAND or EVENT, got {kind!r}"
        )
    if kind != "SCHEDULED" and workflow is None:
        # AWS permits CONDITIONAL and ON_DEMAND triggers outside workflows; the template has none.
        raise InvalidInput(
            f"{where}: a trigger of type {kind} has to belong to a workflow locally: give its WorkflowName"
        )
    actions = tuple(_action(action, where) for action in definition.get("Actions") or ())
    if not actions:
        raise InvalidInput(f"{where}: Actions: expected at least one job to start")
    predicate = _predicate(definition.get("Predicate") or {}, where) if kind == "CONDITIONAL" else None
    both = {job for job, _ in predicate.conditions} & {a.job for a in actions} if predicate else set()
    if both:
        raise InvalidInput(
            f"{where}: {', '.join(sorted(both))} can't be in both its Predicate and its Actions"
        )
    batching = definition.get("EventBatchingCondition") or {}
    return Trigger(
        name=name,
        type=kind,
        workflow=workflow,
        actions=actions,
        predicate=predicate,
        schedule=parse_schedule(_text(definition, "Schedule", where)) if kind == "SCHEDULED" else None,
        batching=Batching(
            _number(batching, "BatchSize", 1, range(1, 101), where),
            _number(batching, "BatchWindow", DEFAULT_WINDOW_SECONDS, range(1, 901), where),
        ),
        definition={**definition, "Name": name},
    )


def read_workflow(definition: Definition) -> Workflow:
    """A workflow from the properties of CreateWorkflow or AWS::Glue::Workflow; raises InvalidInput."""
    name = _name(definition, "workflow")
    return Workflow(
        name=name,
        max_concurrent_runs=_number(definition, "MaxConcurrentRuns", 0, range(1001), f"workflow {name}"),
        run_properties=_arguments(definition, "DefaultRunProperties"),
        definition={**definition, "Name": name},
    )


def _action(action: Definition, where: str) -> Action:
    if action.get("CrawlerName"):
        raise InvalidInput(f"{where}: crawlers do not run locally: give a JobName")
    timeout = _number(action, "Timeout", 0, range(1, 10081), where) if action.get("Timeout") else None
    return Action(_text(action, "JobName", f"{where}: Actions"), _arguments(action, "Arguments"), timeout)


def _predicate(predicate: Definition, where: str) -> Predicate:
    conditions = predicate.get("Conditions") or ()
    if not conditions:
        raise InvalidInput(f"{where}: Predicate: a CONDITIONAL trigger needs Conditions")
    logical = predicate.get("Logical") or "AND"
    if logical not in ("AND", "ANY"):
        raise InvalidInput(f"{where}: Predicate.Logical: expected AND or ANY, got {logical!r}")
    return Predicate(logical, tuple(_condition(condition, where) for condition in conditions))


def _condition(condition: Definition, where: str) -> tuple[str, str]:
    if condition.get("LogicalOperator") != "EQUALS":  # AWS refuses a condition without it
        raise InvalidInput(f"{where}: Predicate.Conditions: LogicalOperator: expected EQUALS")
    state = _text(condition, "State", f"{where}: Predicate.Conditions")
    if state not in FINAL_STATES:
        raise InvalidInput(
            f"{where}: Predicate: State: expected one of {', '.join(FINAL_STATES)}, got {state!r}"
        )
    return _text(condition, "JobName", f"{where}: Predicate.Conditions"), state


def _name(definition: Definition, what: str) -> str:
    return _text(definition, "Name", what)


def _text(definition: Definition, key: str, where: str) -> str:
    value = definition.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{where}: {key}: expected a text, got {value!r}")
    return value


def _arguments(definition: Definition, key: str) -> dict[str, str]:
    values = definition.get(key) or {}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def _number(definition: Definition, key: str, default: int, allowed: range, where: str) -> int:
    value = definition.get(key)
    if value is None or value == "":
        return default
    if not str(value).isdigit() or int(value) not in allowed:
        raise InvalidInput(f"{where}: {key}: expected {allowed.start} to {allowed.stop - 1}, got {value!r}")
    return int(value)
