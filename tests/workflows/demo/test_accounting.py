"""What the demo finds when a table is not what it sent, with a double of the stack."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from workflows.demo import accounting
from workflows.demo.accounting import Outcome, account_for_drops, account_for_messages, differences
from workflows.demo.baskets import BasketChange, Message
from workflows.demo.partner_files import PartnerFile
from workflows.operations import dead_letters

AT = datetime(2026, 11, 24, tzinfo=UTC)
VERSION = 1795478400000000  # AT in microseconds


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stack whose table `transactions` has one row, and whose table `products` has one of another key."""

    def query(target: Any, sql: str) -> pa.Table:
        if "transactions_changes" in sql:
            change = {"basket_id": 1, "product_id": 1, "_version": VERSION, "_event_id": "good"}
            return pa.Table.from_pylist([change])
        if "raw.quarantine" in sql:
            return pa.Table.from_pylist([{"reasons": ["key: expected a value, got null"]}])
        if "transactions" in sql:
            return pa.Table.from_pylist([{"basket_id": 1, "product_id": 1, "status": "pending"}])
        return pa.Table.from_pylist([{"product_id": 9}])

    monkeypatch.setattr(accounting, "query", query)
    monkeypatch.setattr(accounting, "dynamodb_keys", lambda target, dataset: {(1, 1)})
    monkeypatch.setattr(accounting, "seconds_to_queryable", lambda target, dataset, started: None)
    dead = SimpleNamespace(message_id="m3", reason="broken-json", sent=AT)
    monkeypatch.setattr(dead_letters, "read", lambda target: [dead])
    return SimpleNamespace(output=lambda name: "raw")


def change(version: datetime, status: str) -> BasketChange:
    return BasketChange((1, 1), version, {"basket_id": 1, "product_id": 1, "status": status})


def test_every_message_is_found_or_lost(target: Any) -> None:
    sent = [
        Message("", "good", change(AT, "pending")),
        Message("", "older", change(AT.replace(year=2025), "older")),
        Message("", "broken", reason="broken-json"),
        Message("", "lost", change(AT.replace(day=25), "settled")),
    ]

    outcome = account_for_messages(target, sent, ["m1", "m2", "m3", "m4"], AT)

    assert (outcome.accepted, outcome.superseded, outcome.rejected) == (1, 1, {"broken-json": 1})
    assert outcome.lost == ["lost: expected a change, found lost"]
    assert outcome.differing == ["(1, 1): (expected, found) {'status': ('settled', 'pending')}"]
    assert not outcome.adds_up


def test_all_is_accounted_for_if_the_table_has_the_newest_row(target: Any) -> None:
    sent = [Message("", "good", change(AT, "pending")), Message("", "broken", reason="broken-json")]

    assert account_for_messages(target, sent, ["m1", "m3"], AT).adds_up


def test_a_file_that_was_read_otherwise_than_expected_is_named(
    target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = {"source_file": "s3://raw/drops/products/a.csv", "accepted": 1, "quarantined": 1}
    monkeypatch.setattr(accounting, "receipts", lambda target, files: [receipt])
    file = PartnerFile("products", "product_id", "a.csv", b"", {(1,): {}, (2,): {}}, broken=1)

    outcome = account_for_drops(target, [file], "products", AT)

    assert outcome.lost == ["a.csv: expected 2 rows accepted and 1 quarantined, found 1 and 1"]
    assert outcome.rejected == {"key": 1}
    assert outcome.differing == ["(1,): missing in the table", "(2,): missing in the table"]


def test_a_row_that_no_event_wrote_differs() -> None:
    assert differences({}, {(1,): {}}) == ["(1,): in the table, but no event put it there"]
    assert Outcome("d", 0, 0, 0, {}, None, 0).adds_up
