"""The Spark session of a job."""

import boto3
from pyspark.sql import SparkSession

from jobs.runtime.jvm_lists import pass_lists_at_once
from jobs.runtime.jvm_names import look_up_once

REGION = "AWS_DEFAULT_REGION"


def spark_session() -> SparkSession:
    """The job's session. AWS clients that its Python tasks make have the driver's region.

    Glue sets the region for the driver. A task that made a client without one would fail, for DynamoDB, or be
    redirected, for S3.
    """
    spark = SparkSession.builder.getOrCreate()
    spare_calls(spark)
    if region := boto3.Session().region_name:
        spark.sparkContext.environment[REGION] = region  # of each Python worker that starts from now on
    return spark


def spare_calls(spark: SparkSession) -> None:
    """Let Python make fewer calls of the session's JVM. For few rows they are much of the driver's work."""
    pass_lists_at_once()
    look_up_once(spark._jvm)
