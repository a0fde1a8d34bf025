"""Runs of jobs and workflows as values."""

from tests.workflows.local.glue.builders import NOON
from workflows.local.glue.definitions import Job, read_job
from workflows.local.glue.runs import JobRun, WorkflowRun

JOB = read_job({"Name": "check", "Command": {"ScriptLocation": "s3://code/check.py"}})


def run(job: Job = JOB, **more: object) -> JobRun:
    return JobRun("jr_1", job, {}, timeout_minutes=5, started_on=NOON, **more)  # type: ignore[arg-type]


def test_time_counts_from_the_start_of_the_script_and_only_while_it_runs() -> None:
    assert run().times_out_at is None
    assert run(state="RUNNING", running_since=NOON + 60).times_out_at == NOON + 360
    assert run(state="SUCCEEDED", running_since=NOON + 60).times_out_at is None


def test_a_retry_is_a_new_run_with_the_next_attempt_in_its_id() -> None:
    first = run(state="FAILED", running_since=NOON, ended_on=NOON + 9, message="no")

    second = first.retry(JOB, NOON + 10)
    third = second.retry(JOB, NOON + 20)

    assert [(one.id, one.attempt, one.previous) for one in (second, third)] == [
        ("jr_1_attempt_1", 1, "jr_1"),
        ("jr_1_attempt_2", 2, "jr_1_attempt_1"),
    ]
    assert (second.state, second.running_since, second.ended_on, second.message) == (
        "STARTING",
        None,
        None,
        "",
    )


def test_a_run_outside_a_workflow_has_no_arguments_of_one() -> None:
    assert run().arguments() == {"--JOB_NAME": "check", "--JOB_RUN_ID": "jr_1"}


def test_a_job_that_is_being_retried_has_not_ended() -> None:
    failed = run(state="FAILED")
    workflow_run = WorkflowRun("wr_1", "flow", {}, NOON, job_runs=[failed])
    assert workflow_run.ended() == {"check": "FAILED"}

    workflow_run.job_runs.append(failed.retry(JOB, NOON))

    assert workflow_run.ended() == {}


def test_a_run_continues_its_workflow_run_once_another_script_of_it_has_begun() -> None:
    flow = WorkflowRun("wr_1", "ingest", {}, NOON)
    first, second = run(workflow_run=flow), run(workflow_run=flow)
    flow.job_runs += [first, second]
    assert not second.continues_a_run

    first.running_since = NOON

    assert second.continues_a_run
    assert not first.continues_a_run
    assert not run().continues_a_run
