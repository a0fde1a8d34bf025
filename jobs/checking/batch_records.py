"""Rows about a batch as a whole in tables that its datasets share: counts of files, and a batch set aside.

Nothing here reads or judges a row, so `merge`, which sets batches aside too, needs no reader and no Great
Expectations.
"""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from jobs.intake.manifest import Manifest
from jobs.intake.results import FileCount
from jobs.lake.commits import append_once, find_commit
from jobs.lake.iceberg import current_schema
from jobs.lake.names import BATCHES, QUALITY_RESULTS, QUARANTINE, Lake

_REJECT = "dataset string, reasons array<string>, payload string, source_file string, row_number bigint"


def append_counts(
    spark: SparkSession, lake: Lake, manifest: Manifest, counts: Sequence[FileCount], at: datetime
) -> None:
    """Append the counts of each file to `batches`."""
    if counts:
        table = lake.ops(BATCHES)
        rows = [(manifest.batch_id, *_count_row(count), at, count.superseded) for count in counts]
        append_once(small_frame(spark, rows, table), table, manifest.batch_id, manifest.begun)


def is_recorded(spark: SparkSession, lake: Lake, manifest: Manifest) -> bool:
    """Whether a table that all datasets share has rows of the batch: then it can't be split any more."""
    shared = (QUARANTINE, BATCHES, QUALITY_RESULTS)
    return any(
        find_commit(spark, lake.ops(name), manifest.batch_id, manifest.begun) is not None for name in shared
    )


def append_counts_of_quarantine(spark: SparkSession, lake: Lake, manifest: Manifest, at: datetime) -> None:
    """Append counts of the batch's rows in `quarantine` to `batches`, unless its counts are there already."""
    rows = spark.table(lake.ops(QUARANTINE)).where(F.col("batch_id") == manifest.batch_id)
    found = rows.groupBy("dataset", "source_file").count().collect()
    counts = [FileCount(name, file, None, number, 0, number) for name, file, number in found]
    append_counts(spark, lake, manifest, counts, at)


def append_set_aside(spark: SparkSession, lake: Lake, manifest: Manifest, reason: str, at: datetime) -> None:
    """Append the files of a batch that is set aside to `quarantine` and `batches`, each with the reason."""
    rows = [(file.dataset, [reason], None, file.source_file, None) for file in manifest.files]
    refused = spark.createDataFrame([*rows], _REJECT).unionByName(refused_rows(spark, manifest))
    refused = refused.withColumns({"batch_id": F.lit(manifest.batch_id), "quarantined_at": F.lit(at)})
    append_once(refused, lake.ops(QUARANTINE), manifest.batch_id, manifest.begun)
    counts = [FileCount(file.dataset, file.source_file, file.door, 1, 0, 1) for file in manifest.files]
    append_counts(spark, lake, manifest, counts + refused_counts(manifest), at)


def refused_counts(manifest: Manifest) -> list[FileCount]:
    """The counts of the refused messages: each is one row, read and quarantined."""
    return [FileCount(None, refused.key, None, 1, 0, 1) for refused in manifest.refused]


def refused_rows(spark: SparkSession, manifest: Manifest) -> DataFrame:
    """The refused messages as rows of `quarantine`, without the batch's columns."""
    rows = [(None, [refused.reason], refused.payload, refused.key, None) for refused in manifest.refused]
    return spark.createDataFrame(rows, _REJECT)


def small_frame(spark: SparkSession, rows: Sequence[tuple[object, ...]], table: str) -> DataFrame:
    """A frame of few rows in one partition, which makes one small file.

    By Arrow: of Python's rows Spark would make a frame by a task in a Python worker.
    """
    import pyarrow as pa

    schema = current_schema(spark, table)
    types = to_arrow_schema(schema)
    columns = [
        pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), types.types, strict=True)
    ]
    return spark.createDataFrame(pa.Table.from_arrays(columns, schema=types), schema).coalesce(1)


def _count_row(count: FileCount) -> tuple[object, ...]:
    return (
        count.dataset, count.source_file, count.door, count.rows_read, count.accepted, count.quarantined
    )  # fmt: skip
