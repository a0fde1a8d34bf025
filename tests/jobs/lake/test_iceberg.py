"""What Iceberg knows about a table without reading its files."""

from typing import TYPE_CHECKING

import pytest

from jobs.lake.iceberg import planned_bytes
from jobs.lake.names import TOMBSTONES, Lake
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("dataset = 'things' AND _version >= 7", True),
        ("dataset = 'things' AND _version >= 8", False),
        ("dataset = 'others' AND _version >= 8", True),
        ("dataset = 'others' AND _version >= 10", False),
        ("dataset = 'none'", False),
        ("(dataset = 'things' AND _version > 7) OR (NOT (dataset <=> 'others') AND _version < 3)", False),
        ("(dataset = 'things' AND _version > 7) OR (NOT (dataset <=> 'things') AND _version = 9)", True),
    ],
)
def test_bounds_of_files_show_whether_a_row_can_exist(
    spark: "SparkSession", lake: Lake, condition: str, expected: bool
) -> None:
    table = lake.ops(TOMBSTONES)
    rows = [("things", "a", 3, "", SENT), ("things", "b", 7, "", SENT), ("others", "c", 9, "", SENT)]
    spark.createDataFrame(rows, spark.table(table).schema).writeTo(table).append()

    assert (planned_bytes(spark.table(table).where(condition)) > 0) is expected


def test_an_empty_table_holds_nothing(spark: "SparkSession", lake: Lake) -> None:
    assert planned_bytes(spark.table(lake.ops(TOMBSTONES))) == 0
