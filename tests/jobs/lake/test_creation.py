"""Tables are created once, and tables of earlier versions get the columns that they lack."""

from typing import TYPE_CHECKING

from expectations.spark_schema import changes_schema, table_schema
from jobs.lake.creation import create_dataset_tables, create_ops_tables
from jobs.lake.names import BATCHES, Lake
from tests.jobs.builders import ENTITIES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_creating_tables_again_keeps_their_rows(small_data_spark: "SparkSession", lake: Lake) -> None:
    table, changes = lake.table("entities"), lake.changes("entities")
    create_dataset_tables(small_data_spark, lake, ENTITIES)
    small_data_spark.sql(f"INSERT INTO {table} (id) VALUES (1)")

    create_dataset_tables(small_data_spark, lake, ENTITIES)

    assert small_data_spark.table(table).columns == table_schema(ENTITIES).fieldNames()
    assert small_data_spark.table(changes).columns == changes_schema(ENTITIES).fieldNames()
    assert small_data_spark.table(table).count() == 1


def test_tables_of_an_earlier_version_get_the_columns_that_they_lack(
    small_data_spark: "SparkSession", lake: Lake
) -> None:
    before = small_data_spark.table(lake.ops(BATCHES)).columns
    small_data_spark.sql(f"ALTER TABLE {lake.ops(BATCHES)} DROP COLUMN superseded")

    create_ops_tables(small_data_spark, lake)

    assert set(small_data_spark.table(lake.ops(BATCHES)).columns) == set(before)
