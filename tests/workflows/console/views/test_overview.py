"""Health, trend and alarms of the overview."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workflows.console.views.overview import Day, alarm_list, dataset_lines, health, trend
from workflows.operations.batches import Batch

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
CERTIFICATE = {"dataset": "products", "ok": True, "verified_through": NOW - timedelta(hours=1)}
FAILING = Batch("b1", "failing", "check", ("products",), 1, None, failures=1, error="KeyError: 'a'")
ASIDE = Batch("b2", "set aside", "retry", ("products",), 1, None, error="it failed five times")


def counts(at: datetime, accepted: int, quarantined: int, dataset: str = "products") -> dict[str, Any]:
    return {"dataset": dataset, "day": at, "accepted": accepted, "quarantined": quarantined}


@pytest.mark.parametrize(
    ("rows", "today", "certificate", "unmerged", "word"),
    [
        (None, (0, 0), None, [], "empty"),
        (7, (0, 0), None, [], "not verified"),
        (7, (99, 1), CERTIFICATE, [], "good"),
        (7, (90, 10), CERTIFICATE, [], "rejecting"),
        (7, (0, 0), CERTIFICATE | {"ok": "false"}, [], "drift"),
        (7, (0, 0), CERTIFICATE | {"verified_through": NOW - timedelta(days=4)}, [], "old proof"),
        (7, (90, 10), CERTIFICATE, [FAILING], "failing"),
        (7, (0, 0), CERTIFICATE | {"ok": False}, [FAILING, ASIDE], "set aside"),
    ],
)
def test_health_is_the_worst_that_is_known(
    rows: int | None,
    today: tuple[int, int],
    certificate: dict[str, Any] | None,
    unmerged: list[Batch],
    word: str,
) -> None:
    found = health(rows, Day(NOW.date(), *today), certificate, unmerged, NOW)

    assert found.word == word
    assert found.why


def test_a_line_has_the_newest_certificate_and_only_its_own_rows() -> None:
    newer = CERTIFICATE | {"ok": False, "verified_through": NOW}
    [orders, products] = dataset_lines(
        ["products", "orders"],
        counts=[counts(NOW, 5, 2), counts(NOW, 100, 0, "orders"), counts(NOW - timedelta(days=1), 50, 0)],
        rows={"products": 55, "orders": None},
        certificates=[newer, CERTIFICATE],
        freshness={"products": [10.0, 20.0, 400.0]},
        unmerged=[],
        now=NOW,
    )

    assert (products.rows, products.accepted_today, products.quarantined_today) == (55, 5, 2)
    assert (products.freshness_p50, products.freshness_p95) == (20.0, 400.0)
    assert products.health.word == "drift"
    assert products.verified_through is None
    assert [day.accepted for day in products.trend][-2:] == [50, 5]
    assert (orders.accepted_today, orders.freshness_p50, orders.health.word) == (100, None, "empty")


def test_the_trend_has_every_day_and_none_that_is_older() -> None:
    days = trend([counts(NOW, 1, 0), counts(NOW - timedelta(days=40), 9, 9)], NOW)

    assert len(days) == 14
    assert days[-1] == Day(NOW.date(), 1, 0)
    assert sum(day.accepted for day in days) == 1


def test_alarms_that_ring_come_first_without_the_names_of_the_stack() -> None:
    found = [
        {"AlarmName": "glueline-a-b", "StateValue": "OK", "AlarmDescription": "run\n it --stack glueline."},
        {"AlarmName": "glueline-z", "StateValue": "ALARM"},
        {"AlarmName": "glueline-c", "StateValue": "INSUFFICIENT_DATA"},
    ]

    alarms = alarm_list(found, "glueline-", " --stack glueline")

    assert [(alarm.name, alarm.is_ringing, alarm.is_unknown) for alarm in alarms] == [
        ("z", True, False),
        ("a b", False, False),
        ("c", False, True),
    ]
    assert alarms[1].description == "run it."
