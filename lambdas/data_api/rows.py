"""Reads, writes and patches one row."""

from dataclasses import dataclass, replace
from typing import Any

from expectations.align import align
from expectations.contract import Contract, Row
from lambdas.data_api.changes import Change, Checker, Event
from lambdas.data_api.items import VERSION, from_item
from lambdas.data_api.problems import Problem, broken_contract
from lambdas.data_api.store import ATTEMPTS, Store
from lambdas.data_api.stored import Expectation, Stored
from lambdas.data_api.versions import stamp
from lambdas.data_api.writes import Write, erased, next_write, stale
from lambdas.validation import Violation


def read(store: Store, contract: Contract, key: str) -> Stored:
    """The row with this key, or Problem 404."""
    return _live(store.read(contract, key), contract)


def body(stored: Stored) -> Row:
    """A row in an answer of the API: the contract's columns and `_version`."""
    return {**from_item(stored.contract, stored.item), VERSION: stored.version}


def write(store: Store, change: Change, expected: Expectation) -> tuple[Write, Stored | None]:
    """Write the change by one conditional call; returns the write and the item that was stored before it.

    Problem if the stored item is not the expected one, or newer. The item before a write whose answer was
    lost is unknown: the write counts as one that replaced a row, unless it expected no row.
    """
    refuse_impossible(expected)
    attempt = store.first(change, expected)
    for _ in range(ATTEMPTS):
        outcome = store.write(attempt)
        if outcome.is_written:
            return attempt, outcome.before
        following = next_write(attempt, outcome.before, store.now())
        if following is None:
            return attempt, None if expected.live is False else outcome.before
        attempt = following
    raise busy()


@dataclass(frozen=True, slots=True)
class Patch:
    """A JSON merge patch (RFC 7396) of the row with this key."""

    contract: Contract
    key: str
    columns: Any
    expected: Expectation
    event: Event


def patch(store: Store, checker: Checker, requested: Patch) -> Write:
    """Apply the patch to the stored row. If the row changes at the same time, apply it to the changed row.

    Problem 422 if the patch changes the key or a partition column. A patch without a value for the sequence
    column gets a version after the stored one; with a value, it must not be older than the stored row.
    """
    refuse_impossible(requested.expected)
    # Aligned as a delete: names and forms, but no defaults.
    columns, _ = align(requested.contract, requested.columns, "delete")
    if not isinstance(columns, dict):
        raise Problem("bad-request", "expected a JSON object of the columns to change")
    columns.pop(VERSION, None)
    stored = store.read(requested.contract, requested.key)
    for _ in range(ATTEMPTS):
        if stored is not None and stored.is_erased:
            raise erased()
        live = _live(stored, requested.contract)
        requested.expected.check(live)
        attempt = _patched(store, checker, replace(requested, columns=columns), live)
        outcome = store.write(attempt)
        if outcome.is_written or (outcome.before is not None and attempt.is_stored(outcome.before)):
            return attempt
        stored = outcome.before
    raise busy()


def merge_patch(target: Any, changes: Any) -> Any:
    """The patched value by RFC 7396, section 2: objects are merged, null removes, other values replace."""
    if not isinstance(changes, dict):
        return changes
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _patched(store: Store, checker: Checker, requested: Patch, live: Stored) -> Write:
    contract = requested.contract
    before = from_item(contract, live.item)
    try:
        row = merge_patch(before, requested.columns)
    except RecursionError as error:
        raise Problem("bad-request", "expected a patch that is no deeper than the contract") from error
    change = checker.change(contract, "upsert", row, requested.event)
    _refuse_moves(contract, before, from_item(contract, change.item))
    now = store.now()
    if contract.sequence_column not in requested.columns:
        change = replace(change, version=None)
    version = change.version
    if version is None:
        version = stamp(contract, "upsert", live.known_version, now)
    elif version < live.version:
        raise stale(version, live.version)
    return Write(change, version, requested.expected, now, over=live)


def _refuse_moves(contract: Contract, before: Row, after: Row) -> None:
    fixed = {*contract.key, *(partition.column for partition in contract.partitions)}
    moves = [
        Violation(f"/{name}", "immutable", f"expected {before[name]!r} as stored, got {after[name]!r}")
        for name in sorted(fixed)
        if after[name] != before[name]
    ]
    if moves:
        raise broken_contract(contract.dataset, moves)


def refuse_impossible(expected: Expectation) -> None:
    """Problem if no row can be as the writer expects."""
    if expected.versions == frozenset():
        raise Problem(
            expected.otherwise, "expected the entity tag of a version, got only tags that no row can have"
        )


def busy() -> Problem:
    """The problem of a write that lost the race against others too often."""
    return Problem("unavailable", f"other writers changed the row during {ATTEMPTS} attempts; try again")


def _live(stored: Stored | None, contract: Contract) -> Stored:
    if stored is None or not stored.is_live:
        raise Problem("not-found", f"{contract.dataset} has no row with this key")
    return stored
