"""What the steps work on follows from the options; metrics are published in the stack's namespace."""

from datetime import timedelta
from typing import TYPE_CHECKING

import boto3

from jobs.ingest.context import IngestContext
from jobs.intake.batches import Batches
from jobs.lake.names import Lake
from jobs.runtime.metrics import Metric
from jobs.runtime.options import Options

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_a_context_has_what_the_options_name(small_data_spark: "SparkSession", batches: Batches) -> None:
    options = Options("lake", "raw", "url", "shop_lake", "shop_ops", "again", "Glueline/context", "jr")

    context = IngestContext.of(options, timedelta(minutes=1))
    context.publish("round", [Metric("IngestFailures", 2)])

    assert (context.lake, context.queue_url) == (Lake("shop_lake", "shop_ops"), "url")
    assert (context.batches.bucket, context.batches.retry_pause) == ("lake", timedelta(minutes=1))
    assert "transactions" in context.contracts
    published = boto3.client("cloudwatch").list_metrics(Namespace="Glueline/context")["Metrics"]
    assert {metric["MetricName"] for metric in published} == {"IngestFailures", "BatchesSetAside"}
