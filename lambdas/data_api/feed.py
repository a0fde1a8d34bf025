"""The change feed of a dataset: pages of its captured changes, in the order of their arrival.

Changes of one key are in the order of the stream, since the forwarder is invoked for the batches of a shard
one after the other, and for the shards that follow after it. A page reads a bounded number of names and
objects. It ends before what has not settled yet (`lambdas.arrivals`), so that no change is skipped.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from expectations import timestamps
from expectations.contract import Contract
from lambdas.arrivals import SETTLE_MICROS, folder, micros_of, raw_key_of, stamp
from lambdas.data_api.captured import Record, change_of, position
from lambdas.data_api.feed_cursor import FeedCursor
from lambdas.data_api.pages import MAX_BYTES
from lambdas.data_api.problems import Problem
from lambdas.data_api.store import code_of
from lambdas.exact_json import dumps

PARAMETERS = ("since", "next", "limit")
MAX_OBJECTS = 20  # of a page; each has at most 6 MB, which Lambda takes for one batch
_DAY_MICROS = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Feed:
    """The RAW bucket, and for how many days its objects are kept at least."""

    s3: Any
    bucket: str
    kept_days: int

    def page(self, contract: Contract, start: FeedCursor, limit: int, now: int) -> str:
        """The JSON text of the page after `start`; `now` is in microseconds since the epoch.

        Problem 410 if changes after `start` may be gone.
        """
        if start.micros < now - self.kept_days * _DAY_MICROS:
            kept = timestamps.from_micros(now - self.kept_days * _DAY_MICROS)
            raise Problem("expired", f"expected a time since {kept}: changes before it are not kept")
        changes: list[str] = []
        size, at = 0, start
        names, following = self._arrivals(contract.dataset, start, now - SETTLE_MICROS)
        for name in names:
            for record in self._records(contract.dataset, name, start):
                if len(changes) >= limit or size >= MAX_BYTES:
                    return _answer(contract, changes, at, is_last=False)
                at = FeedCursor(name, position(record))
                if (change := change_of(contract, record)) is not None:
                    changes.append(dumps(change))
                    size += len(changes[-1])
            at = FeedCursor(name)
        return _answer(contract, changes, following or at, is_last=following is not None)

    def _arrivals(self, dataset: str, start: FeedCursor, settled: int) -> tuple[list[str], FeedCursor | None]:
        """The names of the next arrivals that have settled, and the cursor after the last one of all."""
        begun = [start.name] if start.position else []
        listed = self.s3.list_objects_v2(
            Bucket=self.bucket,
            Prefix=folder(dataset),
            StartAfter=folder(dataset) + start.name,
            MaxKeys=MAX_OBJECTS,
        ).get("Contents", [])
        names = [one["Key"].removeprefix(folder(dataset)) for one in listed]
        ready = [name for name in names if micros_of(name) <= settled]
        is_last = len(ready) < MAX_OBJECTS
        return begun + ready, FeedCursor(max(start.name, *ready, stamp(settled))) if is_last else None

    def _records(self, dataset: str, name: str, start: FeedCursor) -> Iterator[Record]:
        """The records of the object that arrived, without those that earlier pages had.

        An object that is not there any more has had rows of erased keys alone.
        """
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=raw_key_of(dataset, name))
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return
            raise
        after = start.position if name == start.name else ""
        for line in gzip.decompress(found["Body"].read()).splitlines():
            record: Record = json.loads(line, parse_float=Decimal)
            if position(record) > after:
                yield record


def _answer(contract: Contract, changes: list[str], at: FeedCursor, *, is_last: bool) -> str:
    token = dumps(at.encoded(contract.dataset))
    return f'{{"changes":[{",".join(changes)}],"next":{token},"more":{dumps(not is_last)}}}'
