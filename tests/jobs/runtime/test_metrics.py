"""The jobs' metrics as CloudWatch receives them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

from jobs.check import count_metrics
from jobs.checking.checked_dataset import FileCount
from jobs.runtime.metrics import NAMESPACE, Metric, publish


def kept(name: str, *dimensions: dict[str, str], statistic: Any = "Maximum") -> list[Any]:
    """What CloudWatch returns for the metric."""
    now = datetime.now(UTC)
    found = boto3.client("cloudwatch", "us-east-1").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=list(dimensions),
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=[statistic],
    )
    return [(point[statistic], point["Unit"]) for point in found["Datapoints"]]


@mock_aws
def test_a_metric_is_of_its_dataset_and_in_the_unit_that_its_name_says() -> None:
    metrics = [Metric("FreshnessSeconds", 12.5, "products"), Metric("FilesRefused", 1)]

    publish(boto3.client("cloudwatch", "us-east-1"), metrics)

    assert kept("FreshnessSeconds", {"Name": "Dataset", "Value": "products"}) == [(12.5, "Seconds")]
    assert kept("FilesRefused") == [(1.0, "Count")]


@mock_aws
def test_an_average_of_shares_weighs_each_by_what_it_is_a_share_of() -> None:
    runs = [Metric("QuarantinePercent", 100, "products", 1), Metric("QuarantinePercent", 1, "products", 99)]

    publish(boto3.client("cloudwatch", "us-east-1"), runs)

    [(average, unit)] = kept(
        "QuarantinePercent", {"Name": "Dataset", "Value": "products"}, statistic="Average"
    )
    assert (average, unit) == (1.99, "Percent")


def test_more_metrics_than_one_call_takes_are_sent_in_several() -> None:
    class CloudWatch:
        def __init__(self) -> None:
            self.sizes: list[int] = []

        def put_metric_data(self, Namespace: str, MetricData: list[Any]) -> None:
            self.sizes.append(len(MetricData))

    cloudwatch = CloudWatch()

    publish(cloudwatch, [Metric("RowsAccepted", 1, f"d{number}") for number in range(501)])

    assert cloudwatch.sizes == [500, 1]


def test_rows_count_for_their_dataset_and_a_file_that_brought_nothing_for_all() -> None:
    counts = [
        FileCount("products", "s3://raw/a", "drop", 10, 9, 1),
        FileCount("products", "s3://raw/b", "drop", 6, 6, 0, superseded=1),
        FileCount("transactions", "s3://raw/c", "stream", 1, 0, 1),
        FileCount("transactions", "s3://raw/lost", "drop", 0, 0, 0, superseded=2),
        FileCount(None, "stray/d", None, 1, 0, 1),
    ]

    assert count_metrics(counts) == [
        Metric("RowsAccepted", 15, "products"),
        Metric("RowsQuarantined", 1, "products"),
        Metric("QuarantinePercent", 6.25, "products", samples=16),
        Metric("RowsAccepted", 0, "transactions"),
        Metric("RowsQuarantined", 1, "transactions"),
        Metric("QuarantinePercent", 100, "transactions"),
        Metric("FilesRefused", 2),
        Metric("FilesSuperseded", 3),
    ]


def test_rows_of_erased_keys_ring_no_alarm() -> None:
    """A replay of an old copy is no fault; and the record of a mark is all that its file has."""
    counts = [
        FileCount("products", "s3://raw/mark", "stream", 1, 0, 1, erased=1),
        FileCount("products", "s3://raw/copy", "drop", 5, 2, 3, erased=2),
    ]

    assert count_metrics(counts) == [
        Metric("RowsAccepted", 2, "products"),
        Metric("RowsQuarantined", 1, "products"),
        Metric("QuarantinePercent", 100 / 3, "products", samples=3),
        Metric("FilesRefused", 0),
        Metric("FilesSuperseded", 0),
    ]


def test_a_run_without_a_batch_counts_nothing() -> None:
    assert count_metrics([]) == []
