"""Buckets, a queue and empty databases of one test."""

from itertools import count
from typing import TYPE_CHECKING

import boto3
import pytest

from jobs.intake.batches import Batches
from jobs.lake.creation import create_ops_tables
from jobs.lake.names import Lake
from tests.jobs.builders import object_created
from tests.jobs.job_runs import Land, Run, job_arguments, run_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from pyspark.sql import SparkSession

_numbers = count(1)


@pytest.fixture
def s3(aws: str) -> "Iterator[S3Client]":
    """S3 with two empty buckets, raw and lake."""
    client = boto3.client("s3")
    for name in ("raw", "lake"):
        client.create_bucket(Bucket=name)
    yield client
    for name in ("raw", "lake"):
        bucket = boto3.resource("s3").Bucket(name)
        bucket.object_versions.delete()
        bucket.objects.delete()
        bucket.delete()


@pytest.fixture
def batches(s3: "S3Client") -> Batches:
    """The batches of the lake bucket."""
    return Batches(s3, "lake")


@pytest.fixture
def sqs(aws: str) -> "SQSClient":
    """SQS."""
    return boto3.client("sqs")


@pytest.fixture
def queue_url(sqs: "SQSClient") -> "Iterator[str]":
    """An empty queue."""
    url = sqs.create_queue(QueueName=f"intake-{next(_numbers)}")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def lake(spark: "SparkSession") -> Lake:
    """Databases of one test, with the platform's own tables in it."""
    number = next(_numbers)
    lake = Lake(f"lake_{number}", f"ops_{number}")
    for database in (lake.database, lake.ops_database):
        spark.sql(f"CREATE NAMESPACE {lake.catalog}.{database}")
    create_ops_tables(spark, lake)
    return lake


@pytest.fixture
def land(s3: "S3Client", sqs: "SQSClient", queue_url: str) -> Land:
    """Put an object into the RAW bucket, and announce it."""

    def land(key: str, body: bytes) -> None:
        etag = s3.put_object(Bucket="raw", Key=key, Body=body)["ETag"]
        message = object_created(key, etag=etag, size=len(body))
        sqs.send_message(QueueUrl=queue_url, MessageBody=message)

    return land


@pytest.fixture
def run(lake: Lake, batches: Batches, queue_url: str) -> Run:
    """Run a job in a run of the workflow with that id."""
    return lambda job, run_id: run_job(job, job_arguments(lake, queue_url, run_id))
