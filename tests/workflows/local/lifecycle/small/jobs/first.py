"""Writes its arguments and settings to the bucket, for the test to read."""

import json
import sys
import time

import boto3
from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession

options = getResolvedOptions(sys.argv, ["JOB_NAME", "BUCKET", "EXTRA", "WORKFLOW_NAME", "WORKFLOW_RUN_ID"])
spark = SparkSession.builder.getOrCreate()
run = {"Name": options["WORKFLOW_NAME"], "RunId": options["WORKFLOW_RUN_ID"]}
report = {
    "options": options,
    "partitions": spark.conf.get("spark.sql.shuffle.partitions"),
    "setting": spark.conf.get("spark.glueline.test"),
    "rows": spark.range(5).count(),
    "properties": boto3.client("glue").get_workflow_run(**run)["Run"]["WorkflowRunProperties"],
}
if waits_for := report["properties"].get("waits_for"):
    s3 = boto3.client("s3")
    while not s3.list_objects_v2(Bucket=options["BUCKET"], Prefix=waits_for)["KeyCount"]:
        time.sleep(0.1)
spark.conf.set("spark.glueline.test", "changed by the first")
boto3.client("s3").put_object(
    Bucket=options["BUCKET"], Key="out/first.json", Body=json.dumps(report).encode()
)
