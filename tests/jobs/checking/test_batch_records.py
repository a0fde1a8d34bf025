"""The tables that datasets share have rows about each file of a batch that is set aside."""

from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.checking.batch_records import append_set_aside
from jobs.intake.manifest import Manifest, Refused
from jobs.lake.names import BATCHES, QUARANTINE, Lake
from tests.jobs.builders import SENT, manifest_file

pytestmark = pytest.mark.usefixtures("small_data_spark")

REFUSED = Refused("new.xlsx", "intake: expected another file", "the message")
MANIFEST = Manifest("b1", SENT.isoformat(), (manifest_file("drops/things/a.csv"),), (REFUSED,))


def rows(spark: SparkSession, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in spark.table(table).select(*columns).orderBy("source_file").collect()]


def test_each_file_of_a_batch_that_is_set_aside_is_rejected_with_the_reason(
    spark: SparkSession, lake: Lake
) -> None:
    append_set_aside(spark, lake, MANIFEST, "set aside: KeyError", SENT)

    assert rows(spark, lake.ops(QUARANTINE), "reasons", "source_file") == [
        ([REFUSED.reason], "new.xlsx"),
        (["set aside: KeyError"], "s3://raw/drops/things/a.csv"),
    ]
    assert rows(spark, lake.ops(BATCHES), "source_file", "rows_read", "accepted", "quarantined") == [
        ("new.xlsx", 1, 0, 1),
        ("s3://raw/drops/things/a.csv", 1, 0, 1),
    ]
