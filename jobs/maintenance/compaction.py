"""When a table's files have become too many or too worn, and what is done then.

Each merge leaves a small data file and a delete file in each partition that it touched, and a read opens them
all. So partitions are looked at one by one, in the table's metadata:

* `SMALL_FILES` small files or more become one. Fewer stay: a day that gets two more files a week is not worth
  writing again each night. A file of `SMALL` or more is left alone: to append to it is to write it again.
* A file of which a tenth is deleted is written again without. That bounds both: what reads carry along, and
  how often a row is written (ten times for each time it changes, if changes fall everywhere). A file that is
  less worn costs a read one small file more.
* A delete file that belongs to no one data file (Athena writes such) is read with all of them: three are too
  many.

Delete files whose data files are gone are opened by no one, but are in the way of planning; when they are a
quarter of all, they go. Manifests are written again when a plan has to open many that could be few.

Nothing of this changes a row, and each is one or a few commits: a run that stops anywhere leaves the table as
it was or better. Files it wrote and did not commit are orphans (`jobs.maintenance.snapshots`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.lake.conflicts import REWRITE_COMMITS, skip_on_conflict
from jobs.lake.iceberg import call_procedure, current_table, table_size
from jobs.maintenance.log import Done
from jobs.runtime.log import log

TARGET = 512 * 1024 * 1024  # bytes of a file, Iceberg's own default
SMALL = 128 * 1024 * 1024
SMALL_FILES = 5  # in one partition
WORN = 0.1  # of a file's rows are deleted
WIDE_DELETES = 3  # delete files of a partition that belong to no one data file
DANGLING, DANGLING_SHARE = 5, 0.25
MANIFESTS, MANIFEST_TARGET = 20, 8 * 1024 * 1024
_DELETED_FILE = 2147483546  # field id of a position delete's file_path (Iceberg's spec, reserved field ids)


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one partition."""

    files: int  # of data
    small: int
    worn: int
    deletes: int  # delete files, of which …
    wide: int = 0  # … these belong to no one data file
    dangling: int = 0  # … these to data files that are gone


def needs_compaction(places: Sequence[Place]) -> bool:
    """Whether data files of any partition are too many, too worn, or read with too many deletes."""
    return any(
        place.small >= SMALL_FILES or place.worn or (place.files and place.wide >= WIDE_DELETES)
        for place in places
    )


def needs_fewer_deletes(places: Sequence[Place]) -> bool:
    """Whether so many delete files have nothing left to delete that it is worth sorting them out."""
    dangling, deletes = sum(place.dangling for place in places), sum(place.deletes for place in places)
    return dangling >= DANGLING and dangling >= DANGLING_SHARE * deletes


