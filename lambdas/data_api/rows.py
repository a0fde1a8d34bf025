"""What the API does with one row: read, write, patch."""

from dataclasses import dataclass, replace
from typing import Any

from expectations.align import align
from expectations.contract import Contract, Row
from lambdas.data_api.changes import Change, Checker, Event
from lambdas.data_api.items import VERSION, from_item
from lambdas.data_api.problems import Problem, broken_contract
from lambdas.data_api.store import ATTEMPTS, Store
from lambdas.data_api.versions import stamp
from lambdas.data_api.writes import Expectation, Stored, Write, again, erased, stale
from lambdas.validation import Violation


def read(store: Store, contract: Contract, key: str) -> Stored:
    """The live row of that key, or Problem 404."""
    return _live(store.read(contract, key), contract)


def body(stored: Stored) -> Row:
    """A row as the API answers it: the contract's columns and `_version`."""
    return {**from_item(stored.contract, stored.item), VERSION: stored.version}


def write(store: Store, change: Change, expected: Expectation) -> tuple[Write, Stored | None]:
    """Write the change in one conditional call; what was written, and what was stored before it.

    Problem if something else than the expected is stored, or something newer. What was stored before a write
    whose answer was lost is not known: the write counts as one that replaced a row, unless it expected none.
    """
    _refuse_impossible(expected)
    attempt = store.first(change, expected)
    for _ in range(ATTEMPTS):
        outcome = store.write(attempt)
        if outcome.taken:
            return attempt, outcome.before
        following = again(attempt, outcome.before, store.now())
        if following is None:
            return attempt, None if expected.live is False else outcome.before
        attempt = following
    raise Problem("unavailable", f"other writers of this row were faster {ATTEMPTS} times")


@dataclass(frozen=True, slots=True)
class Patch:
    """A JSON merge patch (RFC 7396) of the row with that key."""

    contract: Contract
    key: str
    columns: Any
    expected: Expectation
    event: Event


def patch(store: Store, checker: Checker, asked: Patch) -> Write:
    """Apply the patch to the live row; if the row changes meanwhile, to what it has become.

    A patch must not change the key or the partition. Without a value for the sequence column it is newer than
    what is stored; with one it must not be older.
    """
    _refuse_impossible(asked.expected)
    columns, _ = align(asked.contract, asked.columns, "delete")  # names and forms; a patch gets no defaults
    if not isinstance(columns, dict):
        raise Problem("bad-request", "expected a JSON object of the columns to change")
    columns.pop(VERSION, None)
    stored = store.read(asked.contract, asked.key)
    for _ in range(ATTEMPTS):
        if stored is not None and stored.is_erased:
            raise erased()
        live = _live(stored, asked.contract)
        asked.expected.check(live)
        attempt = _patched(store, checker, replace(asked, columns=columns), live)
        outcome = store.write(attempt)
        if outcome.taken or (outcome.before is not None and attempt.is_stored(outcome.before)):
            return attempt
        stored = outcome.before
    raise Problem("unavailable", f"other writers of this row were faster {ATTEMPTS} times")


def merge_patch(target: Any, changes: Any) -> Any:
    """RFC 7396, section 2: objects merge, null removes, everything else replaces."""
    if not isinstance(changes, dict):
        return changes
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _patched(store: Store, checker: Checker, asked: Patch, live: Stored) -> Write:
    contract = asked.contract
    before = from_item(contract, live.item)
    try:
        row = merge_patch(before, asked.columns)
    except RecursionError as error:
        raise Problem("bad-request", "expected a patch of the contract's depth") from error
    change = checker.change(contract, "upsert", row, asked.event)
    _refuse_moves(contract, before, from_item(contract, change.item))
    now = store.now()
    if contract.sequence_column not in asked.columns:
        change = replace(change, version=None)
    version = change.version
    if version is None:
        version = stamp(contract, "upsert", live.known_version, now)
    elif version < live.version:
        raise stale(version, live.version)
    return Write(change, version, asked.expected, now, over=live)


def _refuse_moves(contract: Contract, before: Row, after: Row) -> None:
    fixed = {*contract.key, *(partition.column for partition in contract.partitions)}
    moves = [
        Violation(f"/{name}", "immutable", f"expected {before[name]!r} as stored, got {after[name]!r}")
        for name in sorted(fixed)
        if after[name] != before[name]
    ]
    if moves:
        raise broken_contract(contract.dataset, moves)


def _refuse_impossible(expected: Expectation) -> None:
    if expected.versions == frozenset():
        raise Problem(
            expected.otherwise, "expected the entity tag of a version, got only tags that no row has"
        )


def _live(stored: Stored | None, contract: Contract) -> Stored:
    if stored is None or not stored.is_live:
        raise Problem("not-found", f"{contract.dataset} has no row with this key")
    return stored
