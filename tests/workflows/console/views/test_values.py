"""Values of both engines are read alike."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.console.views.values import SEPARATOR, moment, number, percentile, texts, truth

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (NOON, NOON),
        (NOON.replace(tzinfo=None), NOON),
        ("2026-11-30 12:00:00.000000", NOON),
        ("2026-11-30 12:00:00.000 UTC", NOON),
        ("2026-11-30T12:00:00+00:00", NOON),
        ("soon", None),
    ],
)
def test_a_time_is_read_of_either_engine(value: object, expected: datetime | None) -> None:
    assert moment(value) == expected


def test_numbers_truths_and_arrays_are_read_of_either_engine() -> None:
    assert [number(value) for value in (None, 7, "7")] == [0, 7, 7]
    assert [truth(value) for value in (True, "true", False, "false", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert texts(f"a{SEPARATOR}b, c") == ("a", "b, c")
    assert texts(None) == texts("") == ()


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_a_value_that_this_share_does_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values)


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None
