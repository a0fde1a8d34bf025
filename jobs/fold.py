"""Changes -> what they come to for each key: pure functions of frames.

A row of a table lies in the *places* (partition values, `jobs.partitions`) that its change named. Only
columns outside the key can move a row from one place to another; where there are none, `places` is empty.
"""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.changes import DELETE

POSITION = ("_version", "_tie")


def greatest_deletes(changes: DataFrame) -> DataFrame:
    """The tombstone of each key that has a delete: columns key, _version, _tie, deleted_at.

    A function of the set of changes: whichever come together, the greatest of all stays.
    """
    deletes = changes.where(F.col("_op") == DELETE)
    newest = F.max(F.struct(*POSITION, F.col("_updated_at").alias("deleted_at")))
    return deletes.groupBy("_key").agg(newest.alias("newest")).select(F.col("_key").alias("key"), "newest.*")


def newest_per_place(changes: DataFrame, key: Sequence[str], places: Sequence[str]) -> DataFrame:
    """The newest change of each key in each place. Equal positions are equal changes: any of them will do.

    Of a key's changes, by place and then newest first, those stay whose forerunner is of another place. Rows
    have to lie together by key alone for this, as they must to be ranked and joined: one shuffle for all, and
    none where they lie in buckets of the key.
    """
    in_order = Window.partitionBy(*key).orderBy(*places, *(F.desc(part) for part in POSITION))
    place = F.struct(F.lit(True), *places)  # null before the first row, never in one
    numbered = changes.withColumn("_is_next", F.lag(place).over(in_order).eqNullSafe(place))
    return numbered.where(~F.col("_is_next")).drop("_is_next")


def outranked_become_deletes(
    newest: DataFrame, tombstones: DataFrame | None, key: Sequence[str], places: Sequence[str]
) -> DataFrame:
    """Turn what a newer change or a tombstone of the same key outranks into a delete at that position.

    So the newest change is the only upsert of its key, if it is one; every other place that a change of the
    key named is cleared of what is older. No tombstones: None outranks any of the changes.
    """
    own, grave, best = F.struct(*POSITION), F.col("_grave"), F.col("_best")
    ranked = newest.withColumn("_best", F.max(own).over(Window.partitionBy(*key)) if places else own)
    graves = None if tombstones is None else _outranking(tombstones, newest)
    if graves is not None and not graves.isEmpty():
        ranked = ranked.join(graves, "_key", "left")
        ranked = ranked.withColumn("_best", F.when(grave > best, grave).otherwise(best)).drop("_grave")
    return ranked.withColumns(
        {
            "_op": F.when(best > own, DELETE).otherwise(F.col("_op")),
            "_version": F.col("_best._version"),
            "_tie": F.col("_best._tie"),
        }
    ).drop("_best")


def _outranking(tombstones: DataFrame, newest: DataFrame) -> DataFrame:
    """Those tombstones that outrank one of the changes, as `_key` and `_grave`: few, and mostly none.

    Copied, and left out where there are none, for the sake of tables in buckets. To join those without a
    shuffle, Spark tells every scan below the join which buckets to read: that of tombstones, which are
    partitioned otherwise, would fail or lose rows; and below a copy, Spark does not join that way at all
    (EnsureRequirements of Spark 4.1).
    """
    graves = tombstones.select(F.col("key").alias("_key"), F.struct(*POSITION).alias("_grave"))
    outranks = (graves["_key"] == newest["_key"]) & (
        graves["_grave"] > F.struct(*(newest[part] for part in POSITION))
    )
    return graves.join(newest, outranks, "left_semi").localCheckpoint()
