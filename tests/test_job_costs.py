"""A meter counts what a piece of work costs, and nothing else."""

from typing import TYPE_CHECKING

import boto3

from tests.faults.proxy import proxied
from tests.job_costs import metered

if TYPE_CHECKING:
    import pytest
    from pyspark.sql import SparkSession


def test_work_is_counted_by_its_causes(
    aws: str, small_data_spark: "SparkSession", monkeypatch: "pytest.MonkeyPatch"
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
