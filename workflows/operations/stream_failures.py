"""Stream batches that the forwarder gave up: Lambda keeps each as an object, and from that they go on.

Lambda writes `aws/lambda/<mapping>/<shard>/<yyyy>/<mm>/<dd>/<time>-<uuid>` into the RAW bucket (its developer
guide, "Retain discarded records for a DynamoDB event source"): what failed (`DDBStreamBatchInfo`) and, as
`payload`, the event with its records. These become the raw objects that the forwarder would have written,
under its names: a record that got through after all is read twice, which changes nothing. Then the failure
moves below `aws/lambda/redriven/`. In this order, so that to break off in between is to do it once more.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ParamValidationError

from jobs.intake.doors import STREAM_FAILURES
from lambdas.forwarder.objects import ForeignStream, RawObject, raw_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.stack.target import Target

FAILURES: Final = STREAM_FAILURES
REDRIVEN: Final = f"{FAILURES}redriven/"
_MOST_PAGES: Final = 100  # of one batch in the stream: a page has 1000 records or 1 MB, a batch 6 MB
_FORGOTTEN: Final = ("TrimmedDataAccessException", "ResourceNotFoundException", "ExpiredIteratorException")


class Unreadable(Exception):
    """Raised when a failure's records can't be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One batch that was given up, and what it came to: raw objects, or why not."""

    key: str
    last_modified: datetime
    raw: tuple[str, ...] = ()  # keys of the objects that carry its records
    records: int = 0
    problem: str | None = None


def redrive(target: Target, since: datetime | None = None, *, dry_run: bool = False) -> list[Failure]:
    """Put the records of the batches that were given up since then (or ever) on their way again."""
    given_up = [failure for failure in failures(target) if since is None or since <= failure.last_modified]
    return [_redrive_one(target, failure, dry_run=dry_run) for failure in given_up]


def _redrive_one(target: Target, failure: Failure, *, dry_run: bool) -> Failure:
    try:
        objects = read(target, failure.key)
    except (Unreadable, ForeignStream) as problem:
        return replace(failure, problem=str(problem))
    if not dry_run:
        put(target, objects)
        set_aside(target, failure.key)
    return replace(
        failure, raw=tuple(raw.key for raw in objects), records=sum(len(raw.records) for raw in objects)
    )


def failures(target: Target) -> Iterator[Failure]:
    """What has been given up and not been redriven."""
    pages = (
        target.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=target.output("RawBucket"), Prefix=FAILURES)
    )
    for page in pages:
        for item in page.get("Contents", ()):
            if not item["Key"].startswith(REDRIVEN) and not item["Key"].endswith("/"):
                yield Failure(item["Key"], item["LastModified"])


def read(target: Target, key: str) -> list[RawObject]:
    """The raw objects for a failure's records. Raises Unreadable, or ForeignStream if they are not ours."""
    body = target.client("s3").get_object(Bucket=target.output("RawBucket"), Key=key)["Body"].read()
    try:
        failure = json.loads(body)
        records = payload_records(failure) or stream_records(target, failure["DDBStreamBatchInfo"])
        return raw_objects(records, target.output("TablePrefix"))
    except (ValueError, KeyError, TypeError, AttributeError, ParamValidationError) as error:
        raise Unreadable(
            "expected Lambda's record of a failed invocation (JSON with payload or DDBStreamBatchInfo), got "
            f"{body[:80]!r} ({error!r}); if it isn't one, remove it"
        ) from error


def payload_records(failure: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of the event that Lambda kept, as text or as JSON; none if it kept none."""
    payload = failure.get("payload")
    event = json.loads(payload) if isinstance(payload, str) and payload else payload
    found: list[dict[str, Any]] = event["Records"] if isinstance(event, dict) else (event or [])
    return found


def stream_records(target: Target, batch: dict[str, Any]) -> list[dict[str, Any]]:
    """The batch's records from the stream itself, in the form Lambda gets them. Raises Unreadable if gone."""
    ends = int(batch["startSequenceNumber"]), int(batch["endSequenceNumber"])
    try:
        found = [record for page in _pages(target.client("dynamodbstreams"), batch) for record in page]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _FORGOTTEN:
            raise
        found = []
    records = [
        as_lambda_gets_it(record, batch["streamArn"]) for record in found if _number(record) <= ends[1]
    ]
    if not records or (_number(records[0]), _number(records[-1])) != ends:
        raise Unreadable(_forgotten(batch, target.output("TablePrefix")))
    return records


def _pages(streams: Any, batch: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The shard's records from the batch's first one on, until its last one has come."""
    iterator = streams.get_shard_iterator(
        StreamArn=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch["startSequenceNumber"],
    ).get("ShardIterator")
    for _ in range(_MOST_PAGES):
        if iterator is None:
            return
        page = streams.get_records(ShardIterator=iterator)
        yield page["Records"]
        if page["Records"] and _number(page["Records"][-1]) >= int(batch["endSequenceNumber"]):
            return
        iterator = page.get("NextShardIterator")


def _number(record: dict[str, Any]) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


def as_lambda_gets_it(record: dict[str, Any], stream_arn: str) -> dict[str, Any]:
    """A record of GetRecords in the form of the Lambda event: times as seconds, binaries as base64."""
    plain: dict[str, Any] = json.loads(json.dumps(record, default=_plain))
    return plain | {"eventSourceARN": stream_arn}


def put(target: Target, objects: list[RawObject]) -> None:
    """Write raw objects where the forwarder writes them; that they landed is announced by S3 as ever."""
    s3, bucket = target.client("s3"), target.output("RawBucket")
    for raw in objects:
        s3.put_object(Bucket=bucket, Key=raw.key, Body=raw.body, ContentType="application/gzip")


def set_aside(target: Target, key: str) -> None:
    """Move a failure to where those lie that are dealt with."""
    s3, bucket = target.client("s3"), target.output("RawBucket")
    moved = REDRIVEN + key.removeprefix(FAILURES)
    s3.copy_object(Bucket=bucket, Key=moved, CopySource={"Bucket": bucket, "Key": key})
    s3.delete_object(Bucket=bucket, Key=key)


def _forgotten(batch: dict[str, Any], prefix: str) -> str:
    table = batch["streamArn"].partition(":table/")[2].partition("/")[0]
    return (
        f"Lambda kept no records and the stream has forgotten them; to close the gap: "
        f"glueline catch-up {table.removeprefix(prefix)} --from {batch['approximateArrivalOfFirstRecord']}"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"no JSON for {type(value).__name__}")
