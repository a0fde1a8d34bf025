"""The tables of parity, and reads of other tables at one snapshot."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from jobs.lake.names import BATCHES, Lake
from jobs.parity.certificates import Certificate
from jobs.parity.compare import MISMATCH
from jobs.parity.tables import (
    PARITY_RESULTS,
    append_mismatches,
    create_parity_tables,
    current_ops_table,
    current_snapshot,
    delete_mismatches,
    mismatches_of,
    record_certificate,
)
from tests.jobs.parity.certificate_builders import comparison

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COMPARED = comparison()


def test_a_table_of_an_earlier_version_gets_the_columns_that_it_lacks(
    small_data_spark: "SparkSession", lake: Lake
) -> None:
    create_parity_tables(small_data_spark, lake)
    small_data_spark.sql(f"ALTER TABLE {lake.ops(PARITY_RESULTS)} DROP COLUMN erased")

    create_parity_tables(small_data_spark, lake)

    assert "erased" in small_data_spark.table(lake.ops(PARITY_RESULTS)).columns


def test_a_certificate_is_recorded_once(small_data_spark: "SparkSession", lake: Lake) -> None:
    create_parity_tables(small_data_spark, lake)

    for _ in range(2):
        record_certificate(small_data_spark, lake, Certificate.of(COMPARED, COMPARED.scanned_until))

    (row,) = small_data_spark.table(lake.ops(PARITY_RESULTS)).collect()
    assert (row["dataset"], row["suspects"], row["ok"], row["erased"]) == ("things", 3, True, [])


def test_the_mismatches_of_one_comparison_are_deleted_without_those_of_others(
    small_data_spark: "SparkSession", lake: Lake
) -> None:
    spark = small_data_spark
    create_parity_tables(spark, lake)
    later = replace(COMPARED, verified_through=COMPARED.verified_through + timedelta(microseconds=1))
    for compared, key in ((COMPARED, "1"), (later, "2")):
        mismatches = spark.createDataFrame([(key, True, True, 5, 1)], MISMATCH)
        assert append_mismatches(lake, mismatches, "things", compared.verified_through) == 1

    delete_mismatches(spark, lake, COMPARED)

    assert mismatches_of(spark, lake, COMPARED).count() == 0
    assert [tuple(row) for row in mismatches_of(spark, lake, later).collect()] == [("2", True, True, 5, 1)]


def test_a_table_that_does_not_exist_or_was_never_written_has_no_snapshot_and_no_rows(
    small_data_spark: "SparkSession", lake: Lake
) -> None:
    columns = "dataset string, door string"

    for name in ("no_such_table", BATCHES):
        assert current_snapshot(small_data_spark, lake.ops(name)) is None
        empty = current_ops_table(small_data_spark, lake, name, columns)
        assert (empty.columns, empty.count()) == (["dataset", "door"], 0)
