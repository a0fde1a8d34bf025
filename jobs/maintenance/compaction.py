"""Rewrites a table's files where they have become too many, or where too much of them is deleted.

Each merge leaves a small data file and a delete file in each partition that it changes, and a read opens all
of them. The partitions are judged one by one, from the table's metadata:

* `SMALL_FILES` small files or more are rewritten as one. Fewer stay: it does not pay to rewrite a day each
  night when it gets two more files a week. A file of `SMALL` bytes or more is left alone: to add to it would
  be to rewrite it.
* A file of which a tenth is deleted is rewritten without the deleted rows. That bounds both how many deleted
  rows reads skip and how often a row is rewritten (ten times for each time that it changes, if changes are
  spread evenly). A file with fewer deleted rows costs a read one small file more.
* A delete file that does not belong to a single data file (Athena writes such files) is read with all files
  of its partition, so three of them are too many.

A delete file whose data file is gone is read by no query, but planning a query still opens it. When such
files are a quarter of all, they are removed. Manifests are rewritten when planning opens many that could be
few.

None of this changes a row, and each step is one or a few commits: a run that stops anywhere leaves the table
as it was, or better. Files that it wrote and did not commit are orphans (`jobs.maintenance.snapshots`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lake.conflicts import REWRITE_COMMITS, skip_on_conflict
from jobs.lake.iceberg import call_procedure, current_table, table_size
from jobs.maintenance.log import StepResult
from jobs.runtime.log import log

TARGET = 512 * 1024 * 1024  # bytes of a file, Iceberg's own default
SMALL = 128 * 1024 * 1024
SMALL_FILES = 5  # in one partition
WORN = 0.1  # the share of a file's rows that is deleted
WIDE_DELETES = 3  # delete files of a partition that belong to no single data file
DANGLING, DANGLING_SHARE = 5, 0.25
MANIFESTS, MANIFEST_TARGET = 20, 8 * 1024 * 1024
_DELETED_FILE = 2147483546  # field id of a position delete's file_path (Iceberg's spec, reserved field ids)


@dataclass(frozen=True, slots=True)
class PartitionFiles:
    """The numbers of files in one partition."""

    files: int  # data files, of which …
    small: int  # … these are smaller than `SMALL`
    worn: int  # … these have a share of deleted rows of `WORN` or more
    deletes: int  # delete files, of which …
    wide: int = 0  # … these belong to no single data file
    dangling: int = 0  # … these belong to data files that are gone


def needs_compaction(partitions: Sequence[PartitionFiles]) -> bool:
    """Whether any partition has too many small files, worn files, or too many wide delete files."""
    return any(
        one.small >= SMALL_FILES or one.worn or (one.files and one.wide >= WIDE_DELETES) for one in partitions
    )


def needs_fewer_deletes(partitions: Sequence[PartitionFiles]) -> bool:
    """Whether enough delete files are dangling that it pays to remove them."""
    dangling, deletes = sum(one.dangling for one in partitions), sum(one.deletes for one in partitions)
    return dangling >= DANGLING and dangling >= DANGLING_SHARE * deletes


def needs_fewer_manifests(lengths: Sequence[int]) -> bool:
    """Whether manifests of these lengths would fit into half as many."""
    return len(lengths) >= MANIFESTS and len(lengths) >= 2 * (sum(lengths) // MANIFEST_TARGET + 1)


def compact(spark: SparkSession, table: str) -> Iterator[StepResult]:
    """Rewrite what has to be rewritten, and yield each step. On most days there is none."""
    spark.sql(f"REFRESH TABLE {table}")
    found = partition_files(spark, table)
    if needs_compaction(found):
        yield from _measured(spark, table, "data files", "rewrite_data_files", _rewrite_options())
        found = partition_files(spark, table)
    if needs_fewer_deletes(found):
        everything = _options({"rewrite-all": "true"})
        yield from _measured(spark, table, "delete files", "rewrite_position_delete_files", everything)
    if needs_fewer_manifests(manifest_lengths(spark, table)):
        yield from _measured(spark, table, "manifests", "rewrite_manifests")


def partition_files(spark: SparkSession, table: str) -> list[PartitionFiles]:
    """The files of each partition, from one pass over the table's metadata."""
    files = spark.table(f"{table}.files")
    of_partition = F.col("partition") if "partition" in files.columns else F.lit(None).cast("string")
    by_file = _by_file(files.withColumn("_partition", F.struct("spec_id", of_partition.alias("partition"))))
    deleted, deletes = F.coalesce("deleted", F.lit(0)), F.col("deletes")
    is_live, is_wide = F.col("size").isNotNull(), F.col("file").isNull()
    rows = (
        by_file.groupBy("_partition")
        .agg(
            F.count_if(is_live).alias("files"),
            F.count_if(F.col("size") < SMALL).alias("small"),
            F.count_if(is_live & (deleted > 0) & (deleted >= F.col("rows") * WORN)).alias("worn"),
            F.sum(deletes).alias("deletes"),
            F.sum(F.when(is_wide, deletes).otherwise(0)).alias("wide"),
            F.sum(F.when(~is_wide & ~is_live, deletes).otherwise(0)).alias("dangling"),
        )
        .drop("_partition")
        .collect()
    )
    return [PartitionFiles(**row.asDict()) for row in rows]


