"""Runs of jobs by their entry scripts, with the arguments that Glue would pass."""

from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from jobs.lake.names import QUARANTINE, Lake
from tests.jobs.builders import backlog_rule

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

type Run = Callable[[str, str], None]  # of a job, in a run of the workflow with that id
type Land = Callable[[str, bytes], None]  # an object in the RAW bucket


def job_arguments(
    lake: Lake, queue_url: str, run_id: str, *, raw: str = "raw", lake_bucket: str = "lake", **more: str
) -> list[str]:
    """The arguments of a run of the workflow; `more` are arguments of single jobs, such as `DATASET`."""
    given = {
        "LAKE_BUCKET": lake_bucket,
        "RAW_BUCKET": raw,
        "INTAKE_QUEUE_URL": queue_url,
        "BACKLOG_RULE": backlog_rule(),
        "METRICS_NAMESPACE": "Glueline/dev",
        "DATABASE": lake.database,
        "OPS_DATABASE": lake.ops_database,
        "JOB_NAME": "job",
        "JOB_RUN_ID": "jr",
        "WORKFLOW_RUN_ID": run_id,
        **more,
    }
    return [part for name, value in given.items() for part in (f"--{name}", value)]


def run_job(job: str, arguments: list[str]) -> None:
    """Run the job to its end, in this process."""
    import_module(f"jobs.{job}").main([f"{job}.py", *arguments])


def quarantined(spark: "SparkSession", lake: Lake) -> Counter[tuple[str | None, str]]:
    """How often each dataset has a reason, by the rule that it begins with."""
    rows = spark.table(lake.ops(QUARANTINE)).select("dataset", "reasons").collect()
    return Counter((row["dataset"], reason.partition(":")[0]) for row in rows for reason in row["reasons"])
