"""The service carries out what the state machine decides, and advances its time."""

import logging
import threading

import pytest

from tests.workflows.local.glue.builders import NOON, IdleRunner, add_job, glue
from workflows.local.glue.errors import EntityNotFound
from workflows.local.glue.runs import JobRun
from workflows.local.glue.service import GlueService

PATIENCE = 10


def test_a_launched_run_is_given_to_the_runner_and_its_end_starts_the_next() -> None:
    runner = IdleRunner()
    service = GlueService(glue(), runner, lambda: NOON)
    run_id = service.call("StartWorkflowRun", {"Name": "flow"})["RunId"]
    assert runner.launched == ["check"]

    (check,) = service.call("GetJobRuns", {"JobName": "check"})["JobRuns"]
    service.running(check["Id"])
    service.ended(check["Id"], None)

    assert runner.launched == ["check", "merge"]
    run = service.call("GetWorkflowRun", {"Name": "flow", "RunId": run_id})["Run"]
    assert run["Statistics"]["SucceededActions"] == 1


def test_the_end_of_a_run_is_announced() -> None:
    service, announced = GlueService(glue(), IdleRunner(), lambda: NOON), list[dict[str, str]]()
    service.announce = announced.append
    run_id = service.call("StartJobRun", {"JobName": "check"})["JobRunId"]

    service.ended(run_id, "ValueError: no")

    assert [(one["jobRunId"], one["state"], one["message"]) for one in announced] == [
        (run_id, "FAILED", "ValueError: no")
    ]


def test_a_job_that_is_deployed_again_is_newer_than_its_run() -> None:
    now = iter([NOON, NOON + 1, NOON + 2, NOON + 3])
    service = GlueService(glue(), IdleRunner(), lambda: next(now))
    run_id = service.call("StartJobRun", {"JobName": "check"})["JobRunId"]

    service.deployed_again("check")

    job = service.call("GetJob", {"JobName": "check"})["Job"]
    run = service.call("GetJobRun", {"JobName": "check", "RunId": run_id})["JobRun"]
    assert job["LastModifiedOn"] > run["StartedOn"]


def test_a_refused_request_raises_and_the_service_continues() -> None:
    service = GlueService(glue(), IdleRunner(), lambda: NOON)

    with pytest.raises(EntityNotFound):
        service.call("GetJob", {"JobName": "none"})
    assert service.call("ListWorkflows", {}) == {"Workflows": ["flow"]}


def test_a_dropped_event_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    service = GlueService(glue(), IdleRunner(), lambda: NOON)

    with caplog.at_level(logging.INFO, "glueline.glue"):
        service.deliver("other", "e1")

    assert caplog.messages == ["event e1 dropped: workflow other has no EVENT trigger"]


def test_time_starts_what_is_due_and_ends_what_takes_too_long() -> None:
    now = [NOON]
    done = threading.Event()

    class Runner(IdleRunner):
        def launch(self, run: JobRun) -> None:
            super().launch(run)
            done.set()

        def kill(self, run_id: str) -> None:
            super().kill(run_id)
            done.set()

    made, runner = glue(), Runner()
    add_job(made, "slow", Timeout=5)
    service = GlueService(made, runner, lambda: now[0])
    threading.Thread(target=service.keep_time, daemon=True).start()

    service.deliver("flow", "e1")
    now[0] += 60
    service.call("ListWorkflows", {})  # any call makes the clock look again
    assert done.wait(PATIENCE)
    assert runner.launched == ["check"]

    run_id = service.call("StartJobRun", {"JobName": "slow"})["JobRunId"]
    done.clear()
    service.running(run_id)
    now[0] += 300
    service.call("ListWorkflows", {})
    assert done.wait(PATIENCE)
    assert runner.killed == [run_id]
