"""A small contract with every type, and what the doors receive, for the jobs' tests."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3

from expectations.contract import Column, Contract, Partition
from expectations.timestamps import from_micros, to_text
from jobs.intake.manifest import ManifestFile
from jobs.reading.received import RECEIVED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SENT = datetime(2026, 11, 24, 12, tzinfo=UTC)

EVERY_TYPE = Contract(
    dataset="things",
    version="1.0.0",
    description="One of each.",
    columns=(
        Column("id", "string", required=True),
        Column("small", "int"),
        Column("large", "long"),
        Column("price", "decimal(10,2)", aliases=("cost",)),
        Column("exact", "decimal(38,18)"),
        Column("ratio", "double"),
        Column("approximate", "float"),
        Column("is_new", "boolean"),
        Column("day", "date"),
        Column("seen_at", "timestamp"),
        Column("blob", "binary"),
        Column("state", "string", default="new", has_default=True),
        Column("place", "struct<street: string, number: int>", fields=(
            Column("street", "string"), Column("number", "int"),
        )),
        Column("sizes", "list<int>", fields=(Column("element", "int"),)),
        Column("tags", "list<string>", fields=(Column("element", "string"),)),
    ),
    key=("id",),
)  # fmt: skip

# Like transactions, but small: a composite key, a movable day partition, a sequence column.
EVENTS = Contract(
    dataset="events",
    version="1.0.0",
    description="Something that happens on a day.",
    columns=(
        Column("shop", "string", required=True),
        Column("number", "int", required=True),
        Column("happened_at", "timestamp", required=True),
        Column("amount", "decimal(10,2)"),
        Column("updated_at", "timestamp", required=True),
    ),
    key=("shop", "number"),
    partitions=(Partition("happened_at", "days"),),
    sequence_column="updated_at",
)

# Like products: one key column that is the bucket, no sequence column.
ENTITIES = Contract(
    dataset="entities",
    version="1.0.0",
    description="Something that is.",
    columns=(Column("id", "long", required=True), Column("name", "string")),
    key=("id",),
    partitions=(Partition("id", "bucket[4]"),),
)


def received(
    spark: "SparkSession", payloads: Iterable[str | Mapping[str, Any]], *, event_time: datetime = SENT
) -> "DataFrame":
    """The frame that a door gets of rows with these payloads."""
    rows = [
        ("s3://raw/file", event_time, number, row if isinstance(row, str) else json.dumps(row), None)
        for number, row in enumerate(payloads, 1)
    ]
    return spark.createDataFrame(rows, RECEIVED)


def record(
    name: str,
    key: str,
    *,
    new: Mapping[str, Any] | None = None,
    old: Mapping[str, Any] | None = None,
    number: int = 1,
    at: datetime = SENT,
) -> dict[str, Any]:
    """A DynamoDB stream record: INSERT, MODIFY or REMOVE, images in DynamoDB's JSON."""
    images = {"NewImage": new, "OldImage": old}
    return {
        "eventID": f"event-{number}",
        "eventName": name,
        "dynamodb": {
            "ApproximateCreationDateTime": at.timestamp(),
            "Keys": {"_key": {"S": key}},
            **{which: image for which, image in images.items() if image is not None},
            "SequenceNumber": str(number),
        },
    }


def event(
    shop: str, number: int, happened_at: datetime, *, version: int, amount: str | None = None
) -> dict[str, Any]:
    """A DynamoDB item of `EVENTS`, as the Data API writes it."""
    return {
        "_key": {"S": f"{shop},{number}"},
        "_version": {"N": str(version)},
        "shop": {"S": shop},
        "number": {"N": str(number)},
        "happened_at": {"S": to_text(happened_at)},
        "updated_at": {"S": from_micros(version)},
        **({"amount": {"N": amount}} if amount else {}),
    }


def entity(number: int, name: str | None = None, *, version: int | None = None) -> dict[str, Any]:
    """A DynamoDB item of `ENTITIES`; without a version as by a writer that is not the Data API."""
    return {
        "_key": {"S": str(number)},
        "id": {"N": str(number)},
        **({"name": {"S": name}} if name else {}),
        **({"_version": {"N": str(version)}} if version is not None else {}),
    }


def backlog_rule() -> str:
    """The name of a rule as the template has it, which is there."""
    rule = {"Name": "backlog-again", "State": "DISABLED", "ScheduleExpression": "rate(1 minute)"}
    boto3.client("events").put_rule(**rule)
    return rule["Name"]


def object_created(key: str, **changed: Any) -> str:
    """The message that the intake queue gets of a new object."""
    event = {
        "etag": "e",
        "version": None,
        "size": 1,
        "time": "2026-11-24T12:00:00Z",
        "bucket": "raw",
    } | changed
    described = {"key": key, "size": event["size"], "etag": event["etag"]}
    if "sequencer" in event:
        described["sequencer"] = event["sequencer"]
    if event["version"]:
        described["version-id"] = event["version"]
    return json.dumps(
        {
            "detail-type": "Object Created",
            "source": "aws.s3",
            "time": event["time"],
            "detail": {"bucket": {"name": event["bucket"]}, "object": described},
        }
    )


def manifest_file(key: str, **changed: Any) -> ManifestFile:
    """A file of a manifest: a CSV drop of things, unless told otherwise."""
    file = {
        "bucket": "raw",
        "key": key,
        "etag": "e",
        "version_id": None,
        "size": 1,
        "event_time": SENT.isoformat(),
        "dataset": "things",
        "door": "drop",
        "format": "csv",
    }
    return ManifestFile(**file | changed)
