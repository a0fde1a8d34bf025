"""A frame as Great Expectations takes it: nothing is read, cached or stored."""

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from jobs.lake.session import sibling
from jobs.quality.gx_batch import batch_of, engine_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_a_batch_is_made_without_reading_its_rows(small_data_spark: "SparkSession") -> None:
    rows = small_data_spark.range(3).select(F.raise_error(F.lit("read")).cast("int").alias("number"))

    assert batch_of(rows, "things").data is not None
    assert not rows.is_cached


def test_expectations_are_evaluated_on_the_rows(small_data_spark: "SparkSession") -> None:
    from great_expectations.expectations.registry import get_expectation_impl

    batch = batch_of(small_data_spark.range(3), "things")
    between: Any = get_expectation_impl("expect_column_values_to_be_between")

    result = batch.validate(between(column="id", min_value=0, max_value=1))

    assert engine_of(batch).dataframe.count() == 3
    assert (result.success, result.result["partial_unexpected_list"]) == (False, [2])


def test_queries_of_gx_are_asked_in_the_session_of_the_rows(small_data_spark: "SparkSession") -> None:
    from great_expectations.expectations.registry import get_expectation_impl

    own = sibling(small_data_spark)
    small_data_spark.createDataFrame([(8,)], "id long").createOrReplaceTempView("tmp_view")  # GX's name
    expectation: Any = get_expectation_impl("unexpected_rows_expectation")
    query = "SELECT id FROM {batch} WHERE id > 1"

    result = batch_of(own.range(3), "things").validate(expectation(unexpected_rows_query=query))

    assert (result.success, result.result["observed_value"]) == (False, 1)
    assert [row["id"] for row in small_data_spark.table("tmp_view").collect()] == [8]
    small_data_spark.catalog.dropTempView("tmp_view")
