"""What is in flight: objects in the queue, and files of batches that are not merged."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from jobs.intake.batches import Batches
from jobs.intake.manifest import Manifest
from jobs.lake.names import BATCHES, Lake
from jobs.parity.in_flight import Landing, in_flight
from tests.jobs.builders import SENT, manifest_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from pyspark.sql import SparkSession


@pytest.fixture
def landing(s3: "S3Client", sqs: "SQSClient", queue_url: str, batches: Batches) -> Landing:
    return Landing(s3, sqs, None, "raw", queue_url, batches)


def put(landing: Landing, key: str) -> str:
    landing.s3.put_object(Bucket="raw", Key=key, Body=b"")
    return f"s3://raw/{key}"


def announce(landing: Landing) -> None:
    landing.sqs.send_message(QueueUrl=landing.queue_url, MessageBody="an object landed")


def test_without_messages_and_open_batches_nothing_is_in_flight(
    small_data_spark: "SparkSession", lake: Lake, landing: Landing
) -> None:
    put(landing, "repairs/things/1.jsonl.gz")

    assert in_flight(small_data_spark, lake, landing, "things", datetime.now(UTC)) == []


def test_while_the_queue_has_messages_objects_that_no_batch_has_checked_are_in_flight(
    small_data_spark: "SparkSession", lake: Lake, landing: Landing
) -> None:
    now = datetime.now(UTC)
    stream = f"stream/things/{now:%Y/%m/%d/%H}"
    checked, new = put(landing, f"{stream}/1.jsonl.gz"), put(landing, f"{stream}/2.jsonl.gz")
    repair = put(landing, "repairs/things/1.jsonl.gz")
    put(landing, "repairs/others/1.jsonl.gz")
    put(landing, "drops/things/1.csv")  # no item comes by a drop
    announce(landing)
    table = lake.ops(BATCHES)
    row = {"dataset": "things", "source_file": checked, "door": "stream", "checked_at": now}
    columns = small_data_spark.table(table).schema
    frame = small_data_spark.createDataFrame([dict.fromkeys(columns.names) | row], columns)
    frame.writeTo(table).append()

    until = datetime.now(UTC) + timedelta(seconds=2)  # S3 counts in whole seconds
    assert in_flight(small_data_spark, lake, landing, "things", until) == sorted([new, repair])
    assert in_flight(small_data_spark, lake, landing, "things", now - timedelta(minutes=1)) == []


def test_files_of_open_batches_that_landed_by_then_are_in_flight(
    small_data_spark: "SparkSession", lake: Lake, landing: Landing, batches: Batches
) -> None:
    files = (
        manifest_file("stream/things/a", event_time=SENT.isoformat()),
        manifest_file("stream/things/b", event_time=(SENT + timedelta(seconds=1)).isoformat()),
        manifest_file("stream/others/a", dataset="others"),
    )
    batches.open(Manifest("b1", SENT.isoformat(), files))

    assert in_flight(small_data_spark, lake, landing, "things", SENT) == ["s3://raw/stream/things/a"]
    batches.close("b1")
    assert in_flight(small_data_spark, lake, landing, "things", SENT) == []


def test_a_batch_without_a_manifest_may_read_anything(
    small_data_spark: "SparkSession", lake: Lake, landing: Landing
) -> None:
    landing.s3.put_object(Bucket="lake", Key="open/wr_9", Body=b"")

    found = in_flight(small_data_spark, lake, landing, "things", SENT)

    assert found == ["batch wr_9, which has just begun"]
