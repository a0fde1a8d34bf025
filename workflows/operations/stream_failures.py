"""Redrives stream batches that the forwarder gave up, from the object that Lambda keeps of each.

Lambda writes `aws/lambda/<mapping>/<shard>/<yyyy>/<mm>/<dd>/<time>-<uuid>` to the RAW bucket (its developer
guide, "Retain discarded records for a DynamoDB event source"): what failed (`DDBStreamBatchInfo`) and, as
`payload`, the event with its records. The records become the raw objects that the forwarder would have
written, under the same names; a record that had arrived after all is read twice, which changes nothing. Then
the failure is moved below `aws/lambda/redriven/`. In this order the redrive may stop anywhere and be run
again.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ParamValidationError

from expectations.contract import by_existing_table
from expectations.problems import GluelineError
from jobs.erasure.failed_batches import read_failed_batch
from jobs.intake.doors import STREAM_FAILURES
from jobs.reading.formats.rows import UnreadableFile
from lambdas.arrivals import arrival_key
from lambdas.forwarder.objects import ForeignStream, RawObject, raw_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lambdas.forwarder.existing_tables import Datasets
    from workflows.stack.target import Target

FAILURES: Final = STREAM_FAILURES
REDRIVEN: Final = f"{FAILURES}redriven/"
_MOST_PAGES: Final = 100  # for one batch: a page has at most 1000 records or 1 MB, a batch 6 MB
_NOT_IN_STREAM: Final = (
    "TrimmedDataAccessException",
    "ResourceNotFoundException",
    "ExpiredIteratorException",
)


class UnreadableFailure(GluelineError):
    """Raised when the records of a failure can't be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class StreamFailure:
    """One batch that was given up, and the raw objects it was written to, or why it was not."""

    key: str
    last_modified: datetime
    raw: tuple[str, ...] = ()  # keys of the raw objects with its records
    records: int = 0
    problem: str | None = None


def redrive(
    target: Target,
    since: datetime | None = None,
    report: Callable[[int], None] = lambda left: None,
    *,
    dry_run: bool = False,
) -> list[StreamFailure]:
    """Write the records of batches that were given up (since a time, or ever) to the RAW bucket again.

    `report` is called before each batch, with the number that is left.
    """
    given_up = [failure for failure in failures(target) if since is None or since <= failure.last_modified]
    done: list[StreamFailure] = []
    for failure in given_up:
        report(len(given_up) - len(done))
        done.append(_redrive_one(target, failure, dry_run=dry_run))
    return done


def _redrive_one(target: Target, failure: StreamFailure, *, dry_run: bool) -> StreamFailure:
    try:
        objects = read(target, failure.key)
    except (UnreadableFailure, ForeignStream) as problem:
        return replace(failure, problem=str(problem))
    if not dry_run:
        put(target, objects)
        set_aside(target, failure.key)
    return replace(
        failure, raw=tuple(raw.key for raw in objects), records=sum(len(raw.records) for raw in objects)
    )


def failures(target: Target) -> Iterator[StreamFailure]:
    """The failures that are not redriven yet."""
    pages = (
        target.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=target.output("RawBucket"), Prefix=FAILURES)
    )
    for page in pages:
        for item in page.get("Contents", ()):
            if not item["Key"].startswith(REDRIVEN) and not item["Key"].endswith("/"):
                yield StreamFailure(item["Key"], item["LastModified"])


def read(target: Target, key: str) -> list[RawObject]:
    """The raw objects of a failure's records.

    Raises UnreadableFailure, or ForeignStream for another stack's stream.
    """
    body = target.client("s3").get_object(Bucket=target.output("RawBucket"), Key=key)["Body"].read()
    try:
        batch = read_failed_batch(body)
        records = batch.records or stream_records(target, batch.content["DDBStreamBatchInfo"])
        return raw_objects(records, target.output("TablePrefix"), _existing(target))
    except (UnreadableFile, ValueError, KeyError, TypeError, AttributeError, ParamValidationError) as error:
        raise UnreadableFailure(
            "expected Lambda's record of a failed invocation (JSON with payload or DDBStreamBatchInfo), got "
            f"{body[:80]!r} ({error!r}); if the object is something else, remove it"
        ) from error


def stream_records(target: Target, batch: dict[str, Any]) -> list[dict[str, Any]]:
    """The batch's records from the stream itself, in the form in which Lambda gets them.

    Raises UnreadableFailure if the stream no longer has them.
    """
    ends = int(batch["startSequenceNumber"]), int(batch["endSequenceNumber"])
    try:
        found = [record for page in _pages(target.client("dynamodbstreams"), batch) for record in page]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_IN_STREAM:
            raise
        found = []
    records = [
        as_lambda_event_record(record, batch["streamArn"]) for record in found if _number(record) <= ends[1]
    ]
    if not records or (_number(records[0]), _number(records[-1])) != ends:
        raise UnreadableFailure(_not_in_stream(batch, target.output("TablePrefix"), _existing(target)))
    return records


def _pages(streams: Any, batch: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The records of the shard, from the batch's first one until its last one has come."""
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


def as_lambda_event_record(record: dict[str, Any], stream_arn: str) -> dict[str, Any]:
    """A record of GetRecords in the form of the Lambda event: times as seconds, binaries as base64."""
    plain: dict[str, Any] = json.loads(json.dumps(record, default=_plain))
    return plain | {"eventSourceARN": stream_arn}


def put(target: Target, objects: list[RawObject]) -> None:
    """Write raw objects and their arrivals as the forwarder does; S3 announces that they landed as ever."""
    s3, bucket = target.client("s3"), target.output("RawBucket")
    for raw in objects:
        s3.put_object(Bucket=bucket, Key=raw.key, Body=raw.body, ContentType="application/gzip")
        s3.put_object(Bucket=bucket, Key=arrival_key(raw.key, time.time_ns() // 1000), Body=b"")


def set_aside(target: Target, key: str) -> None:
    """Move a failure to the folder of redriven ones."""
    s3, bucket = target.client("s3"), target.output("RawBucket")
    moved = REDRIVEN + key.removeprefix(FAILURES)
    s3.copy_object(Bucket=bucket, Key=moved, CopySource={"Bucket": bucket, "Key": key})
    s3.delete_object(Bucket=bucket, Key=key)


def _existing(target: Target) -> dict[str, Datasets]:
    """The datasets of each table that is not the stack's own."""
    tables = by_existing_table(target.contracts().values())
    return {name: tuple((one.dataset, one.table.entity) for one in some) for name, some in tables.items()}


def _not_in_stream(batch: dict[str, Any], prefix: str, existing: Mapping[str, Datasets]) -> str:
    table = batch["streamArn"].partition(":table/")[2].partition("/")[0]
    dataset = existing[table][0][0] if table in existing else table.removeprefix(prefix)
    return (
        f"Lambda kept no records and the stream no longer has them. To load the missing changes: "
        f"glueline catch-up {dataset} --from {batch['approximateArrivalOfFirstRecord']}"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"no JSON for {type(value).__name__}")
