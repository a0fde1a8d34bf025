"""The entry script of maintenance: what it reads of its arguments."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from jobs import maintain
from jobs.lake.names import Lake
from jobs.maintenance.retention import Retention

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from jobs.maintenance.steps import MaintenanceContext

ARGUMENTS = {
    "LAKE_BUCKET": "lake",
    "RAW_BUCKET": "raw",
    "INTAKE_QUEUE_URL": "queue",
    "DATABASE": "db",
    "OPS_DATABASE": "ops",
    "BACKLOG_RULE": "rule",
    "METRICS_NAMESPACE": "Glueline/dev",
    "JOB_RUN_ID": "jr_1",
    "RAW_DAYS": "30",
    "TOMBSTONE_DAYS": "40",
    "RECORD_DAYS": "90",
    "SNAPSHOT_DAYS": "5",
}


@pytest.mark.usefixtures("aws")
def test_the_job_maintains_the_tables_and_buckets_that_its_arguments_name(
    spark: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[tuple[MaintenanceContext, str]] = []
    monkeypatch.setattr(maintain, "maintain", lambda *arguments: runs.append(arguments))

    maintain.main(["maintain.py", *(text for name in ARGUMENTS for text in (f"--{name}", ARGUMENTS[name]))])

    ((context, run_id),) = runs
    assert run_id == "jr_1"
    assert (context.lake, context.raw_bucket, context.batches.bucket) == (Lake("db", "ops"), "raw", "lake")
    assert context.retention == Retention(*(timedelta(days=days) for days in (30, 40, 90, 5)))
    assert context.spark.conf.get("spark.sql.session.timeZone") == "UTC"
