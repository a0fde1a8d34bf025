"""What event source mappings hand over, as messages: records of SQS queues, Kinesis streams and Kafka topics.

In a FIFO queue, a shard and a partition, messages follow each other: after one that fails, the later ones of
its group fail too, so that they come again in their order. No AWS here.
"""

import base64
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.source import dead_letters
from lambdas.source.bodies import SENT_ENCODING, text_of, text_of_data

KAFKA = "aws:kafka"
_KINESIS = "aws:kinesis"
_MILLISECONDS = re.compile("[0-9]{1,14}")


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it was received.

    `id` names it where failures are reported. Bytes that are not UTF-8 are kept in `body` as surrogates.
    `source` is the name of its queue, stream or topic. `sent` is in milliseconds since the epoch. `group` is
    that within which order counts, None in a standard queue.
    """

    id: str
    body: str
    source: str
    sent: int | None
    attributes: Mapping[str, str]
    group: str | None = None

    @property
    def happened(self) -> int | None:
        """When what it says happened, if it does not say so itself: when it was sent.

        None where messages follow each other: they are written in their order, and each is the newest.
        """
        return self.sent if self.group is None else None


def records_of(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of an invocation, of whichever source."""
    if event.get("eventSource") != KAFKA:
        return list(event["Records"])
    partitions = event["records"].values()
    return [{**record, "eventSource": KAFKA} for partition in partitions for record in partition]


def read_records(records: Iterable[Mapping[str, Any]]) -> list[Received]:
    """The messages of these records. A Kafka record without a value, a tombstone, is none."""
    kinds = {_KINESIS: _of_stream, KAFKA: _of_topic}
    found = [kinds.get(str(record.get("eventSource")), _of_queue)(record) for record in records]
    return [one for one in found if one is not None]


def held_back(received: Sequence[Received], failed: Collection[str]) -> list[str]:
    """The ids of messages that come again because one before them in their group has failed.

    Kafka's mapping repeats a batch as a whole, so all of it comes again.
    """
    if not failed:
        return []
    if any(one.group == KAFKA for one in received):
        return [one.id for one in received]
    held: list[str] = []
    broken: set[str] = set()
    for one in received:
        if one.group is None:
            continue
        if one.group in broken:
            held.append(one.id)
        elif one.id in failed:
            broken.add(one.group)
    return held


def _of_queue(record: Mapping[str, Any]) -> Received:
    attributes = _attributes(record)
    system = record.get("attributes", {})
    times = (system.get("SentTimestamp"), attributes.get(dead_letters.SENT_AT))
    sent = min((int(text) for text in times if text and _MILLISECONDS.fullmatch(text)), default=None)
    queue = record.get("eventSourceARN", "").rpartition(":")[2]
    group = f"group {system.get('MessageGroupId', '')}" if queue.endswith(".fifo") else None
    body = text_of(record["body"], attributes.get(SENT_ENCODING, ""))
    return Received(record["messageId"], body, queue, sent, attributes, group)


def _of_stream(record: Mapping[str, Any]) -> Received:
    """A Kinesis record. Its arrival need not grow with its sequence number, so it orders nothing."""
    given = record["kinesis"]
    sent = int(float(given["approximateArrivalTimestamp"]) * 1000)
    stream = record["eventSourceARN"].rpartition("/")[2]
    shard = record["eventID"].partition(":")[0]
    return Received(given["sequenceNumber"], _text(given["data"]), stream, sent, {}, shard)


def _of_topic(record: Mapping[str, Any]) -> Received | None:
    if record.get("value") is None:
        return None
    headers = {
        name: bytes(one).decode(errors="replace")
        for part in record.get("headers", ())
        for name, one in part.items()
    }
    place = f"{record['topic']}-{record['partition']}@{record['offset']}"
    return Received(place, _text(record["value"]), record["topic"], record.get("timestamp"), headers, KAFKA)


def _attributes(record: Mapping[str, Any]) -> dict[str, str]:
    """The message attributes that are texts."""
    given = record.get("messageAttributes", {})
    return {name: value["stringValue"] for name, value in given.items() if value.get("stringValue")}


def _text(encoded: str) -> str:
    return text_of_data(base64.b64decode(encoded))
