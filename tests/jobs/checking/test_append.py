"""Each table gets the rows of a batch once, and a batch that does not add up fails."""

from collections.abc import Sequence
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.checking.append import BatchDoesNotAddUp, append_quarantine, file_counts
from jobs.checking.batch_records import append_counts_of_quarantine, is_recorded
from jobs.checking.checked_dataset import CheckedDataset
from jobs.intake.manifest import Manifest, Refused
from jobs.intake.results import FileCount
from jobs.lake.names import BATCHES, QUARANTINE, Lake
from tests.jobs.builders import SENT, manifest_file
from tests.jobs.checking.batches import append, changes, checked, parsed, put

pytestmark = pytest.mark.usefixtures("small_data_spark")

REFUSED = Refused("new.xlsx", "intake: expected another file", "the message")
MANIFEST = Manifest("b1", SENT.isoformat(), (manifest_file("drops/things/a.csv"),), (REFUSED,))


def rows(spark: SparkSession, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in spark.table(table).select(*columns).orderBy("source_file").collect()]


def half_rejected(spark: SparkSession) -> CheckedDataset:
    """Two rows, of which one is rejected."""
    reasons = F.when(F.col("number") == 2, F.array(F.lit("rule: why"))).otherwise(F.col("reasons"))
    return checked(parsed(spark, [put(1), put(2)]).withColumn("reasons", reasons), quarantined=1)


def test_a_batch_of_known_changes_alone_leaves_its_mark_and_no_row(spark: SparkSession, lake: Lake) -> None:
    append(spark, lake, "b1", [put(1)])
    append(spark, lake, "b2", [put(1)])
    append(spark, lake, "b2", [put(1)])

    assert changes(spark, lake) == [("a,1", "upsert", "b1")]


def test_a_batch_that_comes_again_with_other_rows_does_not_add_up(spark: SparkSession, lake: Lake) -> None:
    append(spark, lake, "b1", [put(1), put(2)])

    with pytest.raises(BatchDoesNotAddUp, match=r"expected 3 rows .* got 2"):
        append(spark, lake, "b1", [put(1), put(2), put(3)])


def test_rejected_rows_and_refused_messages_are_in_quarantine_once(spark: SparkSession, lake: Lake) -> None:
    dataset = half_rejected(spark)
    assert not is_recorded(spark, lake, MANIFEST)

    for _ in range(2):
        append_quarantine(spark, lake, MANIFEST, [dataset], SENT)

    assert rows(spark, lake.ops(QUARANTINE), "dataset", "reasons", "source_file", "batch_id") == [
        (None, [REFUSED.reason], "new.xlsx", "b1"),
        ("events", ["rule: why"], "s3://raw/file", "b1"),
    ]
    assert is_recorded(spark, lake, MANIFEST)
    append_counts_of_quarantine(spark, lake, MANIFEST, SENT)
    assert rows(spark, lake.ops(BATCHES), "dataset", "source_file", "rows_read", "quarantined") == [
        (None, "new.xlsx", 1, 1),
        ("events", "s3://raw/file", 1, 1),
    ]


@pytest.mark.parametrize("datasets", [(), None], ids=["none", "one"])
def test_a_refused_message_counts_as_one_row(
    spark: SparkSession, datasets: Sequence[CheckedDataset] | None
) -> None:
    some = [half_rejected(spark)] if datasets is None else datasets

    counts = file_counts(MANIFEST, some)

    assert counts[-1] == FileCount(None, "new.xlsx", None, 1, 0, 1)
    assert len(counts) == 1 + len(some)
