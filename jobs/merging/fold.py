"""What the changes of each key amount to: pure functions of frames."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.changes.columns import DELETE

POSITION = ("_version", "_tie")
# The position of an erased key's tombstone (`jobs.erasure.tombstones`): greater than that of any change.
ERASURE = (2**63 - 1, "erased")


def greatest_deletes(changes: DataFrame) -> DataFrame:
    """The tombstone of each key that has a delete: columns key, _version, _tie, deleted_at.

    A function of the set of changes: however they are grouped, the greatest delete of each key remains.
    """
    deletes = changes.where(F.col("_op") == DELETE)
    newest = F.max(F.struct(*POSITION, F.col("_updated_at").alias("deleted_at")))
    return deletes.groupBy("_key").agg(newest.alias("newest")).select(F.col("_key").alias("key"), "newest.*")


def newest_per_key(changes: DataFrame, key: Sequence[str]) -> DataFrame:
    """The newest change of each key. Changes of equal position are equal, so any of them is kept.

    It is the change that none precedes. With a row number instead, Spark would sort all changes once more
    before it shuffles them, in order to shuffle fewer. Changes in buckets of the key are not shuffled.
    """
    newest_first = Window.partitionBy(*key).orderBy(*(F.desc(part) for part in POSITION))
    ranked = changes.withColumn("_has_newer", F.lag(F.lit(True)).over(newest_first))
    return ranked.where(F.col("_has_newer").isNull()).drop("_has_newer")


def outranked_become_deletes(newest: DataFrame, tombstones: DataFrame | None) -> DataFrame:
    """Turn a change that a tombstone of its key outranks into a delete at the tombstone's position.

    None instead of tombstones says that no tombstone outranks a change.
    """
    outranking = None if tombstones is None else _outranking(tombstones, newest)
    if outranking is None or outranking.isEmpty():
        return newest
    tombstone = F.col("_tombstone")
    ranked = newest.join(outranking, "_key", "left").withColumns(
        {
            "_op": F.when(tombstone.isNotNull(), DELETE).otherwise(F.col("_op")),
            **{part: F.coalesce(tombstone[part], F.col(part)) for part in POSITION},
        }
    )
    return ranked.drop("_tombstone")


def _outranking(tombstones: DataFrame, newest: DataFrame) -> DataFrame:
    """The tombstones that outrank one of the changes, as `_key` and `_tombstone`: few, and mostly none.

    They are copied, and left out if there are none, because of tables in buckets. To join those without a
    shuffle, Spark tells every scan below the join which buckets to read. The scan of tombstones, which are
    partitioned differently, would fail or lose rows; and below a copy, Spark does not join that way at all
    (EnsureRequirements of Spark 4.1).
    """
    positions = tombstones.select(F.col("key").alias("_key"), F.struct(*POSITION).alias("_tombstone"))
    outranks = (positions["_key"] == newest["_key"]) & (
        positions["_tombstone"] > F.struct(*(newest[part] for part in POSITION))
    )
    return positions.join(newest, outranks, "left_semi").localCheckpoint()
