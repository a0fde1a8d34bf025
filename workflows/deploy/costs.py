"""What a stack costs a month at rest: what AWS bills although no data comes.

List prices of us-east-1, as in `docs/costs.md`, which also says what data costs. Storage and logs come on
top.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from workflows.local.glue.errors import InvalidInput
from workflows.local.glue.schedule import parse_schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from workflows.deploy.template import Resource

DAYS: Final = 30
# Resource type -> what it is called, and dollars a month for one.
_EACH: Final[dict[str, tuple[str, float]]] = {
    "AWS::KMS::Key": ("KMS keys", 1.00),
    "AWS::CloudWatch::Dashboard": ("CloudWatch dashboard", 3.00),
    "AWS::Cognito::UserPoolClient": ("Cognito client for tokens", 6.00),
}
_METRIC_OF_AN_ALARM: Final = 0.10
_DPU_HOUR: Final = 0.44
_DPU_OF_STREAMING: Final = 0.25  # a G.025X worker
_LEAST_JOB_HOURS: Final = 1 / 60  # Glue bills a minute at least for each run
# Lambda asks an empty queue with five pollers, each of which waits for 20 seconds.
_QUEUE_REQUESTS: Final = 5 * 3 * 60 * 24 * DAYS
_MILLION_REQUESTS: Final = 0.40


@dataclass(frozen=True, slots=True)
class Cost:
    """What some resources cost a month at rest."""

    what: str
    count: int
    dollars: float


def at_rest(resources: Mapping[str, Resource]) -> list[Cost]:
    """The costs of these resources, the highest first."""
    found = [
        *_resources(resources.values()),
        *_alarms(resources.values()),
        *_runs(resources),
        *_streaming(resources),
        *_polls(resources.values()),
    ]
    return sorted(found, key=lambda cost: -cost.dollars)


def _resources(resources: Iterable[Resource]) -> Iterable[Cost]:
    types = [resource.type for resource in resources]
    for kind, (what, dollars) in _EACH.items():
        if count := types.count(kind):
            yield Cost(what, count, count * dollars)


def _alarms(resources: Collection[Resource]) -> Iterable[Cost]:
    """The alarms, of which AWS bills each metric: for a query by dataset, one for each dataset."""
    datasets = sum("StartingPosition" in resource.properties for resource in resources)  # each has a stream
    metrics = 0
    for alarm in resources:
        if alarm.type == "AWS::CloudWatch::Alarm":
            sources = alarm.properties.get("Metrics", [{"MetricStat": {}}])
            named = sum("MetricStat" in one for one in sources)
            metrics += named or datasets
    if metrics:
        yield Cost("CloudWatch alarms", metrics, metrics * _METRIC_OF_AN_ALARM)


def _polls(resources: Iterable[Resource]) -> Iterable[Cost]:
    queues = [
        resource
        for resource in resources
        if resource.type == "AWS::Lambda::EventSourceMapping" and "ScalingConfig" in resource.properties
    ]
    if queues:
        requests = len(queues) * _QUEUE_REQUESTS
        yield Cost("polls of the inbound queue", requests, requests / 1e6 * _MILLION_REQUESTS)


def _runs(resources: Mapping[str, Resource]) -> Iterable[Cost]:
    """The job runs that schedules start, each of which takes a minute at least."""
    for logical_id, workflow in resources.items():
        if workflow.type != "AWS::Glue::Workflow":
            continue
        triggers = [one for one in resources.values() if _is_trigger_of(one, logical_id)]
        jobs = [action["JobName"] for one in triggers for action in one.properties["Actions"]]
        workers = [
            int(resources[job["Ref"]].properties["NumberOfWorkers"])
            for job in jobs
            if isinstance(job, dict) and job.get("Ref") in resources
        ]
        starts = sum(
            starts_a_month(one)
            for one in (
                *(trigger.properties.get("Schedule") for trigger in triggers),
                *(_schedule_of(rule, logical_id) for rule in resources.values()),
            )
            if one
        )
        if starts:
            hours = starts * sum(workers) * _LEAST_JOB_HOURS
            what = f"job runs of {logical_id.lower()} by schedule"
            yield Cost(what, starts * len(jobs), hours * _DPU_HOUR)


def _streaming(resources: Mapping[str, Resource]) -> Iterable[Cost]:
    """The streaming jobs that a schedule keeps running all the time."""
    if not any(one.type == "AWS::Scheduler::Schedule" for one in resources.values()):
        return
    for one in resources.values():
        if one.type == "AWS::Glue::Job" and one.properties["Command"]["Name"] == "gluestreaming":
            workers = int(one.properties["NumberOfWorkers"])
            hours = 24 * DAYS * workers * _DPU_OF_STREAMING
            yield Cost("streaming job of ingest", workers, hours * _DPU_HOUR)


def _is_trigger_of(resource: Resource, workflow: str) -> bool:
    return resource.type == "AWS::Glue::Trigger" and resource.properties.get("WorkflowName") == {
        "Ref": workflow
    }


def _schedule_of(rule: Resource, workflow: str) -> str | None:
    """The schedule of an enabled EventBridge rule that starts the workflow."""
    if rule.type != "AWS::Events::Rule" or rule.properties.get("State") == "DISABLED":
        return None
    arns = [_text(target.get("Arn")) for target in rule.properties.get("Targets", ())]
    starts = any(arn.endswith(f":workflow/${{{workflow}}}") for arn in arns)
    schedule: str | None = rule.properties.get("ScheduleExpression") if starts else None
    return schedule


def _text(arn: Any) -> str:
    """The text of an ARN that is put together by Fn::Sub."""
    return str(arn.get("Fn::Sub", "")) if isinstance(arn, dict) else str(arn)


def starts_a_month(schedule: str) -> int:
    """How often a schedule fires in a month; 0 if that can't be computed.

    >>> starts_a_month("rate(1 hour)"), starts_a_month("cron(15 3 * * ? *)")
    (720, 30)
    """
    try:
        parsed = parse_schedule(schedule)
    except InvalidInput:
        return 0
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    count, moment = 0, parsed.next_after(begin)
    while moment is not None and moment <= begin + timedelta(days=DAYS):
        count, moment = count + 1, parsed.next_after(moment)
    return count
