"""Whether all that landed for a dataset by some time is in its table: what is not is in flight.

The reads go against the flow, and so miss nothing that moves meanwhile: an object is in the queue, then in a
batch's manifest, then in `lake_ops.batches`, then its batch is closed; and each place is asked before the one
behind it. What is in no such place by then is merged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.intake.batches import MANIFEST, Batches
from jobs.intake.doors import REPAIR, STREAM
from jobs.lake.names import BATCHES, Lake
from jobs.parity.tables import ops_table_at

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# A record lands up to 24 hours after it was written, so long the stream keeps it; and may wait for a run as
# long again. Whoever lets it wait for more has heard the intake's alarm all the time.
LOOK_BACK = timedelta(hours=48)
_COUNTS: Any = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class Landing:
    """Where objects land and which of them wait."""

    s3: "S3Client"
    sqs: "SQSClient"
    cloudwatch: Any
    raw_bucket: str
    queue_url: str
    batches: Batches


def in_flight(spark: SparkSession, lake: Lake, landing: Landing, dataset: str, until: datetime) -> list[str]:
    """Names of what landed for the dataset by `until` and is not merged."""
    landed = set[str]()
    if _queued(landing):
        # The queue does not say what is in it: what is in no batch must be.
        since = until - LOOK_BACK
        landed = set(_landed(landing, dataset, since, until)) - _checked(spark, lake, dataset, since)
    return sorted(landed | set(_in_open_batches(landing.batches, dataset, until)))


def _queued(landing: Landing) -> int:
    """About how many messages wait or are held by a run. Approximate on AWS, for a minute at most."""
    found = landing.sqs.get_queue_attributes(QueueUrl=landing.queue_url, AttributeNames=list(_COUNTS))
    return sum(int(found["Attributes"].get(name, 0)) for name in _COUNTS)


def _landed(landing: Landing, dataset: str, since: datetime, until: datetime) -> Iterator[str]:
    """What the stream and repairs brought. (Drops are no items; an export repeats what items are.)"""
    pages = landing.s3.get_paginator("list_objects_v2")
    for prefix in [*_stream_hours(dataset, since, until), REPAIR.folder(dataset)]:
        for page in pages.paginate(Bucket=landing.raw_bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                if since <= found["LastModified"] <= until:
                    yield f"s3://{landing.raw_bucket}/{found['Key']}"


def _stream_hours(dataset: str, since: datetime, until: datetime) -> Iterator[str]:
    """The forwarder's folders, which are named by the hour of a record."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        yield f"{STREAM.folder(dataset)}{hour:%Y/%m/%d/%H}/"
        hour += timedelta(hours=1)


def _checked(spark: SparkSession, lake: Lake, dataset: str, since: datetime) -> set[str]:
    columns = "dataset string, source_file string, door string, checked_at timestamp"
    files = ops_table_at(spark, lake, BATCHES, columns).where(
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
