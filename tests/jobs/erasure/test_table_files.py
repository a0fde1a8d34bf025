"""Rows of erased keys leave a table's files and its older snapshots, whatever text a key is."""

from typing import TYPE_CHECKING

import pytest

from expectations.keys import encode_key
from expectations.spark_schema import table_schema
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.stored_files import rows_in_files, stored_files
from jobs.erasure.table_files import (
    expire_before,
    has_rows_in_files,
    location,
    newest_sequence_number,
    reachable_files,
    remove_from_table,
)
from jobs.erasure.tables import erasable_tables
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import Lake
from tests.jobs.histories import NOTES, TEXTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")


def test_rows_with_keys_of_any_text_leave_every_file(spark: "SparkSession", lake: Lake) -> None:
    create_dataset_tables(spark, lake, NOTES)
    schema = table_schema(NOTES)
    kept = {"_version": 1, "_tie": "0"}
    rows = [
        [{**kept, "title": text, "shelf": text}.get(name) for name in schema.fieldNames()] for text in TEXTS
    ]
    spark.createDataFrame(rows, schema).coalesce(1).writeTo(lake.table("notes")).append()
    keys = ErasedKeys.of(NOTES, [encode_key(NOTES, {"title": text}) for text in TEXTS[1:]])
    table = erasable_tables(spark, lake, NOTES, keys)[0]
    before = table.find(spark).rows, has_rows_in_files(spark, table)

    remove_from_table(spark, table)
    expired = expire_before(spark, table.name, newest_sequence_number(spark, table.name))

    files = [file.path for file in stored_files(location(spark, table.name))]
    assert before == (len(TEXTS) - 1, True)
    assert expired > 0
    assert table.find(spark).rows == 0
    assert not has_rows_in_files(spark, table)
    assert rows_in_files(spark, [*files, *reachable_files(spark, table.name)], table.count) == {}
    assert [row["title"] for row in spark.table(lake.table("notes")).collect()] == [TEXTS[0]]
