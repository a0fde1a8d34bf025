"""Writes each batch of DynamoDB stream records to the RAW bucket, as one gzip JSON Lines object per dataset.

Records of items that no dataset claims, in a table of which contracts describe only some items, are counted.

Safe to repeat: name and content of the object depend only on the batch, so a retry overwrites it with the
same content, and adds an arrival of it (`lambdas.arrivals`), by which the change feed reads it again. Any
failure fails the batch, which Lambda then retries, so that no record is skipped.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from time import time_ns
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from lambdas.arrivals import arrival_key
from lambdas.environment import contracts_path, required
from lambdas.forwarder.existing_tables import Datasets, datasets_of_tables
from lambdas.forwarder.objects import RawObject, sort_records
from lambdas.metrics import count

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def handler(event: dict[str, Any], context: object) -> None:
    """Lambda entry point."""
    settings = _settings()
    found = sort_records(event["Records"], settings.table_prefix, settings.existing)
    for raw in found.objects:
        put(_s3(), settings.raw_bucket, raw)
        _logger.info("forwarded", bytes=len(raw.body), **raw.summary())
        count({"forwarded": len(raw.records)}, dataset=raw.dataset)
    for table, unclaimed in found.unclaimed.items():
        count({"unclaimed": unclaimed}, table=table)


@dataclass(frozen=True, slots=True)
class Settings:
    """The bucket to write to, the prefix of the tables' names, and the datasets of existing tables."""

    raw_bucket: str
    table_prefix: str
    existing: Mapping[str, Datasets]  # by the name of a table

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """The settings, or a ConfigurationError that names all missing variables."""
        raw_bucket, table_prefix = required(env, "RAW_BUCKET", "TABLE_PREFIX")
        return cls(raw_bucket, table_prefix, datasets_of_tables(contracts_path(env)))


def put(s3: "S3Client", bucket: str, raw: RawObject) -> None:
    """Write the object, then its arrival. S3 verifies its checksum, which boto3 sends."""
    s3.put_object(Bucket=bucket, Key=raw.key, Body=raw.body, ContentType="application/gzip")
    s3.put_object(Bucket=bucket, Key=arrival_key(raw.key, _now()), Body=b"")


def _now() -> int:
    """Microseconds since the epoch."""
    return time_ns() // 1000


@cache
def _settings() -> Settings:
    return Settings.from_env(os.environ)


@cache
def _s3() -> "S3Client":
    return boto3.client("s3")


_logger = Logger()
if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:  # in Lambda: the init phase has the full CPU
    _settings()
    _s3()
