"""`glueline run`: real events through every stage, then the proof that nothing was lost and nothing changed.

The proof has two halves. Conservation: every message and every row of every file is found again, as an
accepted change, as superseded by a newer one, in the dead-letter queue or in quarantine, with its reason.
Equality: the table holds, value for value, what `demo.model` says of the same events. Both read only what
an outsider can read: queues, DynamoDB, tables.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from expectations.timestamps import instant_of, micros_of
from workflows.demo import baskets
from workflows.operations import dead_letters
from workflows.operations.sending import send
from workflows.progress.waiting import receipts, wait
from workflows.query.engines import lake_catalog, query, rows
from workflows.query.literals import text

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    from workflows.demo.baskets import Change, Drop, Key, Message, Row
    from workflows.progress.waiting import Stage
    from workflows.stack.target import Target

DEFAULT_LINES: Final = 3000
_CLOCK_SKEW: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One dataset's line of the report."""

    dataset: str
    sent: int
    accepted: int
    superseded: int
    rejected: dict[str, int]
    in_dynamodb: int | None
    in_table: int
    differing: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    seconds: float | None = None

    @property
    def adds_up(self) -> bool:
        """Everything sent ended somewhere, and the table is what the model says."""
        return self.sent == self.accepted + self.superseded + sum(self.rejected.values()) and not (
            self.differing or self.lost
        )


def run(target: Target, lines: int, tell: Callable[[Stage], None]) -> list[Outcome]:
    """Send the events of `lines` basket lines and the partner's files, await the merge, account for all."""
    started = datetime.now(UTC)
    sent = baskets.messages(lines)
    files = baskets.drops(f"run-{started:%Y%m%dT%H%M%S}")
    put_drops(target, files)
    message_ids = send(target, [message.body for message in sent])
    wait(target, _uris(target, files), tell)
    return [
        account_for_messages(target, sent, message_ids, started),
        *(account_for_drops(target, files, dataset, started) for dataset in ("products", "households")),
    ]


def put_drops(target: Target, files: list[Drop]) -> None:
    """Put the partner's files where partners put them."""
    s3, bucket = target.client("s3"), target.output("RawBucket")
    for drop in files:
        s3.put_object(Bucket=bucket, Key=_key_of(drop), Body=drop.content)


# --- accounting ---------------------------------------------------------------------------------------------


def account_for_messages(target: Target, sent: list[Message], ids: list[str], started: datetime) -> Outcome:
    """Find every message again: in the changes, behind a newer change, or in the dead-letter queue."""
    letters = [letter for letter in dead_letters.read(target) if letter.sent >= started - _CLOCK_SKEW]
    dead = {letter.message_id: letter.reason for letter in letters}
    changes = rows(
        query(target, "select basket_id, product_id, _version, _event_id from transactions_changes")
    )
    in_changes = {change["_event_id"] for change in changes}
    newest: dict[Key, int] = {}
    for change in changes:
        key = (change["basket_id"], change["product_id"])
        newest[key] = max(newest.get(key, 0), change["_version"])

    fates = Counter[str]()
    lost = []
    for message, message_id in zip(sent, ids, strict=True):
        fate = _fate(message, dead.get(message_id), in_changes, newest)
        fates[fate] += 1
        if fate == "lost" or (message.reason and fate != message.reason):
            lost.append(f"{message.event_id}: expected {message.reason or 'a change'}, found {fate}")
    accepted, superseded = fates.pop("accepted", 0), fates.pop("superseded", 0)
    fates.pop("lost", None)
    meant = [message.change for message in sent if message.change]
    ours = {change.key for change in meant}
    table = table_rows(target, "transactions", ("basket_id", "product_id"), ours)
    items = dynamodb_keys(target, "transactions") & ours
    differing = differences(baskets.model(meant), table) + [
        f"{key}: in {'DynamoDB' if key in items else 'the table'} only" for key in items ^ table.keys()
    ]
    return Outcome(
        "transactions",
        len(sent),
        accepted,
        superseded,
        dict(fates),
        len(items),
        len(table),
        differing,
        lost,
        seconds_to_queryable(target, "transactions", started),
    )


