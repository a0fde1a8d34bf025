"""Rules that hold for every sequence of requests, events, ends of scripts and passing time."""

from collections import Counter
from contextlib import suppress
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.local.glue.builders import NOON, ask, glue
from workflows.local.glue.engine import Glue
from workflows.local.glue.errors import ConcurrentRunsExceeded
from workflows.local.glue.runs import Launch

STEPS = st.lists(
    st.one_of(
        st.just("event"),
        st.just("request"),
        st.sampled_from(["begin", "succeed", "fail"]),
        st.floats(1, 400).map(lambda seconds: f"{seconds:.1f}"),
    ),
    max_size=60,
)


def play(steps: list[str], max_concurrent_runs: int) -> tuple[Glue, list[str], float]:
    """A Glue after the steps, the events it received, and the time."""
    made = glue(MaxConcurrentRuns=max_concurrent_runs)
    now, events = NOON, []
    launches: list[Launch] = []
    names = count(1)
    for step in steps:
        match step:
            case "event":
                events.append(f"e{next(names)}")
                made.receive_event("flow", events[-1], now)
            case "request":
                with suppress(ConcurrentRunsExceeded):
                    ask(made, "StartWorkflowRun", now, Name="flow")
            case "begin" if launches:
                made.job_running(launches[0].run.id, now)
            case "succeed" | "fail" if launches:
                made.job_ended(launches.pop(0).run.id, None if step == "succeed" else "no", now)
            case "begin" | "succeed" | "fail":
                pass
            case seconds:
                now += float(seconds)
                made.tick(now)
        launches += [command for command in made.take_commands() if isinstance(command, Launch)]
        check_invariants(made, max_concurrent_runs)
    return made, events, now


def check_invariants(made: Glue, max_concurrent_runs: int) -> None:
    assert sum(run.is_active for run in made.workflow_runs.values()) <= max_concurrent_runs
    active = Counter(run.job.name for run in made.job_runs.values() if run.is_active)
    assert all(number <= 1 for number in active.values())
    for run in made.workflow_runs.values():
        assert run.is_active == any(job_run.is_active for job_run in run.job_runs)
        jobs = [job_run.job.name for job_run in run.job_runs]
        assert jobs in ([], ["check"], ["check", "merge"])
        if "merge" in jobs:
            assert run.ended()["check"] == "SUCCEEDED"


@given(STEPS, st.integers(1, 3))
def test_runs_never_exceed_their_limits_and_merge_only_follows_a_good_check(
    steps: list[str], max_concurrent_runs: int
) -> None:
    play(steps, max_concurrent_runs)


@given(STEPS, st.integers(1, 3))
def test_every_event_belongs_to_exactly_one_run_once_its_window_is_over(
    steps: list[str], max_concurrent_runs: int
) -> None:
    made, events, now = play(steps, max_concurrent_runs)

    made.tick(now + 60)

    batches = [run.properties.get("aws:eventIds", "[]") for run in made.workflow_runs.values()]
    seen = [event for batch in batches for event in batch.strip("[]").split(", ") if event]
    assert seen == events


@given(STEPS, st.integers(1, 3))
def test_the_same_history_gives_the_same_runs(steps: list[str], max_concurrent_runs: int) -> None:
    first, second = (play(steps, max_concurrent_runs)[0] for _ in range(2))

    answers = [ask(made, "GetWorkflowRuns", Name="flow", IncludeGraph=True) for made in (first, second)]
    assert answers[0] == answers[1]