def needs_fewer_manifests(lengths: Sequence[int]) -> bool:
    """Whether manifests of these lengths would fit into half as many."""
    return len(lengths) >= MANIFESTS and len(lengths) >= 2 * (sum(lengths) // MANIFEST_TARGET + 1)


def compact(spark: SparkSession, table: str) -> Iterator[Done]:
    """Do what the table needs; what was done, which on most days is nothing."""
    spark.sql(f"REFRESH TABLE {table}")
    found = places(spark, table)
    if needs_compaction(found):
        yield from _measured(spark, table, "data files", "rewrite_data_files", _rewrite_options())
        found = places(spark, table)
    if needs_fewer_deletes(found):
        everything = _options({"rewrite-all": "true"})
        yield from _measured(spark, table, "delete files", "rewrite_position_delete_files", everything)
    if needs_fewer_manifests(manifest_lengths(spark, table)):
        yield from _measured(spark, table, "manifests", "rewrite_manifests")


def places(spark: SparkSession, table: str) -> list[Place]:
    """The partitions of the table: one pass over its metadata."""
    files = spark.table(f"{table}.files")
    of_partition = F.col("partition") if "partition" in files.columns else F.lit(None).cast("string")
    by_file = _by_file(files.withColumn("_place", F.struct("spec_id", of_partition.alias("partition"))))
    deleted, deletes = F.coalesce("deleted", F.lit(0)), F.col("deletes")
    is_live, is_wide = F.col("size").isNotNull(), F.col("file").isNull()
    rows = (
        by_file.groupBy("_place")
        .agg(
            F.count_if(is_live).alias("files"),
            F.count_if(F.col("size") < SMALL).alias("small"),
            F.count_if(is_live & (deleted > 0) & (deleted >= F.col("rows") * WORN)).alias("worn"),
            F.sum(deletes).alias("deletes"),
            F.sum(F.when(is_wide, deletes).otherwise(0)).alias("wide"),
            F.sum(F.when(~is_wide & ~is_live, deletes).otherwise(0)).alias("dangling"),
        )
        .drop("_place")
        .collect()
    )
    return [Place(**row.asDict()) for row in rows]


def manifest_lengths(spark: SparkSession, table: str) -> list[int]:
    """The bytes of each manifest of the newest snapshot: its manifest list is read, no manifest."""
    found = current_table(spark, table)
    snapshot = found.currentSnapshot()
    return [] if snapshot is None else [one.length() for one in snapshot.allManifests(found.io())]


def _by_file(files: DataFrame) -> DataFrame:
    """`_place`, `file`, `size` and `rows` of each data file, its delete files and deleted rows.

    `size` is null where the data file is gone, `file` where delete files belong to no one data file.
    """
    bounds = [F.element_at(name, _DELETED_FILE) for name in ("lower_bounds", "upper_bounds")]
    target = F.when(bounds[0] == bounds[1], bounds[0].cast("string"))
    nothing: Any = F.lit(None).cast("bigint")
    data = files.where("content = 0").select(
        "_place",
        F.col("file_path").alias("file"),
        F.col("file_size_in_bytes").alias("size"),
        F.col("record_count").alias("rows"),
        F.lit(0).alias("deletes"),
        nothing.alias("deleted"),
    )
    deletes = files.where("content != 0").select(
        "_place",
        F.when(F.col("content") == 1, target).alias("file"),
        nothing.alias("size"),
        nothing.alias("rows"),
        F.lit(1).alias("deletes"),
        F.col("record_count").alias("deleted"),
    )
    return (
        data.unionByName(deletes)
        .groupBy("_place", "file")
        .agg(
            F.max("size").alias("size"),
            F.max("rows").alias("rows"),
            F.sum("deletes").alias("deletes"),
            F.sum("deleted").alias("deleted"),
        )
    )


def _rewrite_options() -> str:
    """By Iceberg's planner the same partitions, and in them the same files, as by `needs_compaction`."""
    return _options(
        {
            "target-file-size-bytes": str(TARGET),
            "min-file-size-bytes": str(SMALL),
            "min-input-files": str(SMALL_FILES),
            "delete-ratio-threshold": str(WORN),
            "delete-file-threshold": str(WIDE_DELETES),
            # A partition that a merge writes to meanwhile costs its own commit, not that of the others.
            "partial-progress.enabled": "true",
            "partial-progress.max-commits": str(REWRITE_COMMITS),
        }
    )


def _options(options: dict[str, str]) -> str:
    return f", options => map({', '.join(f"'{text}'" for pair in options.items() for text in pair)})"


def _measured(
    spark: SparkSession, table: str, step: str, procedure: str, arguments: str = ""
) -> Iterator[Done]:
    before = table_size(spark, table)
    said = skip_on_conflict(lambda: call_procedure(spark, table, procedure, arguments))
    if said is None:
        return
    if not said.get("rewritten_data_files_count", 1):  # Iceberg logs a lost commit, and goes on
        log("another job has written to the same files: left to the next run", table=table)
        return
    after = table_size(spark, table)
    yield Done(table, step, None, before.files, after.files, before.bytes, after.bytes)
