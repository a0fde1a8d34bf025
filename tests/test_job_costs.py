"""A meter counts what a piece of work costs, and nothing else."""

from typing import TYPE_CHECKING

import boto3
import pytest

from tests.faults.proxy import proxied
from tests.job_costs import metered

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_work_is_counted_by_its_causes(
    aws: str, small_data_spark: "SparkSession", monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(aws) as proxy, metered(small_data_spark, proxy) as meter:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)

        def work() -> None:
            small_data_spark.range(10).collect()
            boto3.client("s3").list_buckets()

        nothing, cost = meter.measure(lambda: None), meter.measure(work)

    names = ("queries", "jobs", "s3_requests", "glue_requests", "jvm_calls")
    assert [nothing[name] for name in names] == [0, 0, 0, 0, 0]
    assert [cost[name] for name in names[:4]] == [1, 1, 1, 0]
    assert cost["jvm_calls"] > 0


@pytest.mark.deep  # half a minute
def test_work_is_counted_when_spark_has_forgotten_what_came_before(
    aws: str, small_data_spark: "SparkSession"
) -> None:
    with proxied(aws) as proxy, metered(small_data_spark, proxy) as meter:
        for _ in range(1100):  # it remembers a thousand
            small_data_spark.sparkContext.parallelize([1], 1).foreach(print)

        cost = meter.measure(lambda: small_data_spark.range(10).collect())

    assert (cost["queries"], cost["jobs"]) == (1, 1)
