"""Writes many changes of any datasets in few calls of TransactWriteItems, with a hundred changes each.

Changes of one key are written in rounds, in the order of their versions, as a transaction accepts a key only
once. DynamoDB cancels a transaction as a whole: changes that it reports as outranked are settled, the others
are sent again. Writing a change twice changes nothing, so a client that gets no answer can resend the batch.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Self

from botocore.exceptions import ClientError

from lambdas.data_api.answers import Record, in_flight
from lambdas.data_api.changes import Change
from lambdas.data_api.index_attributes import index_attributes
from lambdas.data_api.problems import Problem
from lambdas.data_api.store import UNREACHABLE, Store, code_of, is_busy, pauses
from lambdas.data_api.stored import ANYTHING, Stored
from lambdas.data_api.writes import Write, next_write

TRANSACTION_CHANGES = 100
TRANSACTION_BYTES = 3 * 1024 * 1024  # DynamoDB accepts 4 MB; sizes are estimates

BUSY_REASONS = ("TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError")

type Index = int  # place of a change in the batch
type Writes = dict[Index, Write]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a change."""

    status: str  # accepted | stale | rejected
    key: str | None = None
    version: int | None = None  # as written; for a stale change, the stored version
    problem: Problem | None = None

    def document(self) -> dict[str, Any]:
        """The result in the API's answer."""
        problem = None if self.problem is None else self.problem.document()
        members = {"status": self.status, "key": self.key, "version": self.version, "problem": problem}
        return {name: value for name, value in members.items() if value is not None}

    def summary(self) -> dict[str, Any]:
        """The result for logs, without key and values of the row, which may be personal data."""
        problem = {} if self.problem is None else self.problem.summary()
        return {**problem, "outcome": self.status, "version": self.version}

    def outcome(self) -> list[Any]:
        """The result for the record of a request with an idempotency key, without the key of the row."""
        problem = [] if self.problem is None else [self.problem.kind, self.problem.detail]
        return [self.status, self.version, *problem]

    @classmethod
    def recorded(cls, outcome: list[Any], key: str) -> Self:
        """The result that `outcome` gave, of the row with this key."""
        status, version, *problem = outcome
        return cls(status, key, version, Problem(*problem) if problem else None)

    @property
    def is_unwritten(self) -> bool:
        """Whether the change was not written, but may be if it is sent again."""
        return self.problem is not None and self.problem.kind == "unavailable"


def write_batch(
    store: Store, changes: Mapping[Index, Change], record: Record | None = None
) -> dict[Index, Result]:
    """Write the changes. Each has a result under its index.

    If there is a record of the request, each transaction also records the results of its changes.
    """
    results: dict[Index, Result] = {}
    blocked: set[tuple[str, str]] = set()
    try:
        for of_round in rounds(changes):
            # A change whose predecessor was not written is not written either, or the order could be
            # reversed.
            ready = {index: change for index, change in of_round.items() if _row_of(change) not in blocked}
            for chunk in chunks(ready, TRANSACTION_CHANGES - (record is not None)):
                for index, result in _transact(store, chunk, record):
                    results[index] = result
            blocked |= {_row_of(change) for index, change in ready.items() if index not in results}
    except UNREACHABLE:  # the next call would wait as long, so the remaining changes are not written
        pass
    unwritten = Problem("unavailable", "DynamoDB did not write this change in time; send it again")
    return {
        index: results.get(index) or Result("rejected", change.key, problem=unwritten)
        for index, change in changes.items()
    }


def rounds(changes: Mapping[Index, Change]) -> list[dict[Index, Change]]:
    """The first change of every key, then the second, and so on; by version, else by order of arrival."""
    by_row: dict[tuple[str, str], list[tuple[Index, Change]]] = {}
    for index, change in changes.items():
        by_row.setdefault(_row_of(change), []).append((index, change))
    for of_row in by_row.values():
        # A change without a version is the newest.
        of_row.sort(key=lambda found: (found[1].version is None, found[1].version or 0))
    return [dict(filter(None, of_round)) for of_round in zip_longest(*by_row.values())]


