"""The tombstone of an erased key: nothing outranks it, and no retention removes it.

So whatever is replayed, exported or dropped again, no row of the key comes back, until the erasure is lifted.
It holds the key as it is, as the merge has to know it again; all else that tells of it has a keyed hash.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.erasure.keys import ErasedKeys
from jobs.lake.conflicts import retry_conflicts
from jobs.lake.names import TOMBSTONES, Lake
from jobs.merging.fold import ERASURE
from jobs.merging.steps import merge_tombstones

ABOVE_ALL, ERASED = ERASURE  # version and tie of its position
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)  # retention goes by the time of the delete
_LIFTED = "~erased"  # behind every tie of a change


def bury(spark: SparkSession, lake: Lake, contract: Contract, keys: ErasedKeys) -> None:
    """Give each key the tombstone that nothing outranks."""
    graves = spark.createDataFrame([(text,) for text in sorted(keys.texts)], "key string").withColumns(
        {"_version": F.lit(ABOVE_ALL), "_tie": F.lit(ERASED), "deleted_at": F.lit(FOR_EVER)}
    )
    retry_conflicts(lambda: merge_tombstones(lake, contract, graves))


def erased_tombstones(spark: SparkSession, lake: Lake, dataset: str) -> DataFrame:
    """The tombstones of the dataset's erased keys, as the table is now, whatever the catalog has cached."""
    table = lake.ops(TOMBSTONES)
    spark.sql(f"REFRESH TABLE {table}")
    is_erased = (F.col("_version") == ABOVE_ALL) & (F.col("_tie") == ERASED)
    return spark.table(table).where((F.col("dataset") == dataset) & is_erased)


def lift(
    spark: SparkSession, lake: Lake, dataset: str, newest: Mapping[str, int | None], now: datetime
) -> set[str]:
    """Make ordinary tombstones of those of erased keys, at the newest version that was seen of each key.

    What is older stays out. A key of which no version was seen has no tombstone any more. Returns the keys
    that had been erased.
    """
    table = lake.ops(TOMBSTONES)
    graves = erased_tombstones(spark, lake, dataset).where(F.col("key").isin(list(newest)))
    erased = {row["key"] for row in graves.select("key").collect()}
    if not erased:
        return erased
    statement = f"""
        MERGE INTO {table} t USING {{lifted}} s
        ON t.dataset = '{dataset}' AND t.key = s.key AND t._version = {ABOVE_ALL} AND t._tie = '{ERASED}'
        WHEN MATCHED AND s.version IS NULL THEN DELETE
        WHEN MATCHED THEN UPDATE SET
            t._version = s.version, t._tie = '{_LIFTED}', t.deleted_at = timestamp'{now.isoformat()}'
    """
    lifted = spark.createDataFrame([(key, newest[key]) for key in sorted(erased)], "key string, version long")
    retry_conflicts(lambda: spark.sql(statement, lifted=lifted))
    return erased
