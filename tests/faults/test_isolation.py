"""Whatever is raised for a dataset, in any step: the others continue, and nothing is lost.

Each run of the pipeline has a lasting fault of one dataset. The other dataset must end as without the fault
in the first run. The dataset with the fault must be set aside with the reason when its attempts are used up,
its counts must add up, and it must end as without the fault when an operator retries it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.errors import AnalysisException, PySparkValueError
from pyspark.sql import SparkSession

from expectations.problems import RetryableError
from jobs.ingest import check_batch, merge_batches
from jobs.ingest.failures import RunFailed
from jobs.lake.evolution import EvolutionRefused
from jobs.lake.names import BATCHES, QUARANTINE
from jobs.merging import steps
from tests.crashing import Crashed
from tests.faults.pipeline import DATASETS, PipelineFixture, State
from tests.faults.pipeline_runs import WRITERS, land_input, undisturbed
from tests.properties import examples
from workflows.operations.batches import reopen

# They share an undisturbed run.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults of jobs")]
ATTEMPTS = 2  # enough to see that there are some
EXAMPLES = examples(1, deep=40)


class PanicException(BaseException):
    """Stands for the error of pyo3 at a panic in Rust, which is no Exception."""


class FaultyStep(NamedTuple):
    """A function that a job calls for a dataset, and how its arguments name the dataset."""

    module: Any
    name: str
    datasets_of: Callable[..., list[str]]

    def __str__(self) -> str:
        return f"{self.module.__name__}.{self.name}"


def of_contract(*arguments: Any) -> list[str]:
    return [one.dataset for one in arguments if hasattr(one, "key") and hasattr(one, "dataset")]


def of_checked(*arguments: Any) -> list[str]:
    found = [one for one in arguments if hasattr(one, "verdict")]
    found += [one for some in arguments if isinstance(some, list) for one in some if hasattr(one, "verdict")]
    return [one.contract.dataset for one in found]


STEPS = (
    FaultyStep(check_batch, "bring_to_contract", of_contract),
    FaultyStep(check_batch, "check_dataset", of_contract),
    FaultyStep(check_batch, "append_changes", of_checked),
    FaultyStep(check_batch, "append_quarantine", of_checked),
    FaultyStep(check_batch, "append_results", of_checked),
    FaultyStep(merge_batches, "merge_changes", of_contract),
    FaultyStep(steps, "conditions_on_rows", of_contract),
    FaultyStep(steps, "merge_rows", of_contract),
)
ERRORS: tuple[BaseException, ...] = (
    KeyError("a key"),
    ValueError("no value"),
    RuntimeError(),
    AssertionError(),
    MemoryError(),
    RecursionError(),
    StopIteration(),
    PanicException("called unwrap on None"),
    EvolutionRefused("column amount: expected long, got int"),
    PySparkValueError("a value"),
    AnalysisException("[UNRESOLVED_COLUMN] of 'colour'"),
    ClientError({"Error": {"Code": "AccessDenied", "Message": "denied"}}, "PutObject"),
)


class Fault(NamedTuple):
    """What is raised for a dataset at a step, before or after the step has done its work."""

    step: FaultyStep
    dataset: str
    error: BaseException
    is_after: bool

    def __str__(self) -> str:
        when = "after" if self.is_after else "before"
        return f"{type(self.error).__name__} {when} {self.step} of {self.dataset}"


@contextmanager
def raised(fault: Fault) -> Iterator[None]:
    """Inside, the step raises whenever it is called for the dataset."""
    work = getattr(fault.step.module, fault.step.name)

    def step(*arguments: Any, **named: Any) -> Any:
        is_hit = fault.dataset in fault.step.datasets_of(*arguments, *named.values())
        if is_hit and not fault.is_after:
            raise fault.error
        done = work(*arguments, **named)
        if is_hit:
            raise fault.error
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fault.step.module, fault.step.name, step)
        patch.setattr("jobs.intake.attempts.MOST", ATTEMPTS)
        yield


def run(pipeline: PipelineFixture, *, fails: bool = False) -> list[str]:
    """Run both jobs. Returns the errors that they ended with."""
    errors = []
    for job in WRITERS:
        try:
            pipeline.run(job)
        except RunFailed as error:
            errors.append(str(error))
    assert bool(errors) == fails, errors
    return errors


def of_dataset(state: State, dataset: str) -> dict[str, Any]:
    """The part of the state that belongs to a dataset."""
    tombstones = [row for row in state["pipeline_ops.tombstones"] if f"'{dataset}'" in row]
    return {
        "rows": state[f"pipeline.{dataset}"],
        "changes": state[f"pipeline.{dataset}_changes"],
        "tombstones": tombstones,
    }


def assert_adds_up(pipeline: PipelineFixture) -> None:
    """Every batch has as many rows in quarantine as its counts say."""
    counts = pipeline.spark.table(pipeline.lake.ops(BATCHES)).collect()
    assert all(row["rows_read"] == row["accepted"] + row["quarantined"] for row in counts)
    quarantined = Counter[str]()
    for row in counts:
        quarantined[row["batch_id"]] += row["quarantined"]
    rows = pipeline.spark.table(pipeline.lake.ops(QUARANTINE)).collect()
    assert +quarantined == Counter(row["batch_id"] for row in rows)


def reasons_of(pipeline: PipelineFixture, batch_id: str) -> set[str]:
    rows = pipeline.spark.table(pipeline.lake.ops(QUARANTINE)).where(f"batch_id = '{batch_id}'").collect()
    return {reason for row in rows for reason in row["reasons"]}


def assert_isolated(spark: SparkSession, fault: Fault) -> None:
    """Run the pipeline with the fault, from landed objects to the end of the fault."""
    clean = undisturbed(spark, WRITERS).state
    other = next(name for name in DATASETS if name != fault.dataset)
    pipeline = PipelineFixture(spark)
    land_input(pipeline)
    with raised(fault):
        errors = run(pipeline, fails=True)
        assert any(fault.dataset in error and type(fault.error).__name__ in error for error in errors), errors
        for _ in range(ATTEMPTS):
            if pipeline.batches.aside():
                break
            run(pipeline, fails=True)
        # A step for both datasets fails for both, once; then each dataset has a batch of its own.
        assert of_dataset(pipeline.state(), other) == of_dataset(clean, other)
        [aside] = pipeline.batches.aside()
        assert pipeline.batches.manifest(aside).datasets == [fault.dataset]
        assert pipeline.batches.begun() == []
        assert_adds_up(pipeline)
        assert any(
            reason.startswith("set aside: ") and f"glueline batches retry {aside}" in reason
            for reason in reasons_of(pipeline, aside)
        )
        run(pipeline)  # a run with nothing to do succeeds

    reopen(pipeline.batches, pipeline.batches.manifest(aside), datetime.now(UTC))
    run(pipeline)

    state = pipeline.state()
    for dataset in DATASETS:
        assert of_dataset(state, dataset) == of_dataset(clean, dataset)
    assert (state["open"], pipeline.batches.aside(), pipeline.batches.failing()) == ([], [], [])
    assert_adds_up(pipeline)


faults = st.builds(
    Fault, st.sampled_from(STEPS), st.sampled_from(DATASETS), st.sampled_from(ERRORS), st.booleans()
)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(STEPS[2], "products", PanicException("unwrap"), is_after=True),
        Fault(STEPS[7], "transactions", AnalysisException("[UNRESOLVED_COLUMN]"), is_after=False),
    ],
    ids=str,
)
def test_a_fault_of_a_dataset_that_stays_is_bounded_to_it_and_set_aside(
    small_data_spark: SparkSession, fault: Fault
) -> None:
    assert_isolated(small_data_spark, fault)


@pytest.mark.deep
@settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(fault=faults)
def test_any_fault_of_a_dataset_at_any_step_is_bounded_to_it(
    small_data_spark: SparkSession, fault: Fault
) -> None:
    assert_isolated(small_data_spark, fault)


def test_a_failure_of_aws_uses_no_attempt_up(small_data_spark: SparkSession) -> None:
    clean = undisturbed(small_data_spark, WRITERS).state
    pipeline = PipelineFixture(small_data_spark)
    land_input(pipeline)
    fault = Fault(STEPS[1], "products", RetryableError("s3://raw/a: ClientError: SlowDown"), is_after=False)
    with raised(fault):
        for _ in range(ATTEMPTS + 1):
            run(pipeline, fails=True)
        assert pipeline.batches.aside() == []
        assert of_dataset(pipeline.state(), "transactions") == of_dataset(clean, "transactions")

    run(pipeline)

    assert of_dataset(pipeline.state(), "products") == of_dataset(clean, "products")
    assert (pipeline.batches.begun(), pipeline.batches.failing()) == ([], [])


def test_a_batch_that_ends_the_process_is_set_aside_too(small_data_spark: SparkSession) -> None:
    pipeline = PipelineFixture(small_data_spark)
    land_input(pipeline)

    with raised(Fault(STEPS[2], "transactions", Crashed(), is_after=False)):
        for _ in range(ATTEMPTS + 1):
            with suppress(Crashed):
                pipeline.run("check")
        pipeline.land("drops/products/late.csv", b"")  # new work is done all the same
        with pytest.raises(RunFailed, match="the run ended without an error"):
            pipeline.run("check")

    assert len(pipeline.batches.aside()) == 1
    assert_adds_up(pipeline)
