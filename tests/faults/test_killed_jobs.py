"""Each job killed at each of its steps, by SIGKILL and with its JVM, and run again: nothing is lost or twice.

Every life of a lake goes from landed objects to certificates; in each the jobs are killed at other steps. The
steps are those of a life without a kill, what that ends in is what all have to end in, and is what the model
says.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pytest
from pyspark.sql import SparkSession

from tests.faults.conftest import Survived
from tests.faults.world import WRITERS, Life, Run, State, World, live, undisturbed

pytestmark = pytest.mark.xdist_group("faults of jobs")  # which share an undisturbed life

# Rows of each table, as the model has them.
WRITTEN = {
    "products": 8,
    "products_changes": 8,
    "transactions": 4,
    "transactions_changes": 7,
    "tombstones": 1,
    "quarantine": 4,
    "batches": 4,
    "quality_results": 2,
}


class Kill(NamedTuple):
    """Where a job dies: at a step of this number, counted from 1, before or after it."""

    number: int
    moment: str


def kills_at(life: Life, number: int, moment: str) -> dict[str, Kill]:
    """One at the step of that number for each job that has so many."""
    return {job: Kill(number, moment) for job, steps in life.steps.items() if number <= len(steps)}


def kill_after(life: Life, job: str, end: str) -> Kill:
    """One after the job's first step whose name ends so."""
    return Kill(next(number for number, name in enumerate(life.steps[job], 1) if name.endswith(end)), "after")


def killed(kills: Mapping[str, Kill]) -> Run:
    """Runs jobs to their ends, after these have been killed once."""

    def run(world: World, job: str) -> None:
        if job in kills:
            world.kill(job, *kills[job])
        world.run(job)

    return run


def rows_of_tables(state: State) -> dict[str, int]:
    return {name.rpartition(".")[2]: len(rows) for name, rows in state.items() if "." in name}


@pytest.mark.deep
def test_a_life_without_a_kill_ends_in_what_the_model_says(small_data_spark: SparkSession) -> None:
    state = undisturbed(small_data_spark).state
    # Five are of earlier runs, for `maintain` to compact.
    assert rows_of_tables(state) == {**WRITTEN, "quality_results": 7, "parity_results": 1}
    assert [row for row in state["world_ops.parity_results"] if "missing=['31198570044,7']" in row]
    assert (state["open"], state["waiting"]) == ([], 0)
    assert state["raw"] == ["drops/unknown/a.csv"]  # which no batch has read
    assert state["files"]["world_ops.quality_results"] == 1


def test_a_life_in_which_jobs_are_killed_ends_as_one_without_a_kill(
    small_data_spark: SparkSession, survived: Survived
) -> None:
    clean = undisturbed(small_data_spark, WRITERS)
    assert rows_of_tables(clean.state) == WRITTEN
    kills = {job: kill_after(clean, job, "transactions") for job in WRITERS}
    world = World(small_data_spark)

    live(world, killed(kills), WRITERS)

    assert world.state() == clean.state
    for job in kills:
        survived(f"killed: {job}")


@pytest.mark.deep
@pytest.mark.parametrize("moment", ["before", "after"])
def test_jobs_killed_at_any_step_and_run_again_end_as_if_they_had_not_been(
    small_data_spark: SparkSession, subtests: pytest.Subtests, survived: Survived, moment: str
) -> None:
    clean = undisturbed(small_data_spark)
    for number in range(1, 1 + max(map(len, clean.steps.values()))):
        kills = kills_at(clean, number, moment)
        with subtests.test(**{job: clean.steps[job][number - 1] for job in kills}):
            world = World(small_data_spark)

            live(world, killed(kills))

            assert world.state() == clean.state
            for job in kills:
                survived(f"killed: {job}")
