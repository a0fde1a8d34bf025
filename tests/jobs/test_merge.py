"""The entry script of `merge`: what is left starts the workflow once more, and failures end the run."""

from typing import TYPE_CHECKING

import boto3
import pytest

from jobs.ingest.failures import RunFailed
from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest
from jobs.intake.results import CheckedBatch, FileCount
from jobs.lake.names import Lake
from tests.jobs.builders import SENT, manifest_file
from tests.jobs.job_runs import job_arguments, run_job

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from pyspark.sql import SparkSession


def rule_state(arguments: list[str]) -> str:
    """The state of the rule that starts the workflow every minute."""
    rule = arguments[arguments.index("--BACKLOG_RULE") + 1]
    return str(boto3.client("events").describe_rule(Name=rule)["State"])


def test_messages_that_wait_start_the_workflow_once_more(
    small_data_spark: "SparkSession", lake: Lake, batches: Batches, sqs: "SQSClient", queue_url: str
) -> None:
    arguments = job_arguments(lake, queue_url, "wr")
    run_job("merge", arguments)
    before = rule_state(arguments)

    sqs.send_message(QueueUrl=queue_url, MessageBody="{}")
    run_job("merge", arguments)

    assert (before, rule_state(arguments)) == ("DISABLED", "ENABLED")


def test_a_dataset_that_fails_ends_the_run_with_an_error_and_starts_the_workflow_once_more(
    small_data_spark: "SparkSession", lake: Lake, batches: Batches, queue_url: str
) -> None:
    file = manifest_file("drops/gone/a.csv", dataset="gone")
    batches.open(Manifest("b1", SENT.isoformat(), (file,)))
    count = FileCount("gone", file.source_file, "drop", 1, 1, 0)
    batches.mark_checked(CheckedBatch("b1", (count,), SENT.isoformat()))
    arguments = job_arguments(lake, queue_url, "wr")

    message = r"merge: gone failed.*expected a contract of dataset gone"
    with pytest.raises(RunFailed, match=message):
        run_job("merge", arguments)

    assert (batches.begun(), batches.failing(), rule_state(arguments)) == (["b1"], ["b1"], "ENABLED")
