"""A run finds out whether its job was deployed again, and which other jobs run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.ingest.stack_jobs import StackJobs

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class NotFound(Exception):
    """Stands for EntityNotFoundException."""


class Glue:
    """The jobs of a stack `dev-2`: when `follow` was changed, and the states of runs."""

    class exceptions:
        EntityNotFoundException = NotFound

    def __init__(self, changed: datetime | None = None, **states: list[str]) -> None:
        self.changed = changed
        self.states = states

    def get_job(self, JobName: str) -> Any:
        if self.changed is None:
            raise NotFound(JobName)
        return {"Job": {"Name": JobName, "LastModifiedOn": self.changed}}

    def get_job_runs(self, JobName: str, MaxResults: int) -> Any:
        name = JobName.removeprefix("dev-2-")
        if name not in self.states:
            raise NotFound(JobName)
        return {"JobRuns": [{"JobRunState": state} for state in self.states[name]]}


@pytest.mark.parametrize(
    ("changed", "is_outdated"),
    [(NOON - timedelta(seconds=1), False), (NOON + timedelta(seconds=1), True), (None, True)],
    ids=["deployed before", "deployed again", "deleted"],
)
def test_a_run_is_outdated_if_its_job_was_changed_after_its_start(
    changed: datetime | None, is_outdated: bool
) -> None:
    assert StackJobs(Glue(changed), "dev-2-follow", NOON).is_outdated() == is_outdated


def test_only_runs_that_have_not_ended_are_active() -> None:
    glue = Glue(check=["SUCCEEDED", "FAILED"], merge=["STOPPING", "SUCCEEDED"])
    jobs = StackJobs(glue, "dev-2-follow", NOON)

    found = {job: jobs.is_any_active(job) for job in ("check", "merge", "erase")}

    assert found == {"check": False, "merge": True, "erase": False}
    assert jobs.is_any_active("check", "merge")
