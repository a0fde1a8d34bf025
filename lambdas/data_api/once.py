"""Writes of requests with an idempotency key: each is done once, and its answer is always the first one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.data_api import rows
from lambdas.data_api.answers import Record, in_flight, take
from lambdas.data_api.changes import Change
from lambdas.data_api.idempotency import KeyedRequest
from lambdas.data_api.problems import Problem
from lambdas.data_api.store import Store, pauses
from lambdas.data_api.stored import Expectation, Stored
from lambdas.data_api.transactions import BUSY_REASONS, Index, Result, reasons, write_batch
from lambdas.data_api.writes import Write, next_write

_ROW = "row"  # the outcome of a request for one row

type StatusOf = Callable[[Stored | None], int]  # the item before the write -> status of the answer


@dataclass(frozen=True, slots=True)
class Written:
    """A row that was written: the status of its answer, and whether an earlier request wrote it."""

    status: int
    write: Write
    is_repeated: bool = False


def write_row(
    store: Store,
    requested: KeyedRequest | None,
    change: Change,
    expected: Expectation,
    status_of: StatusOf,
) -> Written:
    """Write the row, unless an earlier request with this idempotency key did; Problem as `rows.write`."""
    if requested is None:
        write, before = rows.write(store, change, expected)
        return Written(status_of(before), write)
    record = take(store, requested)
    if record.is_done:
        return _repeated(store, record, change, expected)
    with _released_if_unfinished(record):
        try:
            return _write_with_record(store, record, change, expected, status_of)
        except Problem as problem:
            if problem.kind not in ("unavailable", "in-flight"):
                record.finish({_ROW: _of_problem(problem)})
            raise


def write_changes(
    store: Store, requested: KeyedRequest | None, changes: Mapping[Index, Change]
) -> tuple[dict[Index, Result], bool]:
    """Write the changes, except those that an earlier request with this idempotency key wrote.

    Returns their results, and whether an earlier request had them all. A change that could not be written
    leaves the request unfinished: the next one with the same key goes on with it.
    """
    if requested is None:
        return write_batch(store, changes), False
    record = take(store, requested)
    outcomes = record.outcomes
    done = {
        index: Result.recorded(outcomes[str(index)], change.key)
        for index, change in changes.items()
        if str(index) in outcomes
    }
    if record.is_done:
        return done, True
    with _released_if_unfinished(record):
        left = {index: change for index, change in changes.items() if index not in done}
        results = done | write_batch(store, left, record)
        if any(result.is_unwritten for result in results.values()):
            record.release()
        else:
            record.finish({str(index): results[index].outcome() for index in left})
        return results, False


@contextmanager
def _released_if_unfinished(record: Record) -> Iterator[None]:
    """Let the request be sent again at once if it ends without an answer that is kept."""
    try:
        yield
    except Problem as problem:
        if problem.kind == "unavailable":
            record.release()
        raise
    except (ClientError, BotoCoreError):
        record.release()
        raise


def _write_with_record(
    store: Store, record: Record, change: Change, expected: Expectation, status_of: StatusOf
) -> Written:
    """Write the row and its outcome in one transaction.

    A transaction does not return the item that it replaces, so it replaces exactly the item that was read.
    """
    rows.refuse_impossible(expected)
    attempt = store.first(change, expected)
    stored = store.read(change.contract, change.key)
    for pause in pauses():
        following = next_write(attempt, stored, store.now()) or attempt
        attempt = Write(
            change, following.version, expected, following.now, stored or Stored(change.contract, {})
        )
        status = status_of(stored)
        outcome = {"status": status, "version": attempt.version}
        writes = [
            attempt.transact(store.table(change.contract)),
            {"Update": record.recording({_ROW: outcome}, done=True)},
        ]
        try:
            store.dynamodb.transact_write_items(TransactItems=writes)
        except ClientError as error:
            of_row, of_record = reasons(error)
        else:
            return Written(status, attempt)
        if of_record["Code"] == "ConditionalCheckFailed":
            raise in_flight()
        if of_row["Code"] not in ("None", "ConditionalCheckFailed", *BUSY_REASONS):
            detail = f"DynamoDB does not accept the row: {of_row.get('Message')} ({of_row['Code']})"
            raise Problem("contract-violation", detail)
        if of_row["Code"] != "ConditionalCheckFailed":
            store.sleep(pause)
        stored = store.read(change.contract, change.key)
    raise rows.busy()


def _repeated(store: Store, record: Record, change: Change, expected: Expectation) -> Written:
    """The outcome of the first request with this key; its Problem is raised again."""
    outcome = record.outcomes[_ROW]
    if "problem" in outcome:
        raise Problem(outcome["problem"], outcome["detail"])
    return Written(outcome["status"], Write(change, outcome["version"], expected, store.now()), True)


def _of_problem(problem: Problem) -> dict[str, str]:
    return {"problem": problem.kind, "detail": problem.detail}
