"""Finds what landed for a dataset by some time and is not merged: it is in flight.

An object is in the intake queue first, then in a batch's manifest, then in `lake_ops.batches`, then its batch
is closed. The queue is read first and the open batches last, so an object that moves on during the reads is
found in a later place. An object that is found in no place is merged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.intake.batches import MANIFEST, Batches
from jobs.intake.doors import REPAIR, STREAM
from jobs.lake.names import BATCHES, Lake
from jobs.parity.tables import current_ops_table
from jobs.runtime.options import Options

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# A record lands at most 24 hours after it was written, which is how long a stream keeps it. It may then wait
# for a run of ingest; the alarm on the age of the intake queue is raised long before another 24 hours.
LOOK_BACK = timedelta(hours=48)
_COUNTS: Any = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class Landing:
    """The clients and names by which objects that landed and are not merged are found."""

    s3: "S3Client"
    sqs: "SQSClient"
    cloudwatch: Any
    raw_bucket: str
    queue_url: str
    batches: Batches

    @classmethod
    def of(cls, job: Options, s3: "S3Client", sqs: "SQSClient", cloudwatch: Any) -> Self:
        """The queue and the buckets that a job's options name."""
        batches = Batches(s3, job.lake_bucket)
        return cls(s3, sqs, cloudwatch, job.raw_bucket, job.intake_queue_url, batches)


def in_flight(spark: SparkSession, lake: Lake, landing: Landing, dataset: str, until: datetime) -> list[str]:
    """The addresses of the objects that landed for the dataset by `until` and are not merged, sorted.

    A batch without a manifest is in flight too, since the objects it will read are not known yet.
    """
    landed = set[str]()
    if _queued(landing):
        # A queue does not list its messages: an object that is in no batch must be in the queue.
        since = until - LOOK_BACK
        landed = set(_landed(landing, dataset, since, until)) - _checked(spark, lake, dataset, since)
    return sorted(landed | set(_in_open_batches(landing.batches, dataset, until)))


def _queued(landing: Landing) -> int:
    """About how many messages are in the queue or received by a run. SQS counts are exact after a minute."""
    found = landing.sqs.get_queue_attributes(QueueUrl=landing.queue_url, AttributeNames=list(_COUNTS))
    return sum(int(found["Attributes"].get(name, 0)) for name in _COUNTS)


def _landed(landing: Landing, dataset: str, since: datetime, until: datetime) -> Iterator[str]:
    """The objects of the stream and of repairs. Drops are not items; exports repeat what items are."""
    pages = landing.s3.get_paginator("list_objects_v2")
    for prefix in [*_stream_hours(dataset, since, until), REPAIR.folder(dataset)]:
        for page in pages.paginate(Bucket=landing.raw_bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                if since <= found["LastModified"] <= until:
                    yield f"s3://{landing.raw_bucket}/{found['Key']}"


def _stream_hours(dataset: str, since: datetime, until: datetime) -> Iterator[str]:
    """The folders of the forwarder, one for each hour in which records were made."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        yield f"{STREAM.folder(dataset)}{hour:%Y/%m/%d/%H}/"
        hour += timedelta(hours=1)


def _checked(spark: SparkSession, lake: Lake, dataset: str, since: datetime) -> set[str]:
    columns = "dataset string, source_file string, door string, checked_at timestamp"
    files = current_ops_table(spark, lake, BATCHES, columns).where(
        (F.col("dataset") == dataset)
        & F.col("door").isin(STREAM.name, REPAIR.name)
        & (F.col("checked_at") >= F.lit(since))
    )
    return {row["source_file"] for row in files.select("source_file").distinct().collect()}


def _in_open_batches(batches: Batches, dataset: str, until: datetime) -> Iterator[str]:
    for batch_id in batches.begun():
        if MANIFEST not in batches.steps(batch_id):
            yield f"batch {batch_id}, which has just begun"
            continue
        for file in batches.manifest(batch_id).files:
            if file.dataset == dataset and datetime.fromisoformat(file.event_time) <= until:
                yield file.source_file
