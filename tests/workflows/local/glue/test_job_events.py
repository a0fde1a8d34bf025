"""The events of job runs are those of AWS."""

import pytest

from tests.workflows.local.glue.test_runs import run
from workflows.local.glue.job_events import state_change

ERROR = 'OptionError: expected "a",\ngot \\'


@pytest.mark.parametrize(
    ("state", "severity", "message"),
    [
        ("SUCCEEDED", "INFO", "Job run succeeded"),
        ("FAILED", "ERROR", ERROR),
        ("TIMEOUT", "WARN", "Job run timed out"),
        ("STOPPED", "INFO", "Job run stopped"),
    ],
)
def test_an_event_has_the_members_that_aws_documents(state: str, severity: str, message: str) -> None:
    assert state_change(run(state=state, message=ERROR if state == "FAILED" else "")) == {
        "jobName": "check",
        "severity": severity,
        "state": state,
        "jobRunId": "jr_1",
        "message": message,
    }


def test_the_run_of_a_deleted_job_has_no_event() -> None:
    assert state_change(run(state="ERROR", message="no job")) is None
