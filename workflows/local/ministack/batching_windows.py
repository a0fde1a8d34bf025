"""Batching windows of event source mappings, which MiniStack ignores, for stacks with AWS's timing.

A window begins when its first record waits, and ends early if a batch is full
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html). Mappings are looked at
about once a second, so a window may last so much longer.
"""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.local.ministack.embedded_lambda import batch_size
from workflows.local.ministack.internals import require

type Mapped = Mapping[str, Any]  # an event source mapping, as MiniStack stores it


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a mapping could deliver now: its first record, how many there are, and if they fill a batch."""

    first: Hashable
    count: int
    is_full: bool


class BatchingWindows:
    """The window of each mapping. A window belongs to its first record, so it can be asked for repeatedly."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._begun: dict[str, tuple[Hashable, float]] = {}
        self._clock = clock

    def is_due(self, mapping: Mapped, waiting: Waiting) -> bool:
        """Whether what waits is to be delivered now."""
        if not waiting.count or waiting.is_full:
            return True
        key, now = mapping["UUID"], self._clock()
        first, since = self._begun.get(key, (None, now))
        if key not in self._begun or first != waiting.first:
            self._begun[key], since = (waiting.first, now), now
        return now - since >= (mapping.get("MaximumBatchingWindowInSeconds") or 0)


def wait_for_batching_windows() -> None:
    """Deliver records of queues and of DynamoDB's streams when their window ends, or when a batch is full."""
    from ministack.services import lambda_svc

    every, queued, streamed = require(lambda_svc, "_iter_all_esms"), _queued(), _streamed()
    windows = BatchingWindows()

    def is_due(mapping: Mapped) -> bool:
        source = mapping.get("EventSourceArn", "")
        if ":sqs:" in source:
            return windows.is_due(mapping, queued(mapping))
        if ":dynamodb:" in source:
            return windows.is_due(mapping, streamed(mapping))
        return True

    def due() -> Iterator[tuple[str, str, Mapped]]:
        return (found for found in every() if is_due(found[2]))

    lambda_svc._iter_all_esms = due


def _queued() -> Callable[[Mapped], Waiting]:
    from ministack.services import sqs

    queues, url = require(sqs, "_queues"), require(sqs, "_queue_url")

    def look(mapping: Mapped) -> Waiting:
        now, most = time.time(), int(mapping.get("BatchSize", 10))
        queue = queues.get(url(mapping["EventSourceArn"].rpartition(":")[2]), {"messages": []})
        visible = [message for message in queue["messages"] if message.get("visible_at", 0) <= now]
        size = batch_size(visible, most, now)
        first = visible[0]["id"] if visible else None
        return Waiting(first, len(visible), size == most or size < len(visible))

    return look


def _streamed() -> Callable[[Mapped], Waiting]:
    from ministack.services import dynamodb, lambda_svc

    positions = require(lambda_svc, "_dynamodb_stream_positions")
    oldest, newest = (require(dynamodb, f"stream_{end}_position") for end in ("start", "end"))

    def look(mapping: Mapped) -> Waiting:
        table = mapping["EventSourceArn"].partition("/stream/")[0].rpartition("/")[2]
        read = max(positions.get(mapping["UUID"], 0), oldest(table))
        count = newest(table) - read
        return Waiting(read, count, count >= int(mapping.get("BatchSize", 100)))

    return look
