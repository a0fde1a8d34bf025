"""Fires the schedules of EventBridge Scheduler that start Glue jobs, which MiniStack can't start.

A rate counts from the creation of a schedule, at which it fires for the first time
(https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html). A schedule starts its job as its
role. What Glue refuses, because a run is active, is lost: the template's schedule does not try again.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from workflows.local.glue.errors import ConcurrentRunsExceeded, GlueError
from workflows.local.glue.schedule import Cron, Rate, parse_schedule
from workflows.local.glue.service import GlueService
from workflows.local.ministack.internals import require

log = logging.getLogger("glueline.schedules")

type Schedule = Mapping[str, Any]  # as MiniStack stores it
type Refused = Callable[[str, str, Iterable[str], str], str | None]  # as `acting_roles.refused`

SOON_SECONDS: Final = 5.0  # without AWS's timing, between two firings at most
_LOOK_SECONDS: Final = 0.5
_START_JOB: Final = re.compile(r"arn:aws[\w-]*:scheduler:::aws-sdk:glue:startJobRun")


@dataclass(slots=True)
class FiringTimes:
    """When each schedule fires next."""

    longest: float | None = None  # seconds between two firings, whatever a schedule says
    _next: dict[Hashable, float] = field(default_factory=dict)

    def due(self, schedules: Iterable[Schedule], now: float) -> list[Schedule]:
        """The schedules that fire now. One that was missed several times fires once."""
        found: list[Schedule] = []
        following: dict[Hashable, float] = {}
        for schedule in schedules:
            key = (schedule["Arn"], schedule["ScheduleExpression"], str(schedule["LastModificationDate"]))
            times = parse_schedule(schedule["ScheduleExpression"])
            at = self._next.get(key, now if isinstance(times, Rate) else self._after(times, now))
            if at <= now:
                found.append(schedule)
                at = self._after(times, now)
            following[key] = at
        self._next = following
        return found

    def _after(self, times: Rate | Cron, now: float) -> float:
        at = times.next_after(datetime.fromtimestamp(now, UTC))
        usual = float("inf") if at is None else at.timestamp()
        return usual if self.longest is None else min(usual, now + self.longest)


def start_jobs_of_schedules(service: GlueService, refused: Refused | None, *, as_aws: bool) -> None:
    """Fire these schedules in place of MiniStack, which fires no others then: the template has none.

    `refused` decides what roles may do; without it they may do everything.
    """
    from ministack.services import scheduler

    for name in ("_tick_schedules", "_SCHEDULE_TICK_INTERVAL"):
        require(scheduler, name)
    stored, times = require(scheduler, "_schedules"), FiringTimes(None if as_aws else SOON_SECONDS)

    def tick() -> None:
        for schedule in times.due(startable(list(stored._data.values())), time.time()):
            start_job(service, refused, schedule)

    scheduler._tick_schedules, scheduler._SCHEDULE_TICK_INTERVAL = tick, _LOOK_SECONDS


def startable(schedules: Iterable[Schedule]) -> list[Schedule]:
    """The schedules that are enabled and start a job; the template has no others."""
    return [
        one for one in schedules if one["State"] == "ENABLED" and _START_JOB.fullmatch(one["Target"]["Arn"])
    ]


def start_job(service: GlueService, refused: Refused | None, schedule: Schedule) -> None:
    """Start the job of a schedule as its role, unless a run is active."""
    target = schedule["Target"]
    request, role = json.loads(target["Input"]), target["RoleArn"]
    job = f"arn:aws:glue:us-east-1:{role.split(':')[4]}:job/{request['JobName']}"
    if refused and (action := refused(role, "scheduler", ("glue:StartJobRun",), job)):
        log.warning("schedule %s started nothing: its role may not %s", schedule["Name"], action)
        return
    try:
        run = service.call("StartJobRun", request)["JobRunId"]
    except ConcurrentRunsExceeded:
        return
    except GlueError as error:
        log.warning("schedule %s started nothing: %s", schedule["Name"], error)
        return
    log.info("schedule %s started job %s: run %s", schedule["Name"], request["JobName"], run)
