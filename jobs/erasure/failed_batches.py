"""Lambda's records of stream batches that were given up, as objects of the RAW bucket below `aws/lambda/`.

`DDBStreamBatchInfo` says which batch failed; `payload` is the event with its records, as text or as JSON
(Lambda's developer guide, "Retain discarded records for a DynamoDB event source"). Without a payload, the
records are in the stream only, which keeps them for 24 hours.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from expectations.contract import Contract
from jobs.reading.formats.rows import UnreadableFile

STREAM_RETENTION = timedelta(hours=24)


class RecordsInStreamOnly(UnreadableFile):
    """Raised for a batch without its records, which the stream may still have."""


class FailedBatch(NamedTuple):
    """Lambda's record of a batch that was given up; `event` is its payload, None if it has none."""

    content: dict[str, Any]
    event: Any

    @property
    def records(self) -> list[dict[str, Any]]:
        """The stream's records of the batch."""
        found: list[dict[str, Any]] = (
            self.event["Records"] if isinstance(self.event, dict) else (self.event or [])
        )
        return found

    @property
    def stream(self) -> str:
        """The ARN of the batch's stream."""
        return str(self.content.get("DDBStreamBatchInfo", {}).get("streamArn", ""))

    def is_of(self, contract: Contract, record: Mapping[str, Any]) -> bool:
        """Whether the record is of the dataset's table."""
        return is_stream_of(contract, record.get("eventSourceARN") or self.stream)

    def with_records(self, records: list[dict[str, Any]]) -> bytes:
        """The object with these records in place of its own."""
        event = {**self.event, "Records": records} if isinstance(self.event, dict) else records
        payload = self.content.get("payload")
        if payload is None:
            return json.dumps(self.content).encode()
        return json.dumps(
            {**self.content, "payload": json.dumps(event) if isinstance(payload, str) else event}
        ).encode()


def is_stream_of(contract: Contract, stream_arn: str) -> bool:
    """Whether a stream is that of the dataset's table: `<prefix><dataset>`, or the existing one."""
    table = stream_arn.partition(":table/")[2].partition("/")[0]
    if not contract.table.is_own:
        return table == contract.table_name("")
    return table.rpartition("-")[2] == contract.dataset  # the name of a dataset contains no dash


def read_failed_batch(body: bytes) -> FailedBatch:
    """Parse Lambda's record. Raises UnreadableFile if it is none."""
    try:
        content = json.loads(body)
        payload = content.get("payload")
        batch = FailedBatch(content, json.loads(payload) if isinstance(payload, str) and payload else payload)
        if not all(isinstance(record, dict) for record in batch.records):
            raise TypeError("a record that is no object")
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UnreadableFile(f"failure: expected Lambda's record of a failed batch ({problem!r})") from None
    return batch
