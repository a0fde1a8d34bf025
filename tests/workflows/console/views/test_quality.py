"""Rules over time, and unusual volumes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from workflows.console.views.overview import Day
from workflows.console.views.quality import rule_lines, unusual_days, volume_chart

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def result(rule: str, success: bool, broken: int | None = 0, **more: Any) -> dict[str, Any]:
    return {
        "success": success,
        "expectation_config": {"type": "expect_x", "meta": {"rule": rule}, "severity": "critical"},
        "result": {"element_count": 10, "unexpected_count": broken},
        **more,
    }


def ran(batch: str, *results: dict[str, Any]) -> dict[str, Any]:
    return {"dataset": "d", "batch_id": batch, "result": json.dumps({"results": results}), "ran_at": NOON}


def test_a_rule_has_an_outcome_for_each_batch_and_broken_rules_come_first() -> None:
    failed = result("c", success=False, broken=None, exception_info={"exception_message": "no such column"})
    rows = [
        ran("b2", result("a", success=True), result("b", success=True), failed),
        ran("b1", result("a", success=False, broken=3), result("b", success=True)),
    ]

    lines = rule_lines(rows)

    assert [line.rule for line in lines] == ["c", "a", "b"]
    assert (lines[0].newest.error, lines[0].newest.broken) == ("no such column", None)
    assert [(one.batch_id, one.holds, one.broken) for one in lines[1].outcomes] == [
        ("b2", True, 0),
        ("b1", False, 3),
    ]
    assert lines[1].times_broken == 1


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"results": null}', '{"results": [1]}'])
def test_a_result_that_is_no_result_is_left_out(text: str | None) -> None:
    assert rule_lines([{"dataset": "d", "batch_id": "b", "result": text, "ran_at": NOON}]) == []


def days(*volumes: int) -> list[Day]:
    return [Day(date(2026, 11, 1) + timedelta(days=at), volume) for at, volume in enumerate(volumes)]


@pytest.mark.parametrize(
    ("volumes", "unusual"),
    [
        ((100, 101, 99, 100, 500), [500]),
        ((100, 103, 98, 101, 2), [2]),
        ((100, 100, 100, 100, 100), []),
        ((100, 120, 80, 110, 95), []),
        ((1, 0, 0, 900), []),
        ((0, 0, 0, 0, 0), []),
        ((100, 0, 100, 0, 100, 100, 100), []),
    ],
)
def test_a_day_is_unusual_if_it_is_far_from_the_others_and_there_are_enough(
    volumes: tuple[int, ...], unusual: list[int]
) -> None:
    assert [day.accepted for day in unusual_days(days(*volumes))] == unusual


def test_unusual_days_are_apart_in_the_chart() -> None:
    usual, marked = volume_chart(days(100, 101, 99, 100, 500))["series"]

    assert (usual["values"], marked["values"]) == ([100, 101, 99, 100, 0], [0, 0, 0, 0, 500])
