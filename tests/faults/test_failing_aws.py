"""Calls of the jobs that fail: to S3, SQS, DynamoDB, and the Glue catalog with what Iceberg makes of it.

The job's own clients, the Python workers of its Spark and Iceberg's clients go through the proxy. A run that
fails is repeated, as Glue does. A run that recovered by itself is repeated too, which changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs.ingest.failures import RunFailed
from jobs.lake.names import Lake
from tests.faults.conftest import Survived
from tests.faults.pipeline import PipelineFixture, State
from tests.faults.pipeline_runs import JOBS, WRITERS, RunJob, run_pipeline, undisturbed
from tests.faults.proxy import FAILURES, Call, Fault, Proxy, proxied
from tests.sessions import set_glue_catalog

# They share an undisturbed run.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults of jobs")]
FOLDER, GLUE = "glue_catalog", "failing"  # catalogs: the tests' own, and AWS Glue's through the proxy
WAREHOUSE = "failing-warehouse"
FAILED = (ClientError, BotoCoreError, Py4JJavaError, PySparkException, RunFailed)  # what a job may end with
FAULTS = {fault.name: fault for fault in FAILURES}

type Calls = dict[str, list[Call]]
type Plans = Mapping[str, tuple[Call, Fault]]  # by job


@pytest.fixture(scope="module")
def proxy(aws: str, small_data_spark: SparkSession) -> Iterator[Proxy]:
    """A proxy for all AWS clients of the jobs."""
    environment = small_data_spark.sparkContext.environment
    with proxied(aws) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", proxy.url)
        patch.setenv("AWS_MAX_ATTEMPTS", "2")  # as many as it takes to see that there are some
        patch.setitem(environment, "AWS_ENDPOINT_URL", proxy.url)  # of Python workers
        boto3.client("s3").create_bucket(Bucket=WAREHOUSE)
        set_glue_catalog(small_data_spark, GLUE, proxy.url, WAREHOUSE, {".cache-enabled": "false"})
        yield proxy


@dataclass
class FaultRuns:
    """Runs of the pipeline in which calls fail, and in which none does."""

    spark: SparkSession
    proxy: Proxy
    _clean: dict[tuple[Sequence[str], str], tuple[Calls, State]] = field(default_factory=dict)

    def clean(self, jobs: Sequence[str], catalog: str = FOLDER) -> tuple[Calls, State]:
        """The calls of the jobs, and the state at the end, when nothing fails."""
        if (jobs, catalog) not in self._clean:
            calls: Calls = {}

            def run(pipeline: PipelineFixture, job: str) -> None:
                with self.proxy.recording() as calls[job]:
                    pipeline.run(job)

            self._clean[jobs, catalog] = calls, self._end_of(run, jobs, catalog)
        return self._clean[jobs, catalog]

    def fail(self, jobs: Sequence[str], plans: Plans, catalog: str = FOLDER) -> State:
        """Inject the planned fault into a call of each job, and run the job again. Returns the end state."""

        def run(pipeline: PipelineFixture, job: str) -> None:
            if job in plans:
                with self.proxy.failing(*plans[job]), suppress(*FAILED):
                    pipeline.run(job)
                assert self.proxy.hits > 0, f"{job} did not make the call"
                pipeline.end_visibility_timeouts()
            pipeline.run(job)

        return self._end_of(run, jobs, catalog)

    def _end_of(self, run: RunJob, jobs: Sequence[str], catalog: str) -> State:
        pipeline = PipelineFixture(self.spark, catalog)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("jobs.ingest.context.Lake", partial(Lake, catalog=catalog))
            run_pipeline(pipeline, run, jobs)
        return once(pipeline.state())


def once(state: State) -> State:
    """The state with rows once that a file leaves twice if two batches read it: counts and quarantine."""
    twice = ("batches", "quarantine", "quality_results")
    kept = {name: sorted(set(rows)) if name.endswith(twice) else rows for name, rows in state.items()}
    return {name: rows for name, rows in kept.items() if name != "files"}


@pytest.fixture(scope="module")
def fault_runs(small_data_spark: SparkSession, proxy: Proxy) -> FaultRuns:
    return FaultRuns(small_data_spark, proxy)


def turns(calls: Calls, turn: int) -> Iterator[Plans]:
    """Plans in which every call fails once, one call of each job a run; in all turns, by every failure."""
    for number in range(max(map(len, calls.values()))):
        fault = FAILURES[(number + turn) % len(FAILURES)]
        yield {job: (made[number], fault) for job, made in calls.items() if number < len(made)}


def described(plans: Plans) -> dict[str, str]:
    return {job: f"{call} {fault}" for job, (call, fault) in plans.items()}


def test_jobs_whose_calls_fail_and_that_are_run_again_end_as_if_they_had_not(
    fault_runs: FaultRuns, survived: Survived
) -> None:
    state = once(undisturbed(fault_runs.spark, WRITERS).state)
    plans = {
        "check": (Call("s3.PutObject", 2), FAULTS["answered 503 from then on"]),  # the manifest
        "merge": (Call("s3.DeleteObject", 1), FAULTS["reset after the effect"]),
    }

    assert fault_runs.fail(WRITERS, plans) == state
    for job, (_, fault) in plans.items():
        survived(f"{job}: {fault}")


@pytest.mark.deep
@pytest.mark.parametrize("turn", range(len(FAILURES)))
def test_jobs_any_of_whose_calls_fail_end_as_if_they_had_not(
    fault_runs: FaultRuns, survived: Survived, subtests: pytest.Subtests, turn: int
) -> None:
    calls, state = fault_runs.clean(JOBS)
    for plans in turns(calls, turn):
        with subtests.test(**described(plans)):
            assert fault_runs.fail(JOBS, plans) == state
            for job, (_, fault) in plans.items():
                survived(f"{job}: {fault}")


# The attempts of the client are used up: Iceberg has to find out whether it has committed.
COMMITS = (
    ("check", "reset after the effect from then on"),
    ("merge", "reset after the effect from then on"),
    ("merge", "reset from then on"),
)


@pytest.mark.deep
@pytest.mark.parametrize(("job", "name"), COMMITS, ids=str)
def test_a_commit_to_the_glue_catalog_that_fails_or_whose_answer_is_lost_happens_once(
    fault_runs: FaultRuns, survived: Survived, job: str, name: str
) -> None:
    _, state = fault_runs.clean(WRITERS, GLUE)

    assert fault_runs.fail(WRITERS, {job: (Call("awsglue.UpdateTable", 1), FAULTS[name])}, GLUE) == state
    survived(f"catalog, {job}: {name}")


@pytest.mark.deep
@pytest.mark.parametrize("turn", range(len(FAILURES)))
def test_any_calls_of_the_glue_catalog_may_fail(
    fault_runs: FaultRuns, survived: Survived, subtests: pytest.Subtests, turn: int
) -> None:
    calls, state = fault_runs.clean(WRITERS, GLUE)
    of_catalog = {
        job: [call for call in made if call.operation.startswith("awsglue.")] for job, made in calls.items()
    }
    for plans in turns(of_catalog, turn):
        with subtests.test(**described(plans)):
            assert fault_runs.fail(WRITERS, plans, GLUE) == state
            for job, (_, fault) in plans.items():
                survived(f"catalog, {job}: {fault}")
