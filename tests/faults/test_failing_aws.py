"""Calls of `check` and `merge` that fail: S3 and SQS, and the Glue catalog with what Iceberg makes of it.

The job's own clients, the Python workers of its Spark and Iceberg's clients go through the proxy. A run that
fails is run again, as Glue does; one that got over the fault by itself is too, which changes nothing.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs.lake import Lake
from tests.faults.conftest import Survived
from tests.faults.proxy import FAILURES, Call, Fault, Proxy, proxied
from tests.faults.world import State, World, land_all

pytestmark = pytest.mark.xdist_group("failing AWS")  # whose tests share the clean runs
JOBS = ("check", "merge")
FOLDER, GLUE = "glue_catalog", "failing"  # catalogs: the tests' own, and AWS Glue's through the proxy
WAREHOUSE = "failing-warehouse"
HIDDEN_SECONDS = 3  # for which a run that died hides its messages
FAULTS = {fault.name: fault for fault in FAILURES}

type Calls = dict[str, list[Call]]


@pytest.fixture(scope="module")
def proxy(aws: str, quick: SparkSession) -> Iterator[Proxy]:
    """A proxy that all AWS clients of the jobs go through."""
    environment = quick.sparkContext.environment
    with proxied(aws) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", proxy.url)
        patch.setenv("AWS_MAX_ATTEMPTS", "2")  # as many as it takes to see that there are some
        patch.setitem(environment, "AWS_ENDPOINT_URL", proxy.url)  # of Python workers
        patch.setattr("jobs.intake.HIDDEN_SECONDS", HIDDEN_SECONDS)
        boto3.client("s3").create_bucket(Bucket=WAREHOUSE)
        set_glue_catalog(quick, proxy.url)
        yield proxy


def set_glue_catalog(spark: SparkSession, endpoint: str) -> None:
    """A catalog as the template has it: Iceberg's GlueCatalog and S3FileIO."""
    settings = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".warehouse": f"s3://{WAREHOUSE}",
        ".glue.endpoint": endpoint,
        ".s3.endpoint": endpoint,
        ".s3.path-style-access": "true",
        ".client.region": "us-east-1",
        ".cache-enabled": "false",
    }
    for name, value in settings.items():
        spark.conf.set(f"spark.sql.catalog.{GLUE}{name}", value)


@dataclass
class Trials:
    """Lives of small lakes in which calls fail, and in which none does."""

    spark: SparkSession
    proxy: Proxy
    _clean: dict[str, tuple[Calls, State]] = field(default_factory=dict)

    def clean(self, catalog: str = FOLDER) -> tuple[Calls, State]:
        """What the jobs ask for, and what they end in, when nothing fails."""
        if catalog not in self._clean:
            world, calls = World(self.spark, catalog), {}
            land_all(world)
            with in_catalog(catalog):
                for job in JOBS:
                    with self.proxy.recording() as made:
                        world.run(job)
                    calls[job] = made
            self._clean[catalog] = calls, once(world.state())
        return self._clean[catalog]

    def fail(self, job: str, call: Call, fault: Fault, catalog: str = FOLDER) -> State:
        """Let the call of the job fail, run the jobs until nothing waits; what that ends in."""
        world = World(self.spark, catalog)
        land_all(world)
        with in_catalog(catalog):
            for before in JOBS[: JOBS.index(job)]:
                world.run(before)
            with (
                self.proxy.failing(call, fault),
                suppress(ClientError, BotoCoreError, Py4JJavaError, PySparkException),
            ):
                world.run(job)
            assert self.proxy.hits > 0
            work(world)
            if world.waiting():
                time.sleep(HIDDEN_SECONDS)
                work(world)
        return once(world.state())


def work(world: World) -> None:
    """Run both jobs to their ends."""
    for job in JOBS:
        world.run(job)


@contextmanager
def in_catalog(catalog: str) -> Iterator[None]:
    """Let the jobs find their tables in that catalog."""
    with pytest.MonkeyPatch.context() as patch:
        for job in JOBS:
            patch.setattr(f"jobs.{job}.Lake", partial(Lake, catalog=catalog))
        yield


def once(state: State) -> State:
    """Without what a file that two batches read leaves twice: counts and quarantine are by batch."""
    twice = ("batches", "quarantine", "quality_results")
    kept = {name: sorted(set(rows)) if name.endswith(twice) else rows for name, rows in state.items()}
    return {name: rows for name, rows in kept.items() if name != "files"}


def of(calls: Sequence[Call], *services: str) -> list[Call]:
    """The calls of these services."""
    return [call for call in calls if call.operation.startswith(services)]


@pytest.fixture(scope="module")
def trials(quick: SparkSession, proxy: Proxy) -> Trials:
    return Trials(quick, proxy)


SAMPLE = (
    ("check", Call("s3.PutObject", 2), "answered 503 from then on"),  # the manifest
    ("check", Call("amazonsqs.DeleteMessageBatch", 1), "reset from then on"),
    ("merge", Call("s3.DeleteObject", 1), "reset after the effect"),
)


@pytest.mark.parametrize(("job", "call", "name"), SAMPLE, ids=str)
def test_a_job_whose_call_fails_and_that_is_run_again_ends_as_if_it_had_not(
    trials: Trials, survived: Survived, job: str, call: Call, name: str
) -> None:
    _, state = trials.clean()

    assert trials.fail(job, call, FAULTS[name]) == state
    survived(f"{job}: {name}")


@pytest.mark.deep
@pytest.mark.parametrize("fault", FAILURES, ids=str)
@pytest.mark.parametrize("job", JOBS)
def test_a_job_any_of_whose_calls_fails_ends_as_if_it_had_not(
    trials: Trials, survived: Survived, subtests: pytest.Subtests, job: str, fault: Fault
) -> None:
    calls, state = trials.clean()
    for call in of(calls[job], "s3.", "amazonsqs."):
        with subtests.test(call=str(call)):
            assert trials.fail(job, call, fault) == state
            survived(f"{job}: {fault}")


# The client's own attempts used up: Iceberg does not know whether it has committed, and has to find out.
COMMITS = (
    ("check", "reset after the effect from then on"),
    *(
        pytest.param(job, name, marks=pytest.mark.deep)
        for job, name in (("merge", "reset after the effect from then on"), ("merge", "reset from then on"))
    ),
)


@pytest.mark.parametrize(("job", "name"), COMMITS, ids=str)
def test_a_commit_to_the_glue_catalog_that_fails_or_whose_answer_is_lost_happens_once(
    trials: Trials, survived: Survived, job: str, name: str
) -> None:
    _, state = trials.clean(GLUE)

    assert trials.fail(job, Call("awsglue.UpdateTable", 1), FAULTS[name], GLUE) == state
    survived(f"catalog, {job}: {name}")


@pytest.mark.deep
@pytest.mark.parametrize("fault", FAILURES, ids=str)
@pytest.mark.parametrize("job", JOBS)
def test_any_call_of_the_glue_catalog_may_fail(
    trials: Trials, survived: Survived, subtests: pytest.Subtests, job: str, fault: Fault
) -> None:
    calls, state = trials.clean(GLUE)
    for call in of(calls[job], "awsglue."):
        with subtests.test(call=str(call)):
            assert trials.fail(job, call, fault, GLUE) == state
            survived(f"catalog, {job}: {fault}")