def _fate(message: Message, dead: str | None, in_changes: set[str], newest: dict[Key, int]) -> str:
    if dead is not None:
        return dead
    change: Change | None = message.change
    if message.event_id in in_changes:
        return "accepted"
    if change is not None and newest.get(change.key, 0) > micros_of(change.version):
        return "superseded"
    return "lost"


def account_for_drops(target: Target, files: list[Drop], dataset: str, started: datetime) -> Outcome:
    """Add up the receipts of a dataset's files and compare the table with the rows that were put in them."""
    mine = [drop for drop in files if drop.dataset == dataset]
    got = {receipt["source_file"]: receipt for receipt in receipts(target, _uris(target, mine))}
    reasons = quarantine_reasons(target, mine)
    lost = []
    for drop in mine:
        receipt = got[_uri(target, drop)]
        if (receipt["accepted"], receipt["quarantined"]) != (len(drop.rows), drop.broken):
            lost.append(
                f"{drop.name}: expected {len(drop.rows)} rows accepted and {drop.broken} quarantined, "
                f"found {receipt['accepted']} and {receipt['quarantined']}"
            )
    expected = {key: row for drop in mine for key, row in drop.rows.items()}
    table = table_rows(target, dataset, (mine[0].key_column,), expected.keys())
    return Outcome(
        dataset,
        sum(len(drop.rows) + drop.broken for drop in mine),
        sum(receipt["accepted"] for receipt in got.values()),
        0,
        reasons,
        None,
        len(table),
        differences(expected, table),
        lost,
        seconds_to_queryable(target, dataset, started),
    )


def differences(expected: dict[Key, Row], table: dict[Key, Row]) -> list[str]:
    """Every key whose row is missing, extra or not value for value the expected one."""
    found = []
    for key in sorted(expected.keys() | table.keys()):
        if key not in table:
            found.append(f"{key}: missing in the table")
        elif key not in expected:
            found.append(f"{key}: in the table, but no event put it there")
        elif wrong := {
            name: (value, table[key][name])
            for name, value in expected[key].items()
            if table[key][name] != value
        }:
            found.append(f"{key}: (expected, found) {wrong}")
    return found


def quarantine_reasons(target: Target, files: list[Drop]) -> dict[str, int]:
    """How many rows (or whole files) of these files were quarantined, by the rule of their first reason."""
    names = ", ".join(map(text, _uris(target, files)))
    sql = f"select reasons from lake_ops.quarantine where source_file in ({names})"  # noqa: S608 -- quoted by `text`
    found = rows(query(target, sql))
    return dict(Counter(row["reasons"][0].split(":")[0] for row in found))


def table_rows(target: Target, dataset: str, key: tuple[str, ...], ours: Set[Key]) -> dict[Key, Row]:
    """The current table by key, of the keys this run speaks of (other rows are not its to judge)."""
    found = rows(query(target, f"select * from {dataset}"))  # noqa: S608 -- the name of a contract
    by_key = {tuple(row[name] for name in key): row for row in found}
    return {key: row for key, row in by_key.items() if key in ours}


def dynamodb_keys(target: Target, dataset: str) -> set[Key]:
    """Keys of the items that DynamoDB holds and does not mark as deleted."""
    pages = (
        target.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=f"{target.output('TablePrefix')}{dataset}")
    )
    items = (item for page in pages for item in page["Items"] if "_deleted" not in item)
    return {tuple(int(part) for part in item["_key"]["S"].split(",")) for item in items}


def seconds_to_queryable(target: Target, dataset: str, started: datetime) -> float | None:
    """From the first send to the commit that made the last of it queryable; None if nothing had to change."""
    snapshot = lake_catalog(target).load_table(("lake", dataset)).current_snapshot()
    committed = instant_of(snapshot.timestamp_ms * 1000) if snapshot else started
    return (committed - started).total_seconds() if committed > started else None


def _key_of(drop: Drop) -> str:
    return f"drops/{drop.dataset}/{drop.name}"


def _uris(target: Target, files: list[Drop]) -> list[str]:
    return [_uri(target, drop) for drop in files]


def _uri(target: Target, drop: Drop) -> str:
    return f"s3://{target.output('RawBucket')}/{_key_of(drop)}"
