"""The results of maintenance steps, and the table `lake_ops.maintenance` that records them.

The table also shows when the orphan files of a table were last searched. The search lists all files of the
table, so it is not made in every run.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.lake.commits import append_once
from jobs.lake.creation import create_ops_table
from jobs.lake.names import Lake

MAINTENANCE = "maintenance"
COLUMNS = """run_id string, subject string, step string, files_before bigint, files_after bigint,
    bytes_before bigint, bytes_after bigint, removed bigint, seconds double, ran_at timestamp"""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one maintenance step did to its subject: a table (its full name), a bucket or a folder."""

    subject: str
    step: str
    removed: int | None = None  # rows, objects, snapshots
    files_before: int | None = None  # data and delete files of the current snapshot
    files_after: int | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    seconds: float = 0.0


def create_maintenance_table(spark: SparkSession, lake: Lake) -> None:
    """Create the table if it is missing."""
    create_ops_table(spark, lake, MAINTENANCE, COLUMNS)


def record_steps(
    spark: SparkSession, lake: Lake, run_id: str, results: Iterable[StepResult], at: datetime
) -> None:
    """Append the results of a run in one commit. A repeated run appends its own."""
    rows = [{**asdict(one), "run_id": run_id, "ran_at": at} for one in results]
    frame = spark.createDataFrame(rows, COLUMNS).coalesce(1)
    append_once(frame, lake.ops(MAINTENANCE), f"maintain-{run_id}-{at.isoformat()}", at)


def time_since_last(spark: SparkSession, lake: Lake, step: str, now: datetime) -> dict[str, timedelta]:
    """How long ago the step was last recorded, by subject; a subject without a record is left out."""
    rows = (
        spark.table(lake.ops(MAINTENANCE))
        .where(F.col("step") == step)
        .groupBy("subject")
        .agg(F.timestamp_diff("SECOND", F.max("ran_at"), F.lit(now)).alias("seconds"))
        .collect()
    )
    return {row["subject"]: timedelta(seconds=row["seconds"]) for row in rows}
