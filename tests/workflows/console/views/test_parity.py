"""Certificates over time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from expectations.odcs import load_contracts
from workflows.console.views.masking import HIDDEN
from workflows.console.views.parity import certificate_lines, drift_chart, newest_by_dataset
from workflows.console.views.values import SEPARATOR

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
CONTRACTS = load_contracts()


def row(dataset: str, **given: Any) -> dict[str, Any]:
    none = dict.fromkeys(("missing", "extra", "differing", "quarantined"), "")
    numbers = {"items": "3", "rows": 3, "drop_only": 0, "repaired": None}
    return (
        {"dataset": dataset, "ok": "true", "verified_through": NOON, "issued_at": NOON}
        | none
        | numbers
        | given
    )


def test_a_certificate_names_what_differed_unless_its_key_is_restricted() -> None:
    keys = f"1{SEPARATOR}2"
    good, bad, hidden = certificate_lines(
        [
            row("products"),
            row("products", ok=False, missing=keys, quarantined="9"),
            row("households", extra=keys),
        ],
        CONTRACTS,
    )

    assert (good.ok, good.drift, good.differences, good.items, good.repaired) == (True, 0, (), 3, 0)
    assert (bad.ok, bad.drift) == (False, 2)
    assert bad.differences == (("missing", ("1", "2"), 2), ("quarantined", ("9",), 1))
    assert hidden.differences == (("extra", (HIDDEN,), 2),)


def test_every_dataset_has_its_newest_certificate_or_none() -> None:
    lines = certificate_lines([row("products", ok="false"), row("products")], CONTRACTS)

    assert [(name, line and line.ok) for name, line in newest_by_dataset(lines, CONTRACTS)] == [
        ("households", None),
        ("products", False),
        ("transactions", None),
    ]


def test_the_chart_goes_forward_in_time() -> None:
    lines = certificate_lines([row("products", missing="1"), row("products")], CONTRACTS)

    assert drift_chart(lines)["series"][0]["values"] == [0, 1]
