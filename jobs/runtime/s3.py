"""The S3 client of a Spark worker's process: made once, for many requests at a time."""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECTIONS = 16  # requests that one process makes at a time


@cache
def s3_client() -> "S3Client":
    """The process's client. It repeats a request that is throttled or fails up to six times."""
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "max_attempts": 6}
    return boto3.client("s3", config=Config(max_pool_connections=CONNECTIONS, retries=retries))
