"""`merge` beside `check`: AWS starts it when the first attempt of check failed, while the second runs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyspark.sql import SparkSession

from jobs.ingest import check_batch
from jobs.runtime import log
from tests.crashing import crash_at
from tests.faults.pipeline import PipelineFixture
from tests.faults.pipeline_runs import WRITERS, land_input, undisturbed

# They share an undisturbed run.
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults of jobs")]


@contextmanager
def merge_at_each_step(pipeline: PipelineFixture) -> Iterator[list[str]]:
    """Inside, all of `merge` runs before each step of a batch of `check`; the names of those steps."""
    met, step = list[str](), log.step
    is_merging = False

    @contextmanager
    def meeting(name: str, **fields: object) -> Iterator[None]:
        nonlocal is_merging
        if name.startswith("batch ") and not is_merging:
            met.append(name)
            is_merging = True
            pipeline.run("merge")
            is_merging = False
        with step(name, **fields):
            yield

    loaded = [module for name, module in sys.modules.items() if name.startswith("jobs.")]
    with pytest.MonkeyPatch.context() as patch:
        for module in loaded:
            if getattr(module, "step", None) is step:
                patch.setattr(module, "step", meeting)
        yield met


def test_merge_beside_a_second_attempt_of_check_changes_nothing(small_data_spark: SparkSession) -> None:
    clean = undisturbed(small_data_spark, WRITERS)
    pipeline = PipelineFixture(small_data_spark)
    land_input(pipeline)

    with crash_at(check_batch, "append_quarantine"):  # the changes of all datasets are appended
        pipeline.run("check")
    with merge_at_each_step(pipeline) as met:
        pipeline.run("check")
    pipeline.run("merge")

    assert len(met) >= len(("tables", "products", "transactions", "quarantine", "data docs", "done"))
    assert pipeline.state() == clean.state
