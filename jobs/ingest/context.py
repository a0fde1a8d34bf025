"""What the steps `check` and `merge` of a stack work on, and how they publish their metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import boto3
from pyspark.sql import SparkSession

from expectations.contract import Contract
from expectations.odcs import ContractsOnDemand
from jobs.ingest.metrics import set_aside_metric
from jobs.intake.batches import Batches
from jobs.lake.names import Lake
from jobs.lineage.events_log import LineageLog
from jobs.runtime.log import step
from jobs.runtime.metrics import Metric, publish
from jobs.runtime.options import Options
from jobs.runtime.session import spark_session

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class IngestContext:
    """The lake, the batches, the intake queue and the contracts of one stack."""

    spark: SparkSession
    lake: Lake
    batches: Batches
    contracts: Mapping[str, Contract]
    sqs: "SQSClient"
    queue_url: str
    metrics_namespace: str

    @classmethod
    def of(cls, options: Options, retry_pause: timedelta = timedelta()) -> Self:
        """What the options name, and the contracts that were deployed with the code."""
        s3 = boto3.client("s3")
        return cls(
            contracts=ContractsOnDemand(),
            spark=spark_session(),
            lake=Lake(options.database, options.ops_database),
            batches=Batches(s3, options.lake_bucket, retry_pause, lineage_log(s3, options)),
            sqs=boto3.client("sqs"),
            queue_url=options.intake_queue_url,
            metrics_namespace=options.metrics_namespace,
        )

    def publish(self, job: str, metrics: Sequence[Metric]) -> None:
        """Publish metrics of a job's work, and how many batches are set aside."""
        with step(f"{job}: metrics"):
            every = [*metrics, set_aside_metric(self.batches)]
            publish(boto3.client("cloudwatch"), self.metrics_namespace, every)


def lineage_log(s3: "S3Client", options: Options) -> LineageLog:
    """Where the steps of a stack's batches tell their lineage. The stack's metrics have its name."""
    return LineageLog(
        s3=s3,
        bucket=options.lake_bucket,
        namespace=options.metrics_namespace.lower(),
        region=s3.meta.region_name,
        database=options.database,
        url=options.openlineage_url,
    )
