"""What `maintain` did, step by step: printed, and kept in `lake_ops.maintenance`.

The table also tells when orphan files were last looked for, since that lists all of a table's files and need
not be done each time.
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
class Done:
    """One step of care: of a table (its full name) or of a bucket's folder."""

    subject: str
    step: str
    removed: int | None = None  # rows, objects, snapshots
    files_before: int | None = None  # live ones: data and delete files
    files_after: int | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    seconds: float = 0.0


def create_maintenance_table(spark: SparkSession, lake: Lake) -> None:
    """Make the table where it is missing."""
    create_ops_table(spark, lake, MAINTENANCE, COLUMNS)


def keep(spark: SparkSession, lake: Lake, run_id: str, done: Iterable[Done], at: datetime) -> None:
    """Write a run's steps, in one commit; a run that is repeated writes its own."""
    rows = [{**asdict(one), "run_id": run_id, "ran_at": at} for one in done]
    frame = spark.createDataFrame(rows, COLUMNS).coalesce(1)
    append_once(frame, lake.ops(MAINTENANCE), f"maintain-{run_id}-{at.isoformat()}", at)


def last(spark: SparkSession, lake: Lake, step: str, now: datetime) -> dict[str, timedelta]:
    """How long ago the step was last done, by subject."""
    rows = (
        spark.table(lake.ops(MAINTENANCE))
        .where(F.col("step") == step)
        .groupBy("subject")
        .agg(F.timestamp_diff("SECOND", F.max("ran_at"), F.lit(now)).alias("seconds"))
        .collect()
    )
    return {row["subject"]: timedelta(seconds=row["seconds"]) for row in rows}
