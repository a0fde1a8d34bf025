"""All rows of a batch are counted once: by file, as accepted or quarantined, and by the rules they break."""

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from jobs.checked_dataset import Counts, FileCount, count_rows
from jobs.manifest import ManifestFile
from jobs.row_rules import RowRule

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# File, operation, number, and the reason that the door found.
ROWS = [
    ("s3://raw/a", "upsert", 1, []),
    ("s3://raw/a", "upsert", -1, []),
    ("s3://raw/a", "upsert", -2, ["type: expected int"]),
    ("s3://raw/a", "delete", -3, []),
    ("s3://raw/b", "upsert", -9, []),
    ("s3://raw/b", "upsert", 8, []),
]


def file(name: str) -> ManifestFile:
    return ManifestFile("raw", name, "etag", None, 1, "2026-11-24T12:00:00Z", "things", "drop", "csv")


def test_rows_are_counted_by_file_and_by_rule(spark: "SparkSession") -> None:
    rules = (
        RowRule("positive", F.col("number") < 0, lambda: "it must be positive", ("number",)),
        RowRule("large", F.abs("number") < 9, lambda: "it must be large", ("number",)),
    )
    schema = "source_file string, _op string, number int, reasons array<string>"

    found = count_rows(spark.createDataFrame(ROWS, schema), map(file, "acb"), "things", rules)

    assert found == Counts(
        files=(
            FileCount("things", "s3://raw/a", "drop", rows_read=4, accepted=1, quarantined=3),
            FileCount("things", "s3://raw/c", "drop", rows_read=0, accepted=0, quarantined=0),
            FileCount("things", "s3://raw/b", "drop", rows_read=2, accepted=0, quarantined=2),
        ),
        judged=4,
        broken_by={"positive": 2, "large": 3},
    )
