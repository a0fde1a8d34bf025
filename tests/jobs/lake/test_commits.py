"""An append happens once for each batch."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from jobs.lake.commits import append_once, committing, find_commit
from jobs.lake.names import BATCHES, Lake
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")


def counts(spark: "SparkSession", lake: Lake, *files: str) -> "DataFrame":
    rows = [("b", "things", file, "drop", 1, 1, 0, SENT, 0) for file in files]
    return spark.createDataFrame(rows, spark.table(lake.ops(BATCHES)).schema)


def test_a_batch_is_appended_once_and_counted_each_time(spark: "SparkSession", lake: Lake) -> None:
    table = lake.ops(BATCHES)

    got = [
        append_once(counts(spark, lake, "a", "b"), table, "b1", SENT),
        append_once(counts(spark, lake, "c"), table, "b2", SENT),
        append_once(counts(spark, lake, "a", "b"), table, "b1", SENT),
    ]

    assert got == [2, 1, 2]
    assert spark.table(table).count() == 3


def test_a_statement_can_carry_the_ids_of_several_batches(spark: "SparkSession", lake: Lake) -> None:
    table = lake.ops(BATCHES)
    counts(spark, lake, "a").createOrReplaceTempView("counts")

    with committing(spark, ["b1", "b2"]):
        spark.sql(f"INSERT INTO {table} SELECT * FROM counts")
    spark.sql(f"INSERT INTO {table} SELECT * FROM counts")

    found = [find_commit(spark, table, batch_id, SENT) is not None for batch_id in ("b1", "b2", "b3")]
    assert found == [True, True, False]


def test_snapshots_older_than_the_batch_are_not_searched(spark: "SparkSession", lake: Lake) -> None:
    table = lake.ops(BATCHES)
    append_once(counts(spark, lake, "a"), table, "b1", SENT)

    assert find_commit(spark, table, "b1", SENT + timedelta(days=365 * 100)) is None
