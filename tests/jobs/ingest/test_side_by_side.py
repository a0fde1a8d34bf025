"""Work on several datasets at the same time: bounded, in sessions of its own, and apart in errors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import pytest

from jobs.ingest.side_by_side import AT_ONCE, Outcomes, work_on_each
from jobs.lake.names import Lake
from tests.crashing import Crashed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")
LAKE = Lake("none", "none_ops")
DATASETS = [f"dataset_{number}" for number in range(2 * AT_ONCE)]
SETTING = "spark.sql.shuffle.partitions"


class Meter:
    """Counts the works that are done at the same time, each of which waits a moment for others to begin."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._changed = threading.Condition()

    @contextmanager
    def counting(self, expected: int) -> Iterator[None]:
        with self._changed:
            self.now += 1
            self.most = max(self.most, self.now)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= expected, timeout=10)
        yield
        with self._changed:
            self.now -= 1


def test_few_small_datasets_and_one_large_one_are_worked_on_side_by_side(spark: "SparkSession") -> None:
    all_of_them, large = Meter(), Meter()
    large_ones = DATASETS[::3]

    def work(_: "SparkSession", dataset: str) -> str:
        with all_of_them.counting(AT_ONCE), large.counting(1) if dataset in large_ones else nullcontext():
            return dataset.upper()

    found = work_on_each(spark, LAKE, DATASETS, set(DATASETS) - set(large_ones), work)

    assert (all_of_them.most, large.most, found.errors) == (AT_ONCE, 1, {})
    assert list(found.results.items()) == [(name, name.upper()) for name in DATASETS]


def test_large_datasets_alone_are_worked_on_one_by_one_in_the_callers_session(spark: "SparkSession") -> None:
    found = work_on_each(spark, LAKE, DATASETS, (), lambda own, dataset: own is spark)

    assert found == Outcomes(dict.fromkeys(DATASETS, True))


def test_an_error_ends_its_dataset_alone_and_outcomes_are_in_the_order_of_the_datasets(
    spark: "SparkSession",
) -> None:
    class PanicException(BaseException):
        """As pyo3 raises it."""

    errors = [PanicException("a"), KeyError("b"), StopIteration(), MemoryError()]

    def work(_: "SparkSession", dataset: str) -> str:
        number = DATASETS.index(dataset)
        if number % 2:
            raise errors[number // 2]
        return dataset

    found = work_on_each(spark, LAKE, DATASETS, DATASETS, work)

    assert found == Outcomes(
        {name: name for name in DATASETS[::2]}, dict(zip(DATASETS[1::2], errors, strict=True))
    )
    assert list(found.errors) == DATASETS[1::2]


def test_what_ends_the_process_is_raised_and_no_other_work_begins(spark: "SparkSession") -> None:
    begun: list[str] = []

    def work(_: "SparkSession", dataset: str) -> None:
        begun.append(dataset)
        raise Crashed

    with pytest.raises(Crashed):
        work_on_each(spark, LAKE, DATASETS, DATASETS, work)

    assert 1 <= len(begun) <= AT_ONCE


@pytest.mark.parametrize("datasets", [DATASETS[:1], DATASETS], ids=["one", "several"])
def test_settings_and_views_of_a_dataset_are_those_of_no_other(
    spark: "SparkSession", datasets: list[str]
) -> None:
    spark.conf.set("glueline.test", "of all")
    before = spark.conf.get(SETTING)

    def work(own: "SparkSession", dataset: str) -> tuple[str | None, str | None, str | None, list[str]]:
        inherited = own.conf.get("glueline.test")
        if len(datasets) > 1:
            own.conf.set(SETTING, str(1 + datasets.index(dataset)))
        own.createDataFrame([(dataset,)], "name string").createOrReplaceTempView("tmp_view")
        names = [row["name"] for row in own.sql("SELECT name FROM tmp_view").collect()]
        pool = own.sparkContext.getLocalProperty("spark.scheduler.pool")
        return inherited, own.conf.get(SETTING), pool, names

    found = work_on_each(spark, LAKE, datasets, datasets, work)
    spark.conf.unset("glueline.test")

    assert found.errors == {}
    several = len(datasets) > 1
    for number, (name, result) in enumerate(found.results.items(), 1):
        inherited, setting, pool, names = result
        assert (inherited, setting, names) == ("of all", str(number) if several else before, [name])
        assert (pool is not None and pool.startswith("datasets-")) == several
    assert spark.conf.get(SETTING) == before
    assert spark.sparkContext.getLocalProperty("spark.scheduler.pool") is None


def test_the_callers_session_finds_what_the_others_wrote(spark: "SparkSession", lake: Lake) -> None:
    datasets = ["a", "b"]
    tables = {name: [lake.table(name), lake.changes(name)] for name in datasets}
    for table in (table for some in tables.values() for table in some):
        spark.sql(f"CREATE TABLE {table} (number int) USING iceberg")
        assert spark.table(table).count() == 0  # the session keeps the table as it is now

    def work(own: "SparkSession", dataset: str) -> None:
        for table in tables[dataset]:
            own.range(3).selectExpr("cast(id as int) AS number").writeTo(table).append()

    work_on_each(spark, lake, datasets, datasets, work)

    counts = {table: spark.table(table).count() for some in tables.values() for table in some}
    assert set(counts.values()) == {3}
