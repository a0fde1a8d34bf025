"""The same work on several datasets at the same time: on a few small ones, and on one large one.

For a small dataset the driver plans longer than Spark computes, and its tasks leave cores free. So a few
threads take the small datasets one by one. The cached rows of a large dataset need memory: one thread takes
all large ones, beside the small ones.

Each thread has a session of its own. Settings, temporary views (Great Expectations gives all of them one
name) and the catalog's cache of tables belong to a session, so that the work on a dataset changes none of
them for another. It also has a pool of its own of Spark's FAIR scheduler, so that a stage of many tasks does
not keep other datasets from starting theirs.
"""

import queue
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyspark import InheritableThread
from pyspark.sql import SparkSession

from jobs.lake.iceberg import forget_tables
from jobs.lake.names import Lake
from jobs.lake.session import sibling
from jobs.runtime.failures import ENDINGS

AT_ONCE = 4  # threads: more of them only wait for each other, in Python and in Spark's planner

type Work[Result] = Callable[[SparkSession, str], Result]


@dataclass(slots=True)
class Outcomes[Result]:
    """What the work on each dataset returned, or what it raised."""

    results: dict[str, Result] = field(default_factory=dict)
    errors: dict[str, BaseException] = field(default_factory=dict)

    def attempt(self, work: Work[Result], spark: SparkSession, dataset: str) -> None:
        """Do the work on one dataset. Raises only what ends the process."""
        try:
            self.results[dataset] = work(spark, dataset)
        except ENDINGS:
            raise
        except BaseException as error:  # noqa: BLE001 -- whatever it is, it ends this dataset alone
            self.errors[dataset] = error

    def in_order(self, datasets: Iterable[str]) -> "Outcomes[Result]":
        """The same in the order of the datasets, whichever was done first."""
        names = list(datasets)
        return Outcomes(_picked(self.results, names), _picked(self.errors, names))


def work_on_each[Result](
    spark: SparkSession, lake: Lake, datasets: Sequence[str], small: Collection[str], work: Work[Result]
) -> Outcomes[Result]:
    """Do the work on each dataset, with the session that it is given. An error ends its dataset alone.

    `small` are the datasets on several of which work may be done at the same time. What ends the process is
    raised when the work that has begun is done; no other work begins.
    """
    found: Outcomes[Result] = Outcomes()
    lanes = _lanes(datasets, small)
    if len(lanes) > 1:
        _work_side_by_side(spark, lake, lanes, work, found)
    else:
        for dataset in datasets:
            found.attempt(work, spark, dataset)
    return found.in_order(datasets)


def _lanes(datasets: Iterable[str], small: Collection[str]) -> "list[queue.SimpleQueue[str]]":
    """What each thread takes its datasets from: the first from large ones, if any, the others from small."""
    of_large: queue.SimpleQueue[str] = queue.SimpleQueue()
    of_small: queue.SimpleQueue[str] = queue.SimpleQueue()
    for dataset in datasets:
        (of_small if dataset in small else of_large).put(dataset)
    lanes = [of_large] if of_large.qsize() else []
    return lanes + [of_small] * min(AT_ONCE - len(lanes), of_small.qsize())


def _work_side_by_side[Result](
    spark: SparkSession,
    lake: Lake,
    lanes: "Sequence[queue.SimpleQueue[str]]",
    work: Work[Result],
    found: Outcomes[Result],
) -> None:
    endings: list[BaseException] = []

    def take(waiting: "queue.SimpleQueue[str]", pool: str) -> None:
        try:
            spark.sparkContext.setLocalProperty("spark.scheduler.pool", pool)
            own = sibling(spark)
            while not endings:
                found.attempt(work, own, waiting.get_nowait())
        except queue.Empty:
            pass
        except BaseException as ending:  # noqa: BLE001 -- raised by the thread that waits for this one
            endings.append(ending)

    named = [(lane, f"datasets-{number}") for number, lane in enumerate(lanes)]
    threads = [
        InheritableThread(target=take, name=name, args=(lane, name), session=spark) for lane, name in named
    ]
    begun: list[InheritableThread] = []
    try:
        for thread in threads:
            thread.start()
            begun.append(thread)
    finally:  # no work goes on behind the caller
        for thread in begun:
            thread.join()
    # This session may have loaded the tables before other sessions wrote to them.
    forget_tables(spark, lake.of_datasets([*found.results, *found.errors]))
    if endings:
        raise endings[0]


def _picked[Value](values: Mapping[str, Value], names: Iterable[str]) -> dict[str, Value]:
    return {name: values[name] for name in names if name in values}
