"""The Spark session of a job."""

import boto3
from pyspark.sql import SparkSession

from jobs.runtime.jvm_names import look_up_once

REGION = "AWS_DEFAULT_REGION"


def spark_session() -> SparkSession:
    """The job's session. AWS clients that its Python tasks make have the driver's region.

    Glue sets the region for the driver. A task that made a client without one would fail, for DynamoDB, or be
    redirected, for S3.
    """
    spark = SparkSession.builder.getOrCreate()
    look_up_once(spark._jvm)
    if region := boto3.Session().region_name:
        spark.sparkContext.environment[REGION] = region  # of each Python worker that starts from now on
    return spark