def chunks(changes: Mapping[Index, Change], most: int = TRANSACTION_CHANGES) -> Iterator[dict[Index, Change]]:
    """The changes in portions that a transaction accepts."""
    chunk: dict[Index, Change] = {}
    size = 0
    for index, change in changes.items():
        grown = size + _estimated_bytes(change)
        if chunk and (len(chunk) == most or grown > TRANSACTION_BYTES):
            yield chunk
            chunk, grown = {}, _estimated_bytes(change)
        chunk[index], size = change, grown
    if chunk:
        yield chunk


def _transact(
    store: Store, chunk: Mapping[Index, Change], record: Record | None
) -> Iterator[tuple[Index, Result]]:
    """Write the chunk, repeatedly without the settled changes. A change without a result is not written."""
    writes = {index: store.first(change, ANYTHING) for index, change in chunk.items()}
    for pause in pauses():
        accepted = {
            index: Result("accepted", write.change.key, write.version) for index, write in writes.items()
        }
        requests = [write.transact(store.table(write.change.contract)) for write in writes.values()]
        if record is not None:
            outcomes = {str(index): result.outcome() for index, result in accepted.items()}
            requests.append({"Update": record.recording(outcomes, done=False)})
        try:
            store.dynamodb.transact_write_items(TransactItems=requests)
        except ClientError as error:
            if code_of(error) == "ValidationException":
                yield from _apart(store, writes, record, error)
                return
            if is_busy(error):  # after the client's own attempts
                return
            found = reasons(error)
        else:
            yield from accepted.items()
            return
        if record is not None and found.pop()["Code"] == "ConditionalCheckFailed":
            raise in_flight()
        writes, settled = _judged(store, writes, found)
        yield from settled.items()
        if not writes:
            return
        if any(reason["Code"] in BUSY_REASONS for reason in found):
            store.sleep(pause)


def _apart(
    store: Store, writes: Writes, record: Record | None, error: ClientError
) -> Iterator[tuple[Index, Result]]:
    """Write the changes in halves, to find the one that DynamoDB does not accept and to write the others."""
    changes = [(index, write.change) for index, write in writes.items()]
    if len(changes) == 1:
        [(index, change)] = changes
        detail = f"DynamoDB does not accept the row: {error.response['Error']['Message']}"
        yield index, Result("rejected", change.key, problem=Problem("contract-violation", detail))
        return
    middle = len(changes) // 2
    yield from _transact(store, dict(changes[:middle]), record)
    yield from _transact(store, dict(changes[middle:]), record)


def reasons(error: ClientError) -> list[dict[str, Any]]:
    """The reason for each write of a cancelled transaction; "None" for writes that did not cause it."""
    if code_of(error) != "TransactionCanceledException":
        raise error
    response: Any = error.response
    return [{"Code": "None", **reason} for reason in response["CancellationReasons"]]


def _judged(
    store: Store, writes: Writes, reasons: Iterable[dict[str, Any]]
) -> tuple[Writes, dict[Index, Result]]:
    """The writes to send again, and the results of the others."""
    still_open: Writes = {}
    settled: dict[Index, Result] = {}
    for (index, write), reason in zip(writes.items(), reasons, strict=True):
        change = write.change
        if reason["Code"] in ("None", *BUSY_REASONS):
            still_open[index] = write
        elif reason["Code"] == "ConditionalCheckFailed":
            stored = Stored(change.contract, reason["Item"]) if reason.get("Item") else None
            following = _following(store, write, stored)
            if isinstance(following, Write):
                still_open[index] = following
            else:
                settled[index] = following
        else:
            detail = f"DynamoDB does not accept the row: {reason.get('Message')} ({reason['Code']})"
            settled[index] = Result("rejected", change.key, problem=Problem("contract-violation", detail))
    return still_open, settled


def _following(store: Store, write: Write, stored: Stored | None) -> Write | Result:
    """The next write, or the result, of a write that was refused because of the stored item."""
    key = write.change.key
    try:
        following = next_write(write, stored, store.now())
    except Problem as problem:
        if problem.kind == "stale" and stored is not None:
            return Result("stale", key, stored.version)
        return Result("rejected", key, problem=problem)
    return Result("accepted", key, write.version) if following is None else following


def _row_of(change: Change) -> tuple[str, str]:
    return change.contract.dataset, change.key


def _estimated_bytes(change: Change) -> int:
    return len(str(change.item | index_attributes(change.contract, change.item)))
