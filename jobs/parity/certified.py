"""The certificates that `lake_ops.parity_results` holds: through which time each dataset is certified."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.timestamps import instant_of
from jobs.lake.names import Lake
from jobs.parity.tables import PARITY_RESULTS


@dataclass(frozen=True, slots=True)
class Certified:
    """The newest certificate of a dataset and its newest good one (`ok`), which may be the same."""

    through: datetime | None  # `verified_through` of the newest good one
    times: tuple[datetime, ...]  # `verified_through` of both
    snapshots: frozenset[int]  # of the table, which both compared
    drift: int = 0  # number of keys, of the newest one


def certified_datasets(spark: SparkSession, lake: Lake) -> dict[str, Certified]:
    """What is certified, by dataset. A dataset without certificates is left out."""
    table = lake.ops(PARITY_RESULTS)
    if not spark.catalog.tableExists(table):
        return {}
    at = F.unix_micros("verified_through").alias("at")
    drift = sum((F.size(keys) for keys in ("missing", "extra", "differing")), F.lit(0)).alias("drift")
    rows = (
        spark.table(table)
        .select("dataset", "ok", F.struct(at, "snapshot_id", drift).alias("one"))
        .groupBy("dataset")
        .agg(F.max("one").alias("newest"), F.max(F.when(F.col("ok"), F.col("one"))).alias("good"))
        .collect()
    )
    return {row["dataset"]: _certified(row["newest"], row["good"]) for row in rows}


def _certified(newest: Any, good: Any) -> Certified:
    both = [one for one in (newest, good) if one is not None]
    return Certified(
        None if good is None else instant_of(good["at"]),
        tuple(instant_of(one["at"]) for one in both),
        frozenset(one["snapshot_id"] for one in both if one["snapshot_id"] is not None),
        newest["drift"],
    )
