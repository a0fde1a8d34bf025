"""A test event on its whole way: queue, `source`, Data API, DynamoDB, stream, RAW bucket, workflow, query.

The event is the delete of a key that no row has, dated 2000. So no query of a dataset's table ever shows it,
and a row that gets the key later is newer and wins. It leaves a tombstone, a change with the operation
delete, and an item marked as deleted, which all expire as those of any other delete.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from expectations.align import align
from expectations.keys import InvalidKey, encode_key
from expectations.problems import GluelineError
from lambdas.validation import Validators
from workflows.deploy.findings import fine, unknown, wrong
from workflows.doctor.checks import depth
from workflows.operations.sending import send
from workflows.progress.waiting import patience_seconds, poll_seconds
from workflows.query.dialect.errors import QueryError
from workflows.query.literals import text
from workflows.query.sql import query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from expectations.contract import Column, Contract
    from workflows.deploy.findings import Finding
    from workflows.stack.target import Target

_RARELY_IN_USE: Final = ("string", "int", "long")  # kinds with so many values that a made-up one is nobody's
HAPPENED: Final = "2000-01-01T00:00:00Z"
_SECONDS_TO_DYNAMODB: Final = 300
_SECONDS_TO_RAW: Final = 300


class NoTestEvent(GluelineError):
    """Raised when no dataset has a key for which a test event can be made up."""


@dataclass(frozen=True, slots=True)
class TestEvent:
    """A CloudEvent that deletes a row which does not exist."""

    __test__ = False  # pytest takes the name for a test's

    contract: Contract
    data: Mapping[str, Any]
    key: str

    @property
    def dataset(self) -> str:
        return self.contract.dataset

    def body(self) -> str:
        """The message."""
        event = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "glueline.doctor",
            "type": f"{self.dataset}.delete",
            "time": HAPPENED,
            "data": dict(self.data),
        }
        return json.dumps(event)


def make_event(contracts: Mapping[str, Contract]) -> TestEvent:
    """A test event of the first dataset whose contract takes it. Raises NoTestEvent."""
    in_order = sorted(
        contracts.values(), key=lambda contract: (contract.sequence_column is not None, contract.dataset)
    )
    for contract in in_order:
        if event := _event_of(contract):
            return event
    raise NoTestEvent(
        "Expected a dataset for whose key a value can be made up, got "
        f"{', '.join(contracts) or 'no dataset'}: their contracts allow only certain keys. Send an event of "
        "your own: glueline send FILE."
    )


def _event_of(contract: Contract) -> TestEvent | None:
    if not contract.table.is_own:  # nothing writes to an existing table
        return None
    if not any(column.kind in _RARELY_IN_USE for column in contract.key_columns):
        return None
    columns = [*contract.key_columns]
    if contract.sequence_column is not None:
        columns.append(contract.column(contract.sequence_column))
    data = {column.name: _made_up(column) for column in columns}
    aligned, _ = align(contract, data, "delete")
    if Validators({contract.dataset: contract}).violations(contract.dataset, "delete", aligned):
        return None
    try:
        return TestEvent(contract, data, encode_key(contract, aligned))
    except InvalidKey:
        return None


def _made_up(column: Column) -> Any:
    """A value that no row is likely to have."""
    values = {
        "int": 2**31 - 1 - secrets.randbelow(2**20),
        "long": 2**53 - 1 - secrets.randbelow(2**40),
        "decimal": secrets.randbelow(10),
        "date": HAPPENED[:10],
        "timestamp": HAPPENED,
        "boolean": False,
    }
    return values.get(column.kind, f"glueline-doctor-{secrets.token_hex(8)}")


def journey(target: Target, event: TestEvent, report: Callable[[str], None]) -> Iterator[Finding]:
    """Send the event, and follow it until a query shows its tombstone, or until a stage fails."""
    if _is_stored(target, event):
        yield unknown(
            "test event", f"the made-up key {event.key} of {event.dataset} is in use: run this again"
        )
        return
    began = datetime.now(UTC)
    rejected = depth(target, target.output("DeadLetterQueueUrl"))
    send(target, [event.body()])
    report(f"sent a test event: the delete of {event.dataset} {event.key}, which no row has")
    logs = "the logs of the functions source, data-api and authorizer"
    stages: tuple[tuple[str, Callable[[], bool], float, str], ...] = (
        (
            "from the queue to DynamoDB",
            lambda: _is_stored(target, event),
            _SECONDS_TO_DYNAMODB,
            f"{logs} say why; or it is a dead letter ({rejected} before)",
        ),
        (
            "from DynamoDB to the RAW bucket",
            lambda: _has_landed(target, event, began),
            _SECONDS_TO_RAW,
            "the log of the function forwarder says why",
        ),
        (
            "from the RAW bucket to a query",
            lambda: _is_queryable(target, event),
            patience_seconds(target),
            "see the last runs of the ingest workflow, and the alarms",
        ),
    )
    for place, (name, has_arrived, patience, help_) in enumerate(stages):
        report(f"waiting: {name}")
        start = time.monotonic()
        if not _until(has_arrived, patience, poll_seconds(target)):
            yield wrong("test event", f"{name}: not within {patience:.0f} s; {help_}")
            yield from (unknown("test event", later) for later, *_ in stages[place + 1 :])
            return
        yield fine("test event", f"{name}: {time.monotonic() - start:.0f} s")


def _until(condition: Callable[[], bool], patience: float, pause: float) -> bool:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def _is_stored(target: Target, event: TestEvent) -> bool:
    table = f"{target.output('TablePrefix')}{event.dataset}"
    found = target.client("dynamodb").get_item(
        TableName=table, Key={"_key": {"S": event.key}}, ConsistentRead=True
    )
    return "Item" in found


def _has_landed(target: Target, event: TestEvent, since: datetime) -> bool:
    """Whether the forwarder has written an object of the dataset since then."""
    s3 = target.client("s3")
    hours = dict.fromkeys((f"{since:%Y/%m/%d/%H}", f"{datetime.now(UTC):%Y/%m/%d/%H}"))
    return any(
        one["LastModified"].timestamp() >= int(since.timestamp())
        for hour in hours
        for one in _objects(s3, target.output("RawBucket"), f"stream/{event.dataset}/{hour}/")
    )


def _objects(s3: Any, bucket: str, prefix: str) -> Iterable[Any]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def _is_queryable(target: Target, event: TestEvent) -> bool:
    tombstones = f"{target.output('OpsDatabase')}.tombstones"
    where = f"dataset = {text(event.dataset)} and key = {text(event.key)}"
    try:
        found = query(target, f"select 1 as found from {tombstones} where {where}")  # noqa: S608 -- quoted
    except QueryError:  # before the first batch there is no such table
        return False
    return bool(found.num_rows)
