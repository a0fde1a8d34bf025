"""The entry script of `follow`: a run that is outdated from the start makes no round; others end in between.

That it does what check and merge do, also when it is killed, is shown by `tests/faults/test_killed_jobs.py`.
"""

from typing import TYPE_CHECKING

import boto3
import pytest

from jobs.ingest.stack_jobs import StackJobs
from jobs.intake import queue
from jobs.lake.names import Lake
from tests.jobs.job_runs import Land, job_arguments, run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def arguments(lake: Lake, queue_url: str, mode: str) -> list[str]:
    glue, name = boto3.client("glue"), f"{lake.database}-follow"
    if name not in glue.list_jobs()["JobNames"]:
        glue.create_job(Name=name, Role="role", Command={"Name": "gluestreaming"})
    started = {"JOB_NAME": name, "JOB_RUN_ID": glue.start_job_run(JobName=name)["JobRunId"]}
    return job_arguments(lake, queue_url, "wr", **started, INGEST_MODE=mode, ROUND_SECONDS="1")


def test_a_run_of_a_job_that_was_deployed_again_leaves_the_work_to_the_next_run(
    small_data_spark: "SparkSession", lake: Lake, queue_url: str, land: Land
) -> None:
    given = arguments(lake, queue_url, "continuous")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StackJobs, "is_outdated", lambda jobs: True)
        land("drops/products/a.csv", b"product_id\n")

        run_job("follow", given)

    assert queue.waiting_messages(boto3.client("sqs"), queue_url) == 1


def test_a_job_of_the_other_mode_does_nothing(
    small_data_spark: "SparkSession", lake: Lake, queue_url: str, land: Land
) -> None:
    land("drops/products/a.csv", b"product_id\n")

    for job, mode in (("follow", "workflow"), ("check", "continuous"), ("merge", "continuous")):
        run_job(job, arguments(lake, queue_url, mode))

    assert queue.waiting_messages(boto3.client("sqs"), queue_url) == 1
