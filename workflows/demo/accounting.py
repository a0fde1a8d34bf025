"""Accounts for everything that the demo sent, from what an outsider can read: queues, DynamoDB, tables.

Conservation: every message and every row of every file is found again as an accepted change, as superseded by
a newer one, in the dead-letter queue or in quarantine, with its reason. Equality: the table has exactly the
rows that `baskets.newest_rows` computes from the same events.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from expectations.timestamps import micros_of
from workflows.demo.baskets import newest_rows
from workflows.operations import dead_letters
from workflows.progress.waiting import receipts
from workflows.query.catalog import lake_catalog
from workflows.query.literals import text
from workflows.query.sql import query, rows

if TYPE_CHECKING:
    from collections.abc import Set

    from workflows.demo.baskets import BasketChange, Key, Message, Row
    from workflows.demo.partner_files import PartnerFile
    from workflows.stack.target import Target

_CLOCK_SKEW: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report about one dataset."""

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
        """Whether everything that was sent is accounted for, and the table equals the model."""
        return self.sent == self.accepted + self.superseded + sum(self.rejected.values()) and not (
            self.differing or self.lost
        )


def account_for_messages(target: Target, sent: list[Message], ids: list[str], started: datetime) -> Outcome:
    """Find every message again: in the changes, behind a newer change, or in the dead-letter queue."""
    new_dead_letters = [
        dead_letter for dead_letter in dead_letters.read(target) if dead_letter.sent >= started - _CLOCK_SKEW
    ]
    dead_reasons = {dead_letter.message_id: dead_letter.reason for dead_letter in new_dead_letters}
    changes = rows(
        query(target, "select basket_id, product_id, _version, _event_id from transactions_changes")
    )
    in_changes = {change["_event_id"] for change in changes}
    newest: dict[Key, int] = {}
    for change in changes:
        key = (change["basket_id"], change["product_id"])
        newest[key] = max(newest.get(key, 0), change["_version"])

    found_as = Counter[str]()
    lost = []
    for message, message_id in zip(sent, ids, strict=True):
        outcome = _outcome(message, dead_reasons.get(message_id), in_changes, newest)
        found_as[outcome] += 1
        if outcome == "lost" or (message.reason and outcome != message.reason):
            lost.append(f"{message.event_id}: expected {message.reason or 'a change'}, found {outcome}")
    accepted, superseded = found_as.pop("accepted", 0), found_as.pop("superseded", 0)
    found_as.pop("lost", None)
    sent_changes = [message.change for message in sent if message.change]
    keys = {change.key for change in sent_changes}
    table = table_rows(target, "transactions", ("basket_id", "product_id"), keys)
    items = dynamodb_keys(target, "transactions") & keys
    differing = differences(newest_rows(sent_changes), table) + [
        f"{key}: in {'DynamoDB' if key in items else 'the table'} only" for key in items ^ table.keys()
    ]
    return Outcome(
        "transactions",
        len(sent),
        accepted,
        superseded,
        dict(found_as),
        len(items),
        len(table),
        differing,
        lost,
        seconds_to_queryable(target, "transactions", started),
    )


def _outcome(message: Message, reason: str | None, in_changes: set[str], newest: dict[Key, int]) -> str:
    if reason is not None:
        return reason
    change: BasketChange | None = message.change
    if message.event_id in in_changes:
        return "accepted"
    if change is not None and newest.get(change.key, 0) > micros_of(change.version):
        return "superseded"
    return "lost"


def account_for_drops(target: Target, files: list[PartnerFile], dataset: str, started: datetime) -> Outcome:
    """Sum up the receipts of a dataset's files, and compare the table with the rows of the files."""
    dataset_files = [file for file in files if file.dataset == dataset]
    by_file = {
        receipt["source_file"]: receipt for receipt in receipts(target, uris_of(target, dataset_files))
    }
    reasons = quarantine_reasons(target, dataset_files)
    lost = []
    for file in dataset_files:
        receipt = by_file[_uri_of(target, file)]
        if (receipt["accepted"], receipt["quarantined"]) != (len(file.rows), file.broken):
            lost.append(
                f"{file.name}: expected {len(file.rows)} rows accepted and {file.broken} quarantined, "
                f"found {receipt['accepted']} and {receipt['quarantined']}"
            )
    expected = {key: row for file in dataset_files for key, row in file.rows.items()}
    table = table_rows(target, dataset, (dataset_files[0].key_column,), expected.keys())
    return Outcome(
        dataset,
        sum(len(file.rows) + file.broken for file in dataset_files),
        sum(receipt["accepted"] for receipt in by_file.values()),
        0,
        reasons,
        None,
        len(table),
        differences(expected, table),
        lost,
        seconds_to_queryable(target, dataset, started),
    )


def differences(expected: dict[Key, Row], table: dict[Key, Row]) -> list[str]:
    """Every key whose row is missing, unexpected or different, with the values."""
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


def quarantine_reasons(target: Target, files: list[PartnerFile]) -> dict[str, int]:
    """The number of quarantined rows (or whole files) of these files, by the rule of their first reason."""
    names = ", ".join(map(text, uris_of(target, files)))
    table = f"{target.output('OpsDatabase')}.quarantine"
    sql = f"select reasons from {table} where source_file in ({names})"  # noqa: S608 -- quoted by `text`
    found = rows(query(target, sql))
    return dict(Counter(row["reasons"][0].split(":")[0] for row in found))


def table_rows(target: Target, dataset: str, key: tuple[str, ...], keys: Set[Key]) -> dict[Key, Row]:
    """The current rows of the table by key, of these keys; other rows are not from this run."""
    found = rows(query(target, f"select * from {dataset}"))  # noqa: S608 -- the name of a contract
    by_key = {tuple(row[name] for name in key): row for row in found}
    return {key: row for key, row in by_key.items() if key in keys}


def dynamodb_keys(target: Target, dataset: str) -> set[Key]:
    """The keys of the items that DynamoDB has and that are not marked as deleted."""
    pages = (
        target.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=f"{target.output('TablePrefix')}{dataset}")
    )
    items = (item for page in pages for item in page["Items"] if "_deleted" not in item)
    return {tuple(int(part) for part in item["_key"]["S"].split(",")) for item in items}


def seconds_to_queryable(target: Target, dataset: str, started: datetime) -> float | None:
    """Seconds from the first send to the last commit; None if nothing had to change."""
    snapshot = lake_catalog(target).load_table((target.output("LakeDatabase"), dataset)).current_snapshot()
    committed = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC) if snapshot else started
    return (committed - started).total_seconds() if committed > started else None


def key_of(file: PartnerFile) -> str:
    return f"drops/{file.dataset}/{file.name}"


def uris_of(target: Target, files: list[PartnerFile]) -> list[str]:
    return [_uri_of(target, file) for file in files]


def _uri_of(target: Target, file: PartnerFile) -> str:
    return f"s3://{target.output('RawBucket')}/{key_of(file)}"
