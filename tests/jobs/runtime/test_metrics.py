"""The jobs' metrics as CloudWatch receives them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

from jobs.runtime.metrics import Metric, publish


def kept(name: str, *dimensions: dict[str, str], statistic: Any = "Maximum") -> list[Any]:
    """What CloudWatch returns for the metric."""
    now = datetime.now(UTC)
    found = boto3.client("cloudwatch", "us-east-1").get_metric_statistics(
        Namespace="Glueline/dev",
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

    publish(boto3.client("cloudwatch", "us-east-1"), "Glueline/dev", metrics)

    assert kept("FreshnessSeconds", {"Name": "Dataset", "Value": "products"}) == [(12.5, "Seconds")]
    assert kept("FilesRefused") == [(1.0, "Count")]


@mock_aws
def test_an_average_of_shares_weighs_each_by_what_it_is_a_share_of() -> None:
    runs = [Metric("QuarantinePercent", 100, "products", 1), Metric("QuarantinePercent", 1, "products", 99)]

    publish(boto3.client("cloudwatch", "us-east-1"), "Glueline/dev", runs)

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

    publish(cloudwatch, "Glueline/dev", [Metric("RowsAccepted", 1, f"d{number}") for number in range(501)])

    assert cloudwatch.sizes == [500, 1]
