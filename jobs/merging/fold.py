"""Changes -> what they come to for each key: pure functions of frames."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.changes.columns import DELETE

POSITION = ("_version", "_tie")
# The position of an erased key's tombstone (`jobs.erasure.tombstones`): behind that of any change.
ERASURE = (2**63 - 1, "erased")


def greatest_deletes(changes: DataFrame) -> DataFrame:
    """The tombstone of each key that has a delete: columns key, _version, _tie, deleted_at.

    A function of the set of changes: whichever come together, the greatest of all stays.
    """
    deletes = changes.where(F.col("_op") == DELETE)
    newest = F.max(F.struct(*POSITION, F.col("_updated_at").alias("deleted_at")))
    return deletes.groupBy("_key").agg(newest.alias("newest")).select(F.col("_key").alias("key"), "newest.*")


def newest_per_key(changes: DataFrame, key: Sequence[str]) -> DataFrame:
    """The newest change of each key. Equal positions are equal changes: any of them will do.

    It is the one without a forerunner. As a row number, Spark would sort all changes once more before it
    shuffles them, to shuffle fewer. None are shuffled where they lie in buckets of the key.
    """
    newest_first = Window.partitionBy(*key).orderBy(*(F.desc(part) for part in POSITION))
    ranked = changes.withColumn("_has_newer", F.lag(F.lit(True)).over(newest_first))
    return ranked.where(F.col("_has_newer").isNull()).drop("_has_newer")


def outranked_become_deletes(newest: DataFrame, tombstones: DataFrame | None) -> DataFrame:
    """Turn a change that a tombstone of its key outranks into a delete at that position.

    No tombstones: None outranks any of the changes.
    """
    graves = None if tombstones is None else _outranking(tombstones, newest)
    if graves is None or graves.isEmpty():
        return newest
    grave = F.col("_grave")
    ranked = newest.join(graves, "_key", "left").withColumns(
        {
            "_op": F.when(grave.isNotNull(), DELETE).otherwise(F.col("_op")),
            **{part: F.coalesce(grave[part], F.col(part)) for part in POSITION},
        }
    )
    return ranked.drop("_grave")


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
