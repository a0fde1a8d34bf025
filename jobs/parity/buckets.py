"""Sums of key states by bucket, which compare many keys at once.

The states (`jobs.parity.states`) of a *bucket* of keys are added up to a count, a sum and an exclusive or of
hashes. These do not depend on the order of keys, and only they come to the driver. Where the sums of both
sides agree, all keys of the bucket agree.
"""

from dataclasses import dataclass

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_KEYS_PER_BUCKET = 500
_FEWEST_BUCKETS, _MOST_BUCKETS = 256, 4096


@dataclass(frozen=True, slots=True)
class BucketSum:
    """The sum of one bucket on one side.

    `apart` counts the states that the sums leave out: items that are marked as deleted, rows of drops.
    """

    count: int = 0
    hashes: int = 0
    xor: int = 0
    apart: int = 0

    def agrees_with(self, rows: "BucketSum") -> bool:
        """Whether the items of this bucket equal its rows.

        A bucket that has both deleted items and rows of drops never agrees: a delete may have missed such a
        row, so its keys have to be compared one by one.
        """
        same = (self.count, self.hashes, self.xor) == (rows.count, rows.hashes, rows.xor)
        return same and not (self.apart and rows.apart)


def bucket_count(keys: int) -> int:
    """The number of buckets for that many keys: a power of two from 256 to 4096."""
    wanted = 1 << (max(keys, 1) // _KEYS_PER_BUCKET).bit_length()
    return min(max(wanted, _FEWEST_BUCKETS), _MOST_BUCKETS)


def with_bucket(states: DataFrame, buckets: int) -> DataFrame:
    """Add the column `bucket`, from 0 to `buckets` - 1, which depends on the key alone."""
    return states.withColumn("bucket", F.pmod(F.xxhash64("key"), F.lit(buckets)).cast("int"))


def item_sums(items: DataFrame) -> dict[int, BucketSum]:
    """The sum of each bucket's live items."""
    return _sums(items, F.col("is_live"))


def row_sums(rows: DataFrame) -> dict[int, BucketSum]:
    """The sum of each bucket's rows that did not come from drops."""
    return _sums(rows, ~F.col("is_drop"))


def _sums(states: DataFrame, is_summed: Expression) -> dict[int, BucketSum]:
    one = F.when(is_summed, F.xxhash64("content", "version"))
    sums = states.groupBy("bucket").agg(
        F.count(one).alias("count"),
        # A sum of bigint would overflow; this one is a decimal(38,0). Unlike the exclusive or, the sum also
        # detects a state that occurs twice.
        F.coalesce(F.sum(one.cast("decimal(28,0)")), F.lit(0)).alias("hashes"),
        F.coalesce(F.bit_xor(one), F.lit(0)).alias("xor"),
        F.count_if(~is_summed).alias("apart"),
    )
    return {
        row["bucket"]: BucketSum(row["count"], int(row["hashes"]), row["xor"], row["apart"])
        for row in sums.collect()
    }


def differing_buckets(items: dict[int, BucketSum], rows: dict[int, BucketSum]) -> list[int]:
    """The buckets whose two sides do not agree, in ascending order."""
    nothing = BucketSum()
    return sorted(
        bucket
        for bucket in items.keys() | rows.keys()
        if not items.get(bucket, nothing).agrees_with(rows.get(bucket, nothing))
    )
