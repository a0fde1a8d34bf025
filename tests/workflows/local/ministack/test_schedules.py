"""When schedules fire, which of them start jobs, and that they do it as their roles."""

import json
import logging
import time
from typing import Any

import pytest

from tests.workflows.local.glue.builders import NOON, IdleRunner, add_job, glue
from tests.workflows.local.ministack.roles import allow, make_role
from workflows.local.glue.service import GlueService
from workflows.local.ministack.schedules import FiringTimes, start_job, startable
from workflows.stack.target import Target

ROLE = "arn:aws:iam::000000000000:role/starts"
PATIENCE_SECONDS = 30


def schedule(**changed: Any) -> dict[str, Any]:
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:glue:startJobRun",
        "RoleArn": ROLE,
        "Input": json.dumps({"JobName": "stream"}),
    }
    usual = {
        "Name": "always",
        "Arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/always",
        "ScheduleExpression": "rate(1 minute)",
        "LastModificationDate": 1.0,
        "State": "ENABLED",
        "Target": target,
    }
    return {**usual, **changed}


def firings(times: FiringTimes, one: dict[str, Any], seconds: range) -> list[int]:
    return [second for second in seconds if times.due([one], NOON + second)]


def test_a_rate_fires_at_once_and_then_at_its_pace() -> None:
    assert firings(FiringTimes(), schedule(), range(150)) == [0, 60, 120]


def test_without_the_timing_of_aws_it_fires_within_seconds() -> None:
    assert firings(FiringTimes(longest=5), schedule(), range(12)) == [0, 5, 10]


def test_a_cron_fires_at_its_minutes_only() -> None:
    hourly = schedule(ScheduleExpression="cron(2 * * * ? *)")

    assert firings(FiringTimes(), hourly, range(0, 3780, 60)) == [120, 3720]


def test_one_that_was_missed_fires_once() -> None:
    times = FiringTimes()
    times.due([schedule()], NOON)

    assert [len(times.due([schedule()], NOON + second)) for second in (600, 601)] == [1, 0]


def test_one_that_was_changed_or_made_again_fires_anew() -> None:
    times = FiringTimes()
    times.due([schedule()], NOON)

    assert times.due([schedule(LastModificationDate=2.0)], NOON + 1)
    assert times.due([], NOON + 2) == []
    assert times.due([schedule(LastModificationDate=2.0)], NOON + 3)


def test_only_enabled_schedules_of_jobs_start_them() -> None:
    function = {**schedule()["Target"], "Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"}

    found = startable([schedule(State="DISABLED"), schedule(Target=function), schedule()])

    assert found == [schedule()]


def streaming_service() -> tuple[GlueService, IdleRunner]:
    made, runner = glue(), IdleRunner()
    add_job(made, "stream")
    return GlueService(made, runner, lambda: NOON), runner


def test_a_start_during_a_run_is_refused_without_a_trace() -> None:
    service, runner = streaming_service()

    for _ in range(3):
        start_job(service, None, schedule())

    assert runner.launched == ["stream"]
    assert len(service.call("GetJobRuns", {"JobName": "stream"})["JobRuns"]) == 1


def test_a_run_that_has_ended_is_followed_by_the_next() -> None:
    service, runner = streaming_service()
    start_job(service, None, schedule())
    (run,) = service.call("GetJobRuns", {"JobName": "stream"})["JobRuns"]

    service.ended(run["Id"], "Spark died (SIGKILL)")
    start_job(service, None, schedule())

    assert runner.launched == ["stream", "stream"]


@pytest.mark.parametrize(
    ("refused", "name", "reason"),
    [
        (lambda *asked: asked[2][0], "stream", "its role may not glue:StartJobRun"),
        (lambda *_: None, "gone", "Job gone not found"),
    ],
)
def test_what_can_not_be_started_is_logged(
    caplog: pytest.LogCaptureFixture, refused: Any, name: str, reason: str
) -> None:
    service, runner = streaming_service()
    target = {**schedule()["Target"], "Input": json.dumps({"JobName": name})}

    with caplog.at_level(logging.INFO, "glueline.schedules"):
        start_job(service, refused, schedule(Target=target))

    assert caplog.messages == [f"schedule always started nothing: {reason}"]
    assert runner.launched == []


def test_a_schedule_of_the_embedded_aws_starts_its_job_as_its_role(embedded_aws: str) -> None:
    target = Target("us-east-1", {}, embedded_aws)
    glue_api, scheduler = target.client("glue"), target.client("scheduler")
    for job in ("allowed", "refused"):
        glue_api.create_job(Name=job, Role="r", Command={"ScriptLocation": "s3://code/jobs/none.py"})
    may = allow("glue:StartJobRun", "arn:aws:glue:us-east-1:000000000000:job/allowed")
    role = make_role(embedded_aws, "starts-jobs", may)
    for job in ("refused", "allowed"):
        scheduler.create_schedule(
            Name=job,
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={**schedule()["Target"], "RoleArn": role, "Input": json.dumps({"JobName": job})},
        )

    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (runs := glue_api.get_job_runs(JobName="allowed")["JobRuns"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for job in ("refused", "allowed"):
        scheduler.delete_schedule(Name=job)

    assert runs
    assert glue_api.get_job_runs(JobName="refused")["JobRuns"] == []
