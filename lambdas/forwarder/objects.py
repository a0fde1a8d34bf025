"""A batch of stream records as objects of the RAW bucket. No AWS here.

Records are written unchanged, but for those of tables with items of several datasets
(`lambdas.forwarder.existing_tables`); the job that reads them parses them and converts their types. A record
that only fills an index changes no row, and is left out.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from lambdas.forwarder.existing_tables import Datasets, StreamRecord, records_of_datasets
from lambdas.index_attribute_names import is_index_attribute

COMPRESS_LEVEL = 3  # half the time of the default level, for objects that are a fifth larger
NO_TABLES: Mapping[str, Datasets] = MappingProxyType({})
_MAX_ID = 256  # characters of a sender's id in logs, so that a thousand ids fit into one line


class ForeignStream(Exception):
    """Raised when a record is not from a dataset's table: a mapping or TABLE_PREFIX is wrong."""


@dataclass(frozen=True, slots=True)
class RawObject:
    """An object to write, and the records that are its lines."""

    dataset: str
    key: str
    body: bytes
    records: Sequence[StreamRecord]

    def summary(self) -> dict[str, Any]:
        """The object for logs: its records and their events, without values of items."""
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


class Sorted(NamedTuple):
    """The objects to write, and how many records of each table have only items that no dataset claims."""

    objects: list[RawObject]
    unclaimed: Mapping[str, int]


def raw_objects(
    records: Iterable[StreamRecord], table_prefix: str, existing: Mapping[str, Datasets] = NO_TABLES
) -> list[RawObject]:
    """The objects of `sort_records`."""
    return sort_records(records, table_prefix, existing).objects


def sort_records(
    records: Iterable[StreamRecord], table_prefix: str, existing: Mapping[str, Datasets] = NO_TABLES
) -> Sorted:
    """One object for each dataset of each stream in the batch.

    An event source mapping passes records of one stream. `existing` has the datasets of each table that is
    not the stack's own, by the table's name.
    """
    by_stream: dict[str, list[StreamRecord]] = {}
    for record in records:
        by_stream.setdefault(record["eventSourceARN"], []).append(record)
    objects: list[RawObject] = []
    unclaimed: dict[str, int] = {}
    for stream, batch in by_stream.items():
        table, label = _origin(stream, table_prefix, existing)
        datasets = existing.get(table)
        if datasets is None:
            kept = [one for one in batch if not fills_an_index(one)]
            by_dataset = {table.removeprefix(table_prefix): kept} if kept else {}
        else:
            by_dataset, others = _by_dataset(datasets, batch)
            if any(entity for _, entity in datasets):  # else every item is claimed
                unclaimed[table] = others
        objects += [_raw_object(dataset, label, some) for dataset, some in by_dataset.items()]
    return Sorted(objects, unclaimed)


def _by_dataset(
    datasets: Datasets, batch: Iterable[StreamRecord]
) -> tuple[dict[str, list[StreamRecord]], int]:
    """The records of each dataset of a table, and how many are of none."""
    found: dict[str, list[StreamRecord]] = {}
    unclaimed = 0
    for record in batch:
        claimed = list(records_of_datasets(datasets, record))
        unclaimed += not claimed
        for dataset, mine in claimed:
            found.setdefault(dataset, []).append(mine)
    return found, unclaimed


def fills_an_index(record: StreamRecord) -> bool:
    """Whether the item has changed in nothing but the attributes that are keys of indexes."""
    change = record["dynamodb"]
    if "OldImage" not in change or "NewImage" not in change:
        return False
    old, new = change["OldImage"], change["NewImage"]
    if not any(old.get(name) != new.get(name) for name in {*old, *new} if is_index_attribute(name)):
        return False
    return _without_index_attributes(old) == _without_index_attributes(new)


def _without_index_attributes(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in image.items() if not is_index_attribute(name)}


def _raw_object(dataset: str, label: str, records: Sequence[StreamRecord]) -> RawObject:
    """The object of one dataset; `label` is that of the stream."""
    first, last = (record["dynamodb"]["SequenceNumber"] for record in (records[0], records[-1]))
    # A table that is created again has a new stream, which may repeat sequence numbers. Its label is unique.
    digest = hashlib.sha256(label.encode()).hexdigest()[:12]
    key = f"stream/{dataset}/{_hour(records):%Y/%m/%d/%H}/{digest}-{first}-{last}.jsonl.gz"
    return RawObject(dataset, key, _json_lines(records), records)


def _origin(stream_arn: str, table_prefix: str, existing: Mapping[str, Datasets]) -> tuple[str, str]:
    """Table and label.

    A stream is `arn:aws:dynamodb:<region>:<account>:table/<prefix><dataset>/stream/<label>`.
    An existing table is named by a contract, and not like its dataset.
    """
    _, _, path = stream_arn.partition(":table/")
    table, _, label = path.partition("/stream/")
    if label and table in existing:
        return table, label
    if not label or not table.startswith(table_prefix) or table == table_prefix:
        raise ForeignStream(
            f"expected the stream of a table {table_prefix}<dataset>, or of one that a contract names, got "
            f"{stream_arn}; check TABLE_PREFIX and the function's event source mappings"
        )
    return table, label


def _event_id(record: StreamRecord) -> str | None:
    """The id of the event, a CloudEvent or a request to the API, that wrote the new item."""
    event_id: str | None = record["dynamodb"].get("NewImage", {}).get("_event_id", {}).get("S")
    return event_id and event_id[:_MAX_ID]


def _hour(records: Iterable[StreamRecord]) -> datetime:
    """The hour of the first record with a time. Not the current hour, which may be another one in a retry."""
    times = (record["dynamodb"].get("ApproximateCreationDateTime") for record in records)
    return datetime.fromtimestamp(next((time for time in times if time is not None), 0), UTC)


def _json_lines(records: Iterable[StreamRecord]) -> bytes:
    lines = "".join([_encode(record) + "\n" for record in records])
    return gzip.compress(
        lines.encode(), COMPRESS_LEVEL, mtime=0
    )  # without a time, so that equal lines give equal bytes


_encode = json.JSONEncoder(separators=(",", ":")).encode
