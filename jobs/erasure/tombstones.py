"""The tombstone of an erased key: no change outranks it, and retention does not remove it.

So no row of the key comes back, whatever is replayed, exported or dropped again, until the erasure is lifted.
The tombstone contains the key text, which the merge compares with; all other records of an erasure have a
keyed hash.
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

ABOVE_ALL, ERASED = ERASURE  # the version and the tie of its position
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)  # retention removes tombstones by the time of the delete
_UNBLOCKED = "~erased"  # sorts after every tie of a change


def add_tombstones(spark: SparkSession, lake: Lake, contract: Contract, keys: ErasedKeys) -> None:
    """Give each key the tombstone that no change outranks."""
    tombstones = spark.createDataFrame([(text,) for text in sorted(keys.texts)], "key string").withColumns(
        {"_version": F.lit(ABOVE_ALL), "_tie": F.lit(ERASED), "deleted_at": F.lit(FOR_EVER)}
    )
    retry_conflicts(lambda: merge_tombstones(lake, contract, tombstones))


def erased_tombstones(spark: SparkSession, lake: Lake, *datasets: str) -> DataFrame:
    """The tombstones of the datasets' erased keys, as the table is now, not as the catalog has cached it."""
    table = lake.ops(TOMBSTONES)
    spark.sql(f"REFRESH TABLE {table}")
    is_erased = (F.col("_version") == ABOVE_ALL) & (F.col("_tie") == ERASED)
    return spark.table(table).where(F.col("dataset").isin(*datasets) & is_erased)


def unblock_tombstones(
    spark: SparkSession, lake: Lake, dataset: str, floors: Mapping[str, int | None], now: datetime
) -> set[str]:
    """Replace the tombstones of erased keys by those of ordinary deletes. Returns the keys that had one.

    A key gets a tombstone at its floor, so that what is not newer stays out; a key without a floor gets none.
    """
    table = lake.ops(TOMBSTONES)
    tombstones = erased_tombstones(spark, lake, dataset).where(F.col("key").isin(list(floors)))
    erased = {row["key"] for row in tombstones.select("key").collect()}
    if not erased:
        return erased
    statement = f"""
        MERGE INTO {table} t USING {{unblocked}} s
        ON t.dataset = '{dataset}' AND t.key = s.key AND t._version = {ABOVE_ALL} AND t._tie = '{ERASED}'
        WHEN MATCHED AND s.version IS NULL THEN DELETE
        WHEN MATCHED THEN UPDATE SET
            t._version = s.version, t._tie = '{_UNBLOCKED}', t.deleted_at = timestamp'{now.isoformat()}'
    """
    rows = [(key, floors[key]) for key in sorted(erased)]
    unblocked = spark.createDataFrame(rows, "key string, version long")
    retry_conflicts(lambda: spark.sql(statement, unblocked=unblocked))
    return erased
