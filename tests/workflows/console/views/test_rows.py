"""The versions of a key with differences, and its two states side by side."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from expectations.contract import Column, Contract
from workflows.console.views.masking import HIDDEN
from workflows.console.views.rows import Difference, same, sides, versions

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
CONTRACT = Contract(
    "d", "1", "", (Column("id", "long"), Column("name", "string"), Column("price", "decimal(10,2)")), ("id",)
)


def version(op: str, name: str | None, price: str | None, **given: Any) -> dict[str, Any]:
    return {
        "_op": op,
        "valid_from": NOON,
        "valid_to": None,
        "is_current": "false",
        "is_coarse": False,
        "id": 7,
        "name": name,
        "price": price and Decimal(price),
        "_source": "drop",
        "_event_id": "s3://raw/a.csv#7",
        "_batch_id": "b1",
    } | given


def test_each_version_has_what_it_changed_and_where_it_came_from() -> None:
    history = [
        version("upsert", "a", "1.00"),
        version("upsert", "a", "2.00"),
        version("delete", None, None),
        version("upsert", "a", "2.00", is_current=True),
    ]

    newest, deleted, second, first = versions(history, CONTRACT, ())

    assert first.differences == (Difference("name", None, "a"), Difference("price", None, Decimal("1.00")))
    assert second.differences == (Difference("price", Decimal("1.00"), Decimal("2.00")),)
    assert (deleted.op, deleted.differences) == ("delete", ())
    assert len(newest.differences) == 2
    assert (newest.is_current, first.is_current) == (True, False)
    assert (first.door, first.event_id, first.batch_id) == ("drop", "s3://raw/a.csv#7", "b1")


def test_restricted_values_are_hidden_on_both_pages_and_compared_nevertheless() -> None:
    [only] = versions([version("upsert", "a", "1.00")], CONTRACT, {"name"})
    compared = sides(CONTRACT, {"id": 7, "name": "a"}, {"id": 7, "name": "b"}, {"name"})

    assert only.differences[0] == Difference("name", None, HIDDEN)
    assert (compared[1].in_dynamodb, compared[1].in_table, compared[1].is_equal) == (HIDDEN, HIDDEN, False)


@pytest.mark.parametrize(
    ("kind", "stored", "queried", "is_same"),
    [
        ("long", Decimal(7), 7, True),
        ("long", Decimal(7), "8", False),
        ("decimal(10,2)", Decimal("1.5"), Decimal("1.50"), True),
        ("decimal(38,0)", Decimal(10) ** 37, 10**37 + 1, False),
        ("double", Decimal("0.1"), 0.1, True),
        ("timestamptz", "2026-11-30T12:00:00Z", NOON, True),
        ("timestamptz", "2026-11-30T12:00:00.000001Z", NOON, False),
        ("timestamptz", "2026-11-30T12:00:00Z", "2026-11-30 12:00:00.000000 UTC", True),
        ("date", "2026-11-30", date(2026, 11, 30), True),
        ("boolean", True, "true", True),
        ("binary", b"ab", "YWI=", True),
        ("string", "1", "1.0", False),
        ("string", None, "", False),
        ("string", None, None, True),
        ("list<int>", [Decimal(1)], [1], True),
        ("struct<a: int>", {"a": Decimal(1)}, {"a": 1, "b": None}, True),
    ],
)
def test_values_are_equal_if_they_mean_the_same(
    kind: str, stored: object, queried: object, is_same: bool
) -> None:
    assert same(Column("c", kind), stored, queried) is is_same
