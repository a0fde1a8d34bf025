"""Each job killed at each of its steps, by SIGKILL and with its JVM, and run again: nothing is lost or twice.

Every run of the pipeline goes from landed objects to certificates; in each the jobs are killed at other
steps. The steps are those of a run without a kill. Each run has to end in the state of that run, which is
what the model says.
"""

from collections.abc import Mapping

import pytest
from pyspark.sql import SparkSession

from tests.crashing import Kill, Moment
from tests.faults.conftest import Survived
from tests.faults.pipeline import STREAMING, PipelineFixture, State
from tests.faults.pipeline_runs import WRITERS, PipelineRun, RunJob, land_input, run_pipeline, undisturbed

# They share an undisturbed run.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults of jobs")]

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


def kills_at(run: PipelineRun, number: int, moment: Moment) -> dict[str, Kill]:
    """A kill at the step of that number for each job that has so many steps."""
    return {job: Kill(number, moment) for job, steps in run.steps.items() if number <= len(steps)}


def kill_after(run: PipelineRun, job: str, end: str) -> Kill:
    """A kill after the job's first step whose name ends so."""
    return Kill(next(number for number, name in enumerate(run.steps[job], 1) if name.endswith(end)), "after")


def killed(kills: Mapping[str, Kill]) -> RunJob:
    """Runs jobs to their ends, after these have been killed once."""

    def run(pipeline: PipelineFixture, job: str) -> None:
        if job in kills:
            pipeline.kill(job, kills[job])
        pipeline.run(job)

    return run


def rows_of_tables(state: State) -> dict[str, int]:
    return {name.rpartition(".")[2]: len(rows) for name, rows in state.items() if "." in name}


@pytest.mark.deep
def test_a_run_without_a_kill_ends_in_what_the_model_says(small_data_spark: SparkSession) -> None:
    state = undisturbed(small_data_spark).state
    # Five are of earlier runs, for `maintain` to compact.
    assert rows_of_tables(state) == {**WRITTEN, "quality_results": 7, "parity_results": 1}
    assert [row for row in state["pipeline_ops.parity_results"] if "missing=['31198570044,7']" in row]
    assert (state["open"], state["messages"]) == ([], 0)
    assert state["raw"] == ["drops/unknown/a.csv"]  # which no batch has read
    assert state["files"]["pipeline_ops.quality_results"] == 1


def test_a_run_in_which_jobs_are_killed_ends_as_one_without_a_kill(
    small_data_spark: SparkSession, survived: Survived
) -> None:
    clean = undisturbed(small_data_spark, WRITERS)
    assert rows_of_tables(clean.state) == WRITTEN
    kills = {job: kill_after(clean, job, "transactions") for job in WRITERS}
    pipeline = PipelineFixture(small_data_spark)

    run_pipeline(pipeline, killed(kills), WRITERS)

    assert pipeline.state() == clean.state
    for job in kills:
        survived(f"killed: {job}")


def test_a_streaming_job_that_is_killed_in_a_round_ends_as_check_and_merge_do(
    small_data_spark: SparkSession, survived: Survived
) -> None:
    clean = undisturbed(small_data_spark, WRITERS)
    pipeline = PipelineFixture(small_data_spark)
    land_input(pipeline)

    pipeline.kill(STREAMING, kill_after(clean, "check", "done"))  # between check and merge
    assert pipeline.batches.to_merge() == pipeline.batches.begun() != []
    pipeline.end_visibility_timeouts()
    pipeline.run(STREAMING)

    assert pipeline.state() == clean.state
    survived(f"killed: {STREAMING}")


@pytest.mark.deep
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_streaming_job_killed_at_any_step_ends_as_if_it_had_not_been(
    small_data_spark: SparkSession, subtests: pytest.Subtests, survived: Survived, moment: Moment
) -> None:
    clean = undisturbed(small_data_spark, (STREAMING,))
    assert clean.state == undisturbed(small_data_spark, WRITERS).state
    for number, step in enumerate(clean.steps[STREAMING], 1):
        with subtests.test(step=step):
            pipeline = PipelineFixture(small_data_spark)
            land_input(pipeline)

            pipeline.kill(STREAMING, Kill(number, moment))
            pipeline.end_visibility_timeouts()
            pipeline.run(STREAMING)

            assert pipeline.state() == clean.state
            survived(f"killed: {STREAMING}")


@pytest.mark.deep
@pytest.mark.parametrize("moment", ["before", "after"])
def test_jobs_killed_at_any_step_and_run_again_end_as_if_they_had_not_been(
    small_data_spark: SparkSession, subtests: pytest.Subtests, survived: Survived, moment: Moment
) -> None:
    clean = undisturbed(small_data_spark)
    for number in range(1, 1 + max(map(len, clean.steps.values()))):
        kills = kills_at(clean, number, moment)
        with subtests.test(**{job: clean.steps[job][number - 1] for job in kills}):
            pipeline = PipelineFixture(small_data_spark)

            run_pipeline(pipeline, killed(kills))

            assert pipeline.state() == clean.state
            for job in kills:
                survived(f"killed: {job}")
