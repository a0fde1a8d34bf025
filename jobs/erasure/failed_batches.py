"""Lambda's records of stream batches that were given up, as objects of the RAW bucket below `aws/lambda/`.

What failed is in `DDBStreamBatchInfo`; `payload` is the event with its records, as text or as JSON. It may be
missing: then the records are in the stream alone, which keeps them for 24 hours.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from jobs.reading.formats.rows import UnreadableFile


class InStreamAlone(UnreadableFile):
    """Raised for a batch without its records, as long as the stream may have them."""


class Failure(NamedTuple):
    """Lambda's record of a batch that was given up; `event` is its payload, which may be missing."""

    content: dict[str, Any]
    event: Any

    @property
    def records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            self.event["Records"] if isinstance(self.event, dict) else (self.event or [])
        )
        return found

    @property
    def stream(self) -> str:
        """The stream that the batch is of."""
        return str(self.content.get("DDBStreamBatchInfo", {}).get("streamArn", ""))

    def is_of(self, dataset: str, record: Mapping[str, Any]) -> bool:
        """Whether the record is of the dataset's table: its name ends with the dataset's."""
        return is_stream_of(dataset, record.get("eventSourceARN") or self.stream)

    def with_records(self, records: list[dict[str, Any]]) -> bytes:
        """The same with these records."""
        event = {**self.event, "Records": records} if isinstance(self.event, dict) else records
        payload = self.content.get("payload")
        if payload is None:
            return json.dumps(self.content).encode()
        return json.dumps(
            {**self.content, "payload": json.dumps(event) if isinstance(payload, str) else event}
        ).encode()


def is_stream_of(dataset: str, stream_arn: str) -> bool:
    """Whether a stream is that of the dataset's table, `<prefix><dataset>`."""
    table = stream_arn.partition(":table/")[2].partition("/")[0]
    return table.rpartition("-")[2] == dataset  # which has no dash itself


def read_failure(body: bytes) -> Failure:
    """What Lambda kept. UnreadableFile if it is something else."""
    try:
        content = json.loads(body)
        payload = content.get("payload")
        failure = Failure(content, json.loads(payload) if isinstance(payload, str) and payload else payload)
        if not all(isinstance(record, dict) for record in failure.records):
            raise TypeError("a record that is no object")
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UnreadableFile(f"failure: expected Lambda's record of a failed batch ({problem!r})") from None
    return failure
