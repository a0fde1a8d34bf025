"""Rows of erased keys leave a table's files, whatever text a key is."""

from typing import TYPE_CHECKING

from expectations.keys import encode_key
from expectations.spark_schema import table_schema
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.tables import purge, stocks
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import Lake
from tests.jobs.histories import NOTES, TEXTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_rows_with_keys_of_any_text_are_purged(spark: "SparkSession", lake: Lake) -> None:
    create_dataset_tables(spark, lake, NOTES)
    schema = table_schema(NOTES)
    kept = {"_version": 1, "_tie": "0"}
    rows = [
        [{**kept, "title": text, "shelf": text}.get(name) for name in schema.fieldNames()] for text in TEXTS
    ]
    spark.createDataFrame(rows, schema).coalesce(1).writeTo(lake.table("notes")).append()
    keys = ErasedKeys.of(NOTES, [encode_key(NOTES, {"title": text}) for text in TEXTS[1:]])

    table = stocks(spark, lake, NOTES, keys)[0]
    before = table.see(spark).rows
    purge(spark, table)

    assert (before, table.see(spark).rows) == (len(TEXTS) - 1, 0)
    assert [row["title"] for row in spark.table(lake.table("notes")).collect()] == [TEXTS[0]]
