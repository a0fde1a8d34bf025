"""Reads the items of a DynamoDB table on Spark's executors, in the form that the stream door receives.

Each item becomes the stream record of a write that left the item as it is (`jobs.reading.received.RECEIVED`,
with its key as `source_file`). So `jobs.doors.stream` types an item exactly as it types the change that made
it. Such a record has no time of the write: an item whose writer set no version gets `UNSTAMPED`.

A table that has items of several datasets is read once for all of them (`Scanned`).
"""

import base64
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import batched
from typing import TYPE_CHECKING, Any

from expectations import item_addresses
from expectations.contract import Contract
from jobs.reading.received import RECEIVED

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

UNSTAMPED = -62_135_596_800_000_000  # 0001-01-01 in microseconds: lower than any version that a writer sets
_SEGMENT_BYTES = 256 * 1024 * 1024  # of a table: what a task that is repeated reads twice
_MOST_SEGMENTS = 10_000
_KEYS_PER_CALL = 100
_SECONDS_BEFORE_RETRY = 0.2

type Item = Mapping[str, Any]

SCANNED = f"{RECEIVED}, dataset string"


@dataclass(frozen=True, slots=True)
class Scanned:
    """The items of a table, columns `SCANNED`. One that no dataset claims has neither dataset nor payload.

    `table_bytes` is the size of the table as DynamoDB tells it, which it does anew some hours apart.
    """

    items: "DataFrame"
    table_bytes: int = 0

    def of(self, contract: Contract) -> "DataFrame":
        """The items of one dataset, columns `RECEIVED`."""
        return self.items.where(self.items["dataset"] == contract.dataset).drop("dataset")

    def unclaimed(self) -> int:
        """How many items no dataset claims."""
        return self.items.where(self.items["dataset"].isNull()).count()


def scan(
    spark: "SparkSession", contracts: Sequence[Contract], table: str, units_per_second: float
) -> Scanned:
    """Read all items of these contracts' table in parallel segments.

    The reads are eventually consistent, at half the price: a write that they miss looks like a change in
    flight. All tasks together consume at most `units_per_second` read units.
    """
    parallelism, size = spark.sparkContext.defaultParallelism, _table_bytes(table)
    segments = min(max(parallelism, size // _SEGMENT_BYTES), _MOST_SEGMENTS)
    numbers = spark.range(0, segments, 1, segments)
    share = units_per_second / min(parallelism, segments)
    items = numbers.mapInArrow(partial(_scan_segments, contracts, table, segments, share), SCANNED)
    return Scanned(items, size)


def get(
    spark: "SparkSession", contract: Contract, table: str, keys: "DataFrame", units_per_second: float
) -> "DataFrame":
    """Read the items of these keys (one column of key texts) as they are now, columns `RECEIVED`.

    A key without an item has no row. All tasks together consume at most `units_per_second` read units.
    """
    share = units_per_second / spark.sparkContext.defaultParallelism
    return keys.mapInArrow(partial(_get_keys, contract, table, share), RECEIVED)


@dataclass(slots=True)
class Pace:
    """Limits consumption to `per_second` units on average, by sleeping after each use."""

    per_second: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    paid_until: float = 0.0

    def spend(self, units: float) -> None:
        """Count `units` as consumed, and sleep until the rate allows for them."""
        now = self.clock()
        self.paid_until = max(now, self.paid_until) + units / self.per_second
        if self.paid_until > now:
            self.sleep(self.paid_until - now)


def as_record(contract: Contract, item: Item) -> str:
    """The stream record of a write that left the item as it is, as JSON with binaries in base64."""
    record = {
        "eventName": "MODIFY",
        "dynamodb": {"Keys": item_addresses.key_of(contract, item), "NewImage": item, "SequenceNumber": "0"},
    }
    return json.dumps(record, default=_base64, ensure_ascii=False, separators=(",", ":"))


def _table_bytes(table: str) -> int:
    return int(_dynamodb().describe_table(TableName=table)["Table"].get("TableSizeBytes", 0))


def _scan_segments(
    contracts: Sequence[Contract],
    table: str,
    segments: int,
    units_per_second: float,
    tasks: "Iterable[pa.RecordBatch]",
) -> "Iterator[pa.RecordBatch]":
    """Run in one Spark task: scan the segments that its input names."""
    pages = _dynamodb().get_paginator("scan")
    pace = Pace(units_per_second)
    for segment in (number for task in tasks for number in task.column(0).to_pylist()):
        for page in pages.paginate(
            TableName=table, Segment=segment, TotalSegments=segments, ReturnConsumedCapacity="TOTAL"
        ):
            rows = [_scanned(contracts, item) for item in page["Items"]]
            yield _arrow_batch([row for row in rows if row is not None], SCANNED)
            pace.spend(page.get("ConsumedCapacity", {}).get("CapacityUnits", 0))


def _get_keys(
    contract: Contract, table: str, units_per_second: float, tasks: "Iterable[pa.RecordBatch]"
) -> "Iterator[pa.RecordBatch]":
    """Run in one Spark task: get the items of the keys of its input."""
    pace = Pace(units_per_second)
    keys = (key for task in tasks for key in task.column(0).to_pylist())
    for some in batched(keys, _KEYS_PER_CALL, strict=False):
        addresses = [item_addresses.address(contract, key) for key in some]
        items = get_items(_dynamodb(), table, addresses, pace)
        yield _arrow_batch([_received(contract, item) for item in items if contract.table.claims(item)])


def get_items(client: Any, table: str, keys: Sequence[Item], pace: Pace) -> Iterator[Item]:
    """The items of up to 100 keys; keys that DynamoDB leaves unprocessed are requested again."""
    left: Any = {table: {"Keys": keys, "ConsistentRead": True}}
    while left:
        answer = client.batch_get_item(RequestItems=left, ReturnConsumedCapacity="TOTAL")
        yield from answer["Responses"].get(table, ())
        pace.spend(sum(spent.get("CapacityUnits", 0) for spent in answer.get("ConsumedCapacity", ())))
        left = answer.get("UnprocessedKeys")
        if left:
            pace.sleep(_SECONDS_BEFORE_RETRY)


def _scanned(contracts: Sequence[Contract], item: Item) -> dict[str, Any] | None:
    """The row of an item: that of its dataset; None if its dataset is none of these."""
    for contract in contracts:
        if contract.table.claims(item):
            return {**_received(contract, item), "dataset": contract.dataset}
    return None if contracts[0].table.is_claimed(item) else {"source_file": None}


def _received(contract: Contract, item: Item) -> dict[str, Any]:
    return {
        "source_file": item_addresses.text_of(contract, item),
        "event_time": UNSTAMPED,
        "payload": as_record(contract, item),
    }


def _arrow_batch(rows: Sequence[Mapping[str, Any]], columns: str = RECEIVED) -> "pa.RecordBatch":
    import pyarrow as pa

    fields = [
        ("source_file", pa.string()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("row_number", pa.int64()),
        ("payload", pa.string()),
        ("problem", pa.string()),
    ]  # fmt: skip
    if columns == SCANNED:
        fields.append(("dataset", pa.string()))
    return pa.RecordBatch.from_pylist(rows, pa.schema(fields))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@cache
def _dynamodb() -> Any:
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "max_attempts": 10}
    return boto3.client("dynamodb", config=Config(retries=retries))
