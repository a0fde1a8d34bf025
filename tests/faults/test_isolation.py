"""Whatever is raised for a dataset, in whatever step: the others go on, and nothing is lost.

Each life of a lake has a fault that stays for a dataset. The other dataset must end as without it in the
first run; the one with the fault must be set aside with the reason when its attempts are used up, add up, and
end as without the fault when it is taken up again.
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
from jobs import check, merge
from jobs.checking import append as record_batch
from jobs.checking.set_aside import RunFailed
from jobs.intake.manifest import Manifest
from jobs.lake.evolution import EvolutionRefused
from jobs.lake.names import BATCHES, QUARANTINE, Lake
from jobs.merging import steps
from tests.faults.world import WRITERS, State, World, land_all, undisturbed
from workflows.operations.batches import reopen

pytestmark = pytest.mark.xdist_group("faults of jobs")  # which share an undisturbed life
DATASETS = ("products", "transactions")
LATE = "drops/products/late.csv"
ATTEMPTS = 2  # enough to see that there are some
EXAMPLES = 40 if settings.get_current_profile_name() == "deep" else 1


class PanicException(BaseException):
    """As pyo3 raises it for a panic in Rust: no Exception."""


class Step(NamedTuple):
    """A function that a job calls for a dataset, and how its arguments name that."""

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
    Step(check, "bring_to_contract", of_contract),
    Step(check, "check_dataset", of_contract),
    Step(check, "append_changes", of_checked),
    Step(check, "append_quarantine", of_checked),
    Step(check, "append_results", of_checked),
    Step(merge, "merge_changes", of_contract),
    Step(steps, "conditions_on_rows", of_contract),
    Step(steps, "merge_rows", of_contract),
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

    step: Step
    dataset: str
    error: BaseException
    is_after: bool

    def __str__(self) -> str:
        when = "after" if self.is_after else "before"
        return f"{type(self.error).__name__} {when} {self.step} of {self.dataset}"


@contextmanager
def raised(fault: Fault) -> Iterator[None]:
    """Inside, the step raises whenever it is about the dataset."""
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


def run(world: World, *, fails: bool = False) -> list[str]:
    """Both jobs; the errors that they ended with."""
    errors = []
    for job in WRITERS:
        try:
            world.run(job)
        except RunFailed as error:
            errors.append(str(error))
    assert bool(errors) == fails, errors
    return errors


def of_dataset(state: State, dataset: str) -> dict[str, Any]:
    """What the lake holds of a dataset."""
    tombstones = [row for row in state["world_ops.tombstones"] if f"'{dataset}'" in row]
    return {
        "rows": state[f"world.{dataset}"],
        "changes": state[f"world.{dataset}_changes"],
        "tombstones": tombstones,
    }


def assert_adds_up(world: World) -> None:
    """In every batch as many rows are in quarantine as its counts say."""
    counts = world.spark.table(world.lake.ops(BATCHES)).collect()
    assert all(row["rows_read"] == row["accepted"] + row["quarantined"] for row in counts)
    quarantined = Counter[str]()
    for row in counts:
        quarantined[row["batch_id"]] += row["quarantined"]
    rows = world.spark.table(world.lake.ops(QUARANTINE)).collect()
    assert +quarantined == Counter(row["batch_id"] for row in rows)


def reasons_of(world: World, batch_id: str) -> set[str]:
    rows = world.spark.table(world.lake.ops(QUARANTINE)).where(f"batch_id = '{batch_id}'").collect()
    return {reason for row in rows for reason in row["reasons"]}


def assert_isolated(spark: SparkSession, fault: Fault) -> None:
    """The life of a lake with the fault, from landed objects to the end of the fault."""
    clean = undisturbed(spark, WRITERS).state
    other = next(name for name in DATASETS if name != fault.dataset)
    world = World(spark)
    land_all(world)
    with raised(fault):
        errors = run(world, fails=True)
        assert any(fault.dataset in error and type(fault.error).__name__ in error for error in errors), errors
        for _ in range(ATTEMPTS):
            if world.batches.aside():
                break
            run(world, fails=True)
        # What the datasets share may fail for both, once: then each has a batch of its own.
        assert of_dataset(world.state(), other) == of_dataset(clean, other)
        [aside] = world.batches.aside()
        assert world.batches.manifest(aside).datasets == [fault.dataset]
        assert world.batches.begun() == []
        assert_adds_up(world)
        assert any(
            reason.startswith("set aside: ") and f"glueline batches retry {aside}" in reason
            for reason in reasons_of(world, aside)
        )
        run(world)  # a run with nothing to do is a good run

    reopen(world.batches, world.batches.manifest(aside), datetime.now(UTC))
    run(world)

    state = world.state()
    for dataset in DATASETS:
        assert of_dataset(state, dataset) == of_dataset(clean, dataset)
    assert (state["open"], world.batches.aside(), world.batches.failing()) == ([], [], [])
    assert_adds_up(world)


faults = st.builds(
    Fault, st.sampled_from(STEPS), st.sampled_from(DATASETS), st.sampled_from(ERRORS), st.booleans()
)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(STEPS[2], "products", PanicException("unwrap"), is_after=True),
        Fault(STEPS[3], "transactions", KeyError("a key"), is_after=True),
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


def test_a_failure_of_aws_uses_no_attempt_up(
    small_data_spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = undisturbed(small_data_spark, WRITERS).state
    world = World(small_data_spark)
    land_all(world)
    fault = Fault(STEPS[1], "products", RetryableError("s3://raw/a: ClientError: SlowDown"), is_after=False)
    with raised(fault):
        for _ in range(ATTEMPTS + 1):
            run(world, fails=True)
        assert world.batches.aside() == []
        assert of_dataset(world.state(), "transactions") == of_dataset(clean, "transactions")

    run(world)

    assert of_dataset(world.state(), "products") == of_dataset(clean, "products")
    assert (world.batches.begun(), world.batches.failing()) == ([], [])


def test_a_batch_that_ends_the_process_is_set_aside_too(
    small_data_spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(small_data_spark)
    land_all(world)

    append = record_batch.append_changes

    def killed(lake: Lake, manifest: Manifest, *rest: Any) -> None:
        if manifest.files[0].key == LATE:
            append(lake, manifest, *rest)
        else:
            raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(check, "append_changes", killed)
        patch.setattr("jobs.intake.attempts.MOST", ATTEMPTS)
        for _ in range(ATTEMPTS + 1):
            with suppress(SystemExit):
                world.run("check")
        world.land(LATE, b"")  # new work is done all the same
        with pytest.raises(RunFailed, match="the run ended without an error"):
            world.run("check")

    assert len(world.batches.aside()) == 1
    assert_adds_up(world)
