"""Answers with what a function finds on the machine that it runs on."""

import importlib.util
import os
import sys


def handler(event, context):  # type: ignore[no-untyped-def]
    wanted = ("boto3", "pydantic", "ministack", "workflows", "expectations", "pyspark")
    return {
        "event": event,
        "importable": [name for name in wanted if importlib.util.find_spec(name)],
        "version": list(sys.version_info[:2]),
        "endpoint": os.environ.get("AWS_ENDPOINT_URL"),
        "pythonpath": os.environ.get("PYTHONPATH"),
    }
