"""Drift -> lines for the RAW bucket's door `repairs/`, which the next run of ingest merges like any change.

Two kinds of lines, for each key in one object, so that they are merged together:

    {"op":"retract","key":…,"version":…,"tie":…}   takes away what stands at exactly that position: a row that
                                                   is wrong, or a tombstone that outranks a true item
    a stream record                                puts the true item back, or its mark of deletion

A retract that comes late finds nothing at its position and does nothing. The record has the version of the
item and, as sequence number, the time of the repair: that has fewer digits than a stream's, so it loses to
the true record of that version when that comes after all; and each repair has another one, so that none is
taken for the repetition of an earlier one.

A key that was erased stays erased, also if DynamoDB has an item of it again: its tombstone is not taken away,
and its item is not put back.
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
_OBJECT_BYTES = 16 * 1024 * 1024  # of lines, before they are compressed


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair of one dataset: where its lines go and what they say of themselves."""

    bucket: str
    dataset: str
    name: str  # of the comparison that found the drift
    found_at: int  # in whole seconds: the version of an item without one; no later write has a lesser one
    sequence_number: str

    @classmethod
    def of(cls, compared: Comparison, bucket: str, now: datetime) -> "Repair":
        """The repair of what a comparison found."""
        number = str(micros_of(now))
        return cls(bucket, compared.dataset, compared.name, int(compared.at.timestamp()), number)


def write_repairs(drift: "DataFrame", repair: Repair, keys: int) -> int:
    """Write the lines of drifted keys (`jobs.parity.drift`) on the executors; how many keys got lines."""
    from pyspark.sql import functions as F

    objects = keys // _KEYS_PER_OBJECT + 1
    wrong = drift.select("key", F.to_json("positions").alias("rows"), F.to_json("grave").alias("grave"),
                         "item.is_live", "item.version", "item.record")  # fmt: skip
    written = (
        wrong.repartition(objects, "key").mapInArrow(partial(_write, repair), "keys long").agg(F.sum("keys"))
    )
    return int((written.first() or (0,))[0] or 0)


def repair_lines(key: Mapping[str, Any], repair: Repair) -> list[str]:
    """The lines of one key: retracts, then the record of the true item if there is one."""
    lines = [_retract(key["key"], row["version"], row["tie"]) for row in json.loads(key["rows"] or "[]")]
    grave = json.loads(key["grave"] or "null")
    if grave is not None and (grave["_version"], grave["_tie"]) == ERASURE:
        return lines
    if grave is not None and key["is_live"] and _outranks(grave, key["version"]):
        lines.append(_retract(key["key"], grave["_version"], grave["_tie"]))
    if key["record"] is not None:
        record = json.loads(key["record"])
        record["eventID"] = f"repair-{repair.name}"
        record["dynamodb"] |= {
            "ApproximateCreationDateTime": repair.found_at,
            "SequenceNumber": repair.sequence_number,
        }
        lines.append(_line(record))
    return lines


def _outranks(grave: Mapping[str, Any], version: int | None) -> bool:
    """Whether the tombstone would keep the item's record from the table; of equal versions, it would."""
    return version is None or bool(grave["_version"] >= version)


def _retract(key: str, version: int, tie: str) -> str:
    return _line({"op": "retract", "key": key, "version": version, "tie": tie})


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _write(repair: Repair, rows: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    """What one Spark task does: writes objects of its keys' lines. Done again, it writes them again."""
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
    """The lines in objects of bounded size, and of how many keys each has lines."""
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
