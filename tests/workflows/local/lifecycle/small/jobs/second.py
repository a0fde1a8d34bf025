"""Writes its arguments, and a setting of the first job, to the bucket, for the test to read."""

import json
import sys

import boto3
from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession

options = getResolvedOptions(sys.argv, ["BUCKET", "WORKFLOW_RUN_ID"])
spark = SparkSession.builder.getOrCreate()
report = {"options": options, "setting": spark.conf.get("spark.glueline.test", None)}
boto3.client("s3").put_object(
    Bucket=options["BUCKET"], Key="out/second.json", Body=json.dumps(report).encode()
)
