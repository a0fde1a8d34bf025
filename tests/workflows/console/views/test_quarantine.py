"""Rejected rows by rule and day, and samples in which the offending value is marked."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from expectations.odcs import load_contracts
from workflows.console.views import quarantine as views
from workflows.console.views.masking import HIDDEN
from workflows.console.views.quarantine import Piece
from workflows.console.views.values import SEPARATOR
from workflows.operations.dead_letters import DeadLetter
from workflows.operations.previews import previews

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def row(**given: Any) -> dict[str, Any]:
    return {
        "dataset": "products",
        "reasons": "brand.known: brand must be one of these, got 'Nationale'",
        "payload": '{"product_id": "1", "brand": "Nationale"}',
        "source_file": "s3://raw/a.csv",
        "row_number": "7",
        "batch_id": "b1",
        "quarantined_at": NOON,
    } | given


def test_rows_are_grouped_by_dataset_and_rule_the_most_first() -> None:
    rows: list[dict[str, Any]] = [
        {"dataset": "a", "rule": "key", "day": "2026-11-29", "rows": "1", "files": "1"},
        {"dataset": None, "rule": "intake", "day": NOON, "rows": 5, "files": 5},
        {"dataset": "a", "rule": "key", "day": NOON, "rows": 2, "files": 1},
    ]

    first, second = views.groups(rows)
    chart = views.over_time([first, second], [date(2026, 11, 29), date(2026, 11, 30)])

    assert (first.dataset, first.rule, first.rows) == (views.NO_DATASET, "intake", 5)
    assert (second.rows, second.files) == (3, 2)
    assert second.days == ((date(2026, 11, 29), 1), (date(2026, 11, 30), 2))
    assert [one["values"] for one in chart["series"]] == [[0, 5], [1, 2]]


@pytest.mark.parametrize(
    ("reasons", "marked"),
    [
        ("brand.known: brand must be one of these, got 'Nationale'", ["brand"]),
        ("type: column product_id: expected long, got 'column brand'", ["product_id"]),
        (f"key: column product_id: a{SEPARATOR}brand.known: b", ["product_id", "brand"]),
        ("gzip: expected a complete file", []),
    ],
)
def test_the_values_that_reasons_are_about_are_marked(reasons: str, marked: list[str]) -> None:
    sample = views.sample(row(reasons=reasons), ())

    assert [piece.name for piece in sample.pieces if piece.is_marked] == marked
    assert [piece.value for piece in sample.pieces] == ["1", "Nationale"]
    assert (sample.row_number, sample.at) == (7, NOON)


def test_in_a_text_the_value_of_the_reason_is_marked() -> None:
    sample = views.sample(row(payload="1;Nationale;x"), ())

    assert sample.pieces == (Piece("", "1;", False), Piece("", "Nationale", True), Piece("", ";x", False))
    assert views.sample(row(payload=None, row_number=None), ()).pieces == ()


def test_a_sample_hides_restricted_values_and_those_that_reasons_repeat() -> None:
    hidden = views.sample(row(), {"brand"})

    assert "Nationale" not in str(hidden)
    assert Piece("brand", HIDDEN, is_marked=True) in hidden.pieces


def test_a_dead_letter_shows_its_violations_by_today_s_contract() -> None:
    data = {"basket_id": 1, "product_id": 2, "household_id": 501, "quantity": -1}
    event = {
        "specversion": "1.0",
        "id": "e",
        "source": "s",
        "type": "transactions.upsert",
        "time": "2026-11-30T12:00:00Z",
        "data": data,
    }
    body = json.dumps(event)
    dead = DeadLetter("m", "contract-violation", "transactions", NOON, body, "r", "0")

    letter = views.letter(dead, list(previews([body], load_contracts())), {"household_id"})

    assert ("/data/quantity", "-1 is less than the minimum of 0") in letter.violations
    pieces = {piece.name: piece for piece in letter.pieces}
    assert (pieces["quantity"].value, pieces["quantity"].is_marked) == ("-1", True)
    assert pieces["household_id"].value == HIDDEN
    assert pieces["type"].value == "transactions.upsert"