def manifest_lengths(spark: SparkSession, table: str) -> list[int]:
    """The length in bytes of each manifest of the current snapshot, from its manifest list."""
    found = current_table(spark, table)
    snapshot = found.currentSnapshot()
    return [] if snapshot is None else [one.length() for one in snapshot.allManifests(found.io())]


def _by_file(files: DataFrame) -> DataFrame:
    """Each data file with its deletes: _partition, file, size (bytes), rows, deletes (files), deleted (rows).

    `size` is null if the data file is gone, `file` if the delete files belong to no single data file.
    """
    bounds = [F.element_at(name, _DELETED_FILE) for name in ("lower_bounds", "upper_bounds")]
    target = F.when(bounds[0] == bounds[1], bounds[0].cast("string"))
    nothing: Any = F.lit(None).cast("bigint")
    data = files.where("content = 0").select(
        "_partition",
        F.col("file_path").alias("file"),
        F.col("file_size_in_bytes").alias("size"),
        F.col("record_count").alias("rows"),
        F.lit(0).alias("deletes"),
        nothing.alias("deleted"),
    )
    deletes = files.where("content != 0").select(
        "_partition",
        F.when(F.col("content") == 1, target).alias("file"),
        nothing.alias("size"),
        nothing.alias("rows"),
        F.lit(1).alias("deletes"),
        F.col("record_count").alias("deleted"),
    )
    return (
        data.unionByName(deletes)
        .groupBy("_partition", "file")
        .agg(
            F.max("size").alias("size"),
            F.max("rows").alias("rows"),
            F.sum("deletes").alias("deletes"),
            F.sum("deleted").alias("deleted"),
        )
    )


def _rewrite_options() -> str:
    """Options by which Iceberg's planner chooses the same partitions and files as `needs_compaction`."""
    return _options(
        {
            "target-file-size-bytes": str(TARGET),
            "min-file-size-bytes": str(SMALL),
            "min-input-files": str(SMALL_FILES),
            "delete-ratio-threshold": str(WORN),
            "delete-file-threshold": str(WIDE_DELETES),
            # A merge that writes to a partition meanwhile makes only that partition's commit fail.
            "partial-progress.enabled": "true",
            "partial-progress.max-commits": str(REWRITE_COMMITS),
        }
    )


def _options(options: dict[str, str]) -> str:
    return f", options => map({', '.join(f"'{text}'" for pair in options.items() for text in pair)})"


def _measured(
    spark: SparkSession, table: str, step: str, procedure: str, arguments: str = ""
) -> Iterator[StepResult]:
    before = table_size(spark, table)
    answer = skip_on_conflict(lambda: call_procedure(spark, table, procedure, arguments))
    if answer is None:
        return
    if not answer.get("rewritten_data_files_count", 1):  # Iceberg logs a failed commit and continues
        log("another job has written to the same files: the next run rewrites them", table=table)
        return
    after = table_size(spark, table)
    yield StepResult(table, step, None, before.files, after.files, before.bytes, after.bytes)
