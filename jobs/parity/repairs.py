"""Writes repairs of drift to the door `repairs/` of the RAW bucket; the next run of ingest merges them.

A repair has two kinds of lines. Those of one key are in one object, so they are merged together:

    {"op":"retract","key":…,"version":…,"tie":…}   removes what is at exactly that position: a row that is
                                                   wrong, or a tombstone that outranks a true item
    a stream record                                restores the true item, or its mark of deletion

A retract that comes late finds nothing at its position and does nothing. The record has the version of the
item, and the time of the repair as its sequence number. That has fewer digits than the sequence numbers of a
stream, so the repair loses to the true record of the same version if that arrives later. Each repair has a
number of its own, so it never counts as a repetition of an earlier repair.

A key that was erased stays erased, even if DynamoDB has an item of it again: its tombstone is not removed,
and its item is not restored.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from expectations.timestamps import micros_of
from jobs.intake.doors import JSON_LINES_GZ, REPAIR
from jobs.merging.fold import ERASURE
from jobs.parity.certificates import Comparison

if TYPE_CHECKING:
    import pyarrow as pa
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import DataFrame

_KEYS_PER_OBJECT = 5_000
_OBJECT_BYTES = 16 * 1024 * 1024  # of lines, before compression


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair of one dataset: where its lines are written, and what identifies them."""

    bucket: str
    dataset: str
    name: str  # of the comparison that found the drift
    # Whole seconds since the epoch: the version of an item without one. No later write gets a lower version.
    found_at: int
    sequence_number: str

    @classmethod
    def of(cls, compared: Comparison, bucket: str, now: datetime) -> "Repair":
        """The repair of what a comparison found."""
        found_at = int(compared.verified_through.timestamp())
        return cls(bucket, compared.dataset, compared.name, found_at, str(micros_of(now)))


def write_repairs(drift: "DataFrame", repair: Repair, keys: int) -> int:
    """Write the lines of drifted keys (`jobs.parity.drift.verdicts`); returns the number of keys with lines.

    `keys` is the number of drifted keys, by which they are divided into objects. The executors write.
    """
    from pyspark.sql import functions as F

    objects = keys // _KEYS_PER_OBJECT + 1
    wrong = drift.select(
        "key",
        F.to_json("positions").alias("rows"),
        F.to_json("tombstone").alias("tombstone"),
        "item.is_live",
        "item.version",
        "item.record",
    )
    written = (
        wrong.repartition(objects, "key").mapInArrow(partial(_write, repair), "keys long").agg(F.sum("keys"))
    )
    return int((written.first() or (0,))[0] or 0)


def repair_lines(key: Mapping[str, Any], repair: Repair) -> list[str]:
    """The lines of one key: retracts, then the record of the true item if there is one.

    `key` has the columns key, rows and tombstone (JSON), is_live, version and record of `write_repairs`.
    """
    lines = [_retract(key["key"], row["version"], row["tie"]) for row in json.loads(key["rows"] or "[]")]
    tombstone = json.loads(key["tombstone"] or "null")
    if tombstone is not None and (tombstone["_version"], tombstone["_tie"]) == ERASURE:
        return lines
    if tombstone is not None and key["is_live"] and _outranks(tombstone, key["version"]):
        lines.append(_retract(key["key"], tombstone["_version"], tombstone["_tie"]))
    if key["record"] is not None:
        record = json.loads(key["record"])
        record["eventID"] = f"repair-{repair.name}"
        record["dynamodb"] |= {
            "ApproximateCreationDateTime": repair.found_at,
            "SequenceNumber": repair.sequence_number,
        }
        lines.append(_line(record))
    return lines


def _outranks(tombstone: Mapping[str, Any], version: int | None) -> bool:
    """Whether the tombstone keeps the item's record out of the table; at equal versions it does."""
    return version is None or bool(tombstone["_version"] >= version)


def _retract(key: str, version: int, tie: str) -> str:
    return _line({"op": "retract", "key": key, "version": version, "tie": tie})


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _write(repair: Repair, rows: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    """Run in one Spark task: write the lines of its keys. A repeated task writes the same objects again."""
    import pyarrow as pa
    from pyspark import TaskContext

    context = TaskContext.get()
    part = context.partitionId() if context is not None else 0
    keys = (row for batch in rows for row in batch.to_pylist())
    for number, (count, lines) in enumerate(_objects(keys, repair)):
        name = f"{REPAIR.folder(repair.dataset)}{repair.name}-{part}-{number}.{JSON_LINES_GZ}"
        body = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
        _s3().put_object(Bucket=repair.bucket, Key=name, Body=body)
        yield pa.RecordBatch.from_arrays([pa.array([count], pa.int64())], names=["keys"])


def _objects(keys: Iterable[Mapping[str, Any]], repair: Repair) -> Iterator[tuple[int, list[str]]]:
    """Divide the lines into objects of bounded size: the number of keys with lines in each, and its lines."""
    count, size, lines = 0, 0, list[str]()
    for key in keys:
        more = repair_lines(key, repair)
        count, size, lines = count + bool(more), size + sum(map(len, more)), lines + more
        if size >= _OBJECT_BYTES:
            yield count, lines
            count, size, lines = 0, 0, []
    if lines:
        yield count, lines


@cache
def _s3() -> "S3Client":
    import boto3

    return boto3.client("s3")
