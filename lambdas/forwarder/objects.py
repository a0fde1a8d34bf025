"""What a batch of stream records becomes in the RAW bucket. No AWS in here.

The records are written as they came: parsing and typing them is for the job that reads them.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

COMPRESS_LEVEL = 3  # half the time of the default, for a fifth more bytes that are read once or twice
_MAX_ID = 256  # characters of an id that someone else chose, as logs show it; a thousand fit into one line

type StreamRecord = Mapping[str, Any]


class ForeignStream(Exception):
    """Raised when a record is not from one of our tables: a mapping or TABLE_PREFIX is wrong."""


@dataclass(frozen=True, slots=True)
class RawObject:
    """One object to be written, and the records that are its lines."""

    dataset: str
    key: str
    body: bytes
    records: Sequence[StreamRecord]

    def summary(self) -> dict[str, Any]:
        """For logs, without the values of the items: which records the object has, and of which events."""
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.records]
        event_ids = [event_id for record in self.records if (event_id := _event_id(record))]
        return {
            "dataset": self.dataset,
            "key": self.key,
            "records": len(self.records),
            "first_sequence_number": numbers[0],
            "last_sequence_number": numbers[-1],
            "event_ids": event_ids,
        }


def raw_objects(records: Iterable[StreamRecord], table_prefix: str) -> list[RawObject]:
    """One object for each stream in the batch; an event source mapping hands over those of one."""
    by_stream: dict[str, list[StreamRecord]] = {}
    for record in records:
        by_stream.setdefault(record["eventSourceARN"], []).append(record)
    return [_raw_object(stream, batch, table_prefix) for stream, batch in by_stream.items()]


def _raw_object(stream_arn: str, records: Sequence[StreamRecord], table_prefix: str) -> RawObject:
    dataset, label = _dataset_and_label(stream_arn, table_prefix)
    first, last = (record["dynamodb"]["SequenceNumber"] for record in (records[0], records[-1]))
    # A table made anew has a new stream, whose numbers may repeat the old one's: its label keeps them apart.
    digest = hashlib.sha256(label.encode()).hexdigest()[:12]
    key = f"stream/{dataset}/{_hour(records):%Y/%m/%d/%H}/{digest}-{first}-{last}.jsonl.gz"
    return RawObject(dataset, key, _json_lines(records), records)


def _dataset_and_label(stream_arn: str, table_prefix: str) -> tuple[str, str]:
    """From `arn:aws:dynamodb:<region>:<account>:table/<prefix><dataset>/stream/<label>`."""
    _, _, path = stream_arn.partition(":table/")
    table, _, label = path.partition("/stream/")
    if not label or not table.startswith(table_prefix) or table == table_prefix:
        raise ForeignStream(
            f"expected the stream of a table {table_prefix}<dataset>, got {stream_arn}; "
            "check TABLE_PREFIX and the function's event source mappings"
        )
    return table.removeprefix(table_prefix), label


def _event_id(record: StreamRecord) -> str | None:
    """The event that the item's new state came from: of a CloudEvent or a request to the API."""
    event_id: str | None = record["dynamodb"].get("NewImage", {}).get("_event_id", {}).get("S")
    return event_id and event_id[:_MAX_ID]


def _hour(records: Iterable[StreamRecord]) -> datetime:
    """The hour of the first record that has a time; never the clock, which a retry would find later."""
    times = (record["dynamodb"].get("ApproximateCreationDateTime") for record in records)
    return datetime.fromtimestamp(next((time for time in times if time is not None), 0), UTC)


def _json_lines(records: Iterable[StreamRecord]) -> bytes:
    lines = "".join([_encode(record) + "\n" for record in records])
    return gzip.compress(lines.encode(), COMPRESS_LEVEL, mtime=0)  # no time: same lines, same bytes


_encode = json.JSONEncoder(separators=(",", ":")).encode
