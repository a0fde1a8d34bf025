"""Warms up a new Spark: it does once, on a few rows, what costs seconds the first time.

That is: classes of the AWS SDK, Iceberg's commit and MERGE, Parquet, JSON, a Python worker with Arrow, and
the import of Great Expectations, through the catalog and file systems that jobs use, against the embedded
AWS.
"""

import importlib
import os
import threading
from collections.abc import Iterable
from typing import Final

import pyarrow as pa
from pyspark.sql import SparkSession

from workflows.local.spark.conf import job_conf

EXTENSIONS: Final = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
_NAME: Final = f"warmup{os.getpid()}"  # two processes may warm up at once
_CATALOG: Final = {
    f"spark.sql.catalog.{_NAME}": "org.apache.iceberg.spark.SparkCatalog",
    f"spark.sql.catalog.{_NAME}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
    f"spark.sql.catalog.{_NAME}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
    f"spark.sql.catalog.{_NAME}.warehouse": f"s3://{_NAME}/warehouse",
}


def warm_up(spark: SparkSession, endpoint: str) -> None:
    """Load all that the first job needs. Nothing of it stays in the embedded AWS."""
    imports = threading.Thread(target=importlib.import_module, args=("expectations.suite",), name="imports")
    imports.start()
    for key, value in job_conf(_CATALOG, endpoint).items():
        spark.conf.set(key, value)
    _use_bucket(spark, endpoint)
    spark.range(4).mapInArrow(_unchanged, "id long").collect()
    imports.join()


def _use_bucket(spark: SparkSession, endpoint: str) -> None:
    import boto3

    s3 = boto3.resource("s3", endpoint_url=endpoint)
    bucket = s3.create_bucket(Bucket=_NAME)
    try:
        _write_and_read_json(spark)
        _merge_into_table(spark)
    finally:
        bucket.objects.all().delete()
        bucket.delete()


def _write_and_read_json(spark: SparkSession) -> None:
    folder = f"s3://{_NAME}/raw"
    spark.range(10).selectExpr("id", "cast(id as string) as text").write.json(folder)
    spark.read.schema("id long, text string").json(folder).cache().count()


def _merge_into_table(spark: SparkSession) -> None:
    table = f"{_NAME}.{_NAME}.numbers"
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {_NAME}.{_NAME}")
    spark.sql(f"CREATE TABLE {table} (id bigint, text string) USING iceberg PARTITIONED BY (bucket(4, id))")
    numbers = spark.range(10).selectExpr("id", "cast(id as string) as text")
    numbers.writeTo(table).append()
    numbers.createOrReplaceTempView("numbers")
    spark.sql(
        f"MERGE INTO {table} t USING numbers s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    spark.sql(f"DROP TABLE {table} PURGE")
    spark.sql(f"DROP NAMESPACE {_NAME}.{_NAME}")


def _unchanged(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    return batches
