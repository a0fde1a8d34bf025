"""Items of a DynamoDB table as the stream door would receive them, read on Spark's executors.

Each item comes as the stream record of a write that left it so (`jobs.reading.receive.RECEIVED`,
`source_file` is its key). So `jobs.doors.stream` types an item as it types the change that made it: an item
has one meaning. What such a record does not have is a time: an item whose writer stamped no version gets
`UNSTAMPED`.
"""

import base64
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import batched
from typing import TYPE_CHECKING, Any

from jobs.reading.receive import RECEIVED

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

UNSTAMPED = -62_135_596_800_000_000  # 0001-01-01: the version of an item without one, before any other
KEY = "_key"
_SEGMENT_BYTES = 256 * 1024 * 1024  # of a table: what a task that has to be done again reads twice
_MOST_SEGMENTS = 10_000
_KEYS_PER_CALL = 100
_FEW_SECONDS = 0.2

type Item = Mapping[str, Any]


def scan(spark: "SparkSession", table: str, units_per_second: float) -> "DataFrame":
    """All items, columns `RECEIVED`, read in segments side by side.

    Eventually consistent, at half the price: what a read misses by that looks like a change in flight. All
    tasks together read at most `units_per_second` read units.
    """
    parallelism = spark.sparkContext.defaultParallelism
    segments = min(max(parallelism, _table_bytes(table) // _SEGMENT_BYTES), _MOST_SEGMENTS)
    numbers = spark.range(0, segments, 1, segments)
    share = units_per_second / min(parallelism, segments)
    return numbers.mapInArrow(partial(_scan_segments, table, segments, share), RECEIVED)


def get(spark: "SparkSession", table: str, keys: "DataFrame", units_per_second: float) -> "DataFrame":
    """The items of these keys (one column of key texts) as they are now, columns `RECEIVED`."""
    share = units_per_second / spark.sparkContext.defaultParallelism
    return keys.mapInArrow(partial(_get_keys, table, share), RECEIVED)


@dataclass(slots=True)
class Pace:
    """Keeps what is spent within `per_second`, on the average, by sleeping after it was spent."""

    per_second: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    paid_until: float = 0.0

    def spend(self, units: float) -> None:
        """Return when `units` are paid for."""
        now = self.clock()
        self.paid_until = max(now, self.paid_until) + units / self.per_second
        if self.paid_until > now:
            self.sleep(self.paid_until - now)


def as_record(item: Item) -> str:
    """The stream record of a write that left the item as it is: JSON, with binaries in base64."""
    record = {
        "eventName": "MODIFY",
        "dynamodb": {"Keys": {KEY: item[KEY]}, "NewImage": item, "SequenceNumber": "0"},
    }
    return json.dumps(record, default=_base64, ensure_ascii=False, separators=(",", ":"))


def _table_bytes(table: str) -> int:
    return int(_dynamodb().describe_table(TableName=table)["Table"].get("TableSizeBytes", 0))


def _scan_segments(
    table: str, segments: int, units_per_second: float, tasks: "Iterable[pa.RecordBatch]"
) -> "Iterator[pa.RecordBatch]":
    """What one Spark task does: scans the segments that its input names."""
    pages = _dynamodb().get_paginator("scan")
    pace = Pace(units_per_second)
    for segment in (number for task in tasks for number in task.column(0).to_pylist()):
        for page in pages.paginate(
            TableName=table, Segment=segment, TotalSegments=segments, ReturnConsumedCapacity="TOTAL"
        ):
            yield _arrow_batch(page["Items"])
            pace.spend(page.get("ConsumedCapacity", {}).get("CapacityUnits", 0))


def _get_keys(
    table: str, units_per_second: float, tasks: "Iterable[pa.RecordBatch]"
) -> "Iterator[pa.RecordBatch]":
    """What one Spark task does: gets the items of the keys of its input."""
    pace = Pace(units_per_second)
    keys = (key for task in tasks for key in task.column(0).to_pylist())
    for some in batched(keys, _KEYS_PER_CALL, strict=False):
        yield _arrow_batch(list(_get(table, some, pace)))


def _get(table: str, keys: Iterable[str], pace: Pace) -> Iterator[Item]:
    """The items of up to 100 keys; what DynamoDB leaves unprocessed is asked for again."""
    left: Any = {table: {"Keys": [{KEY: {"S": key}} for key in keys], "ConsistentRead": True}}
    while left:
        answer = _dynamodb().batch_get_item(RequestItems=left, ReturnConsumedCapacity="TOTAL")
        yield from answer["Responses"].get(table, ())
        pace.spend(sum(spent.get("CapacityUnits", 0) for spent in answer.get("ConsumedCapacity", ())))
        left = answer.get("UnprocessedKeys")
        if left:
            time.sleep(_FEW_SECONDS)


def _arrow_batch(items: Sequence[Item]) -> "pa.RecordBatch":
    import pyarrow as pa

    count = len(items)
    return pa.RecordBatch.from_arrays(
        [
            pa.array([item[KEY]["S"] for item in items], pa.string()),
            pa.array([UNSTAMPED] * count, pa.timestamp("us", "UTC")),
            pa.array([None] * count, pa.int64()),
            pa.array(map(as_record, items), pa.string()),
            pa.array([None] * count, pa.string()),
        ],
        names=["source_file", "event_time", "row_number", "payload", "problem"],
    )


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@cache
def _dynamodb() -> Any:
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "max_attempts": 10}
    return boto3.client("dynamodb", config=Config(retries=retries))
