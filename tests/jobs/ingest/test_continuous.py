"""When rounds are made: at once after a quiet time, apart under a steady flow, and not beside a rewrite."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from jobs.ingest import continuous
from jobs.ingest.context import IngestContext
from jobs.ingest.continuous import CALM_SECONDS, MOST_SECONDS, Pace, Run, await_workflow, follow
from jobs.intake.attempts import Attempts
from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest
from jobs.lake.names import Lake
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(slots=True)
class Clock:
    """A clock that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@dataclass(slots=True)
class Jobs:
    """The other jobs that run, and whether the run is outdated."""

    active: set[str] = field(default_factory=set)
    outdated: bool = False

    def is_any_active(self, *jobs: str) -> bool:
        return bool(self.active.intersection(jobs))

    def is_outdated(self) -> bool:
        return self.outdated


@dataclass(slots=True)
class Paced:
    """A pace, its clock, its queue and the jobs beside it."""

    pace: Pace
    clock: Clock
    jobs: Jobs
    context: IngestContext

    def send(self) -> None:
        self.context.sqs.send_message(QueueUrl=self.context.queue_url, MessageBody="{}")


@pytest.fixture
def paced(batches: Batches, sqs: "SQSClient", queue_url: str, monkeypatch: pytest.MonkeyPatch) -> Paced:
    monkeypatch.setattr(continuous, "POLL_SECONDS", 1)
    spark: Any = None
    context = IngestContext(spark, Lake("lake", "ops"), batches, {}, sqs, queue_url, "Glueline/dev")
    clock, jobs = Clock(), Jobs()
    of_stack: Any = jobs
    return Paced(Pace(context, of_stack, 3, clock, clock.sleep), clock, jobs, context)


def test_the_first_event_after_a_quiet_time_is_taken_at_once(paced: Paced) -> None:
    assert not paced.pace.is_due()
    paced.send()

    assert paced.pace.is_due()
    assert paced.clock.slept == []


def test_under_a_steady_flow_rounds_begin_apart(paced: Paced) -> None:
    paced.send()
    begun = []
    for _ in range(9):
        if paced.pace.is_due():
            begun.append(paced.clock.now)

    assert begun == [1000, 1003, 1006]
    assert max(paced.clock.slept) <= 1  # it asks often whether the run is over


def test_an_open_batch_is_work_unless_it_failed_just_now(paced: Paced) -> None:
    paced.context.batches.open(Manifest("b1", SENT.isoformat()))
    assert paced.pace.is_due()

    paced.clock.now += 60
    resting: Any = Batches(paced.context.batches.s3, "lake", continuous.RETRY_PAUSE)
    resting.note_attempts("b1", Attempts().after(KeyError("a"), datetime.now(UTC)))
    context: Any = paced.context
    object.__setattr__(context, "batches", resting)

    assert not paced.pace.is_due()


@pytest.mark.parametrize("job", ["maintain", "erase"])
def test_beside_a_rewrite_rounds_are_as_far_apart_as_runs_of_the_workflow(paced: Paced, job: str) -> None:
    paced.send()
    assert paced.pace.is_due()
    paced.jobs.active = {job}

    while not paced.pace.is_due():
        pass

    assert paced.clock.now == 1000 + CALM_SECONDS


def test_other_jobs_change_nothing(paced: Paced) -> None:
    paced.send()
    assert paced.pace.is_due()
    paced.jobs.active = {"reconcile", "certify"}
    paced.clock.now += 3

    assert paced.pace.is_due()


def test_a_run_ends_between_two_rounds_when_it_is_outdated_or_old(capsys: pytest.CaptureFixture[str]) -> None:
    clock, jobs = Clock(), Jobs()
    of_stack: Any = jobs
    run = Run(of_stack, clock)
    assert not run.is_over()

    jobs.outdated = True
    assert run.is_over()
    jobs.outdated = False
    clock.now += MOST_SECONDS + 1
    assert run.is_over()

    assert "deployed again" in capsys.readouterr().out


def test_rounds_are_numbered_and_made_only_when_work_is_due() -> None:
    due, over, made = iter([False, True, False, True]), iter([False] * 4 + [True]), list[str]()

    assert follow(made.append, lambda: next(due), lambda: next(over)) == 2
    assert made == ["000001", "000002"]


def test_an_error_that_a_round_does_not_bound_ends_the_run() -> None:
    def act(number: str) -> None:
        raise OSError(number)

    with pytest.raises(OSError, match="000001"):
        follow(act, lambda: True, lambda: False)


def test_the_first_round_waits_for_runs_of_the_workflow() -> None:
    waits: list[float] = []
    jobs = Jobs({"merge"})

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        jobs.active.clear()

    of_stack: Any = jobs
    await_workflow(of_stack, sleep)

    assert len(waits) == 1
