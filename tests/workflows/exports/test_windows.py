"""The windows that close a gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workflows.exports.errors import ExportError
from workflows.exports.windows import LEAST, LEAST_LOCALLY, MOST, Source, Window, reach, windows
from workflows.local.exports.requests import LEAST_WINDOW

NOW = datetime(2026, 11, 24, 12, 0, 0, 250_000, UTC)
SECOND = timedelta(seconds=1)
AGO = st.integers(0, 35 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))
PARTS = st.integers(0, 999_999).map(lambda micros: timedelta(microseconds=micros))


def source(earliest: datetime) -> Source:
    return Source("things", "glueline-things", "arn", earliest)


@given(AGO, st.sampled_from([LEAST, SECOND]))
def test_windows_cover_the_whole_without_a_gap_or_an_overlap(length: timedelta, least: timedelta) -> None:
    assume(length >= least)
    whole = Window(NOW - length, NOW)

    found = windows(whole, least)

    assert (found[0].start, found[-1].end) == (whole.start, whole.end)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(least <= window.end - window.start <= MOST for window in found)
    assert len(found) == -(-length // MOST)


@given(AGO, AGO)
def test_a_later_request_has_the_same_windows(length: timedelta, more: timedelta) -> None:
    assume(length >= LEAST)
    start = NOW - length
    before, after = windows(Window(start, NOW)), windows(Window(start, NOW + more))

    assert before[:-2] == after[: len(before[:-2])]


@pytest.mark.parametrize(
    ("length", "lengths"),
    [
        (LEAST, [LEAST]),
        (MOST, [MOST]),
        (MOST + SECOND, [MOST - LEAST + SECOND, LEAST]),
        (MOST + LEAST, [MOST, LEAST]),
        (2 * MOST + timedelta(minutes=5), [MOST, MOST - timedelta(minutes=10), LEAST]),
    ],
)
def test_the_window_before_a_last_one_that_is_too_short_is_shortened(
    length: timedelta, lengths: list[timedelta]
) -> None:
    found = windows(Window(NOW - length, NOW))

    assert [window.end - window.start for window in found] == lengths


@st.composite
def gaps(draw: st.DrawFn) -> tuple[datetime, Window]:
    """How far back DynamoDB can export changes, and a window since then."""
    earliest, start, end = sorted(NOW - draw(AGO) - draw(PARTS) for _ in range(3))
    assume(start < end)
    return earliest.replace(microsecond=0), Window(start, end)


@given(gaps(), st.sampled_from([LEAST, SECOND]))
def test_the_export_covers_the_requested_window_within_the_recoverable_period(
    gap: tuple[datetime, Window], least: timedelta
) -> None:
    earliest, asked = gap

    try:
        whole = reach(asked, source(earliest), NOW, least)
    except ExportError as error:
        assert "glueline bootstrap things" in str(error)
        assert asked.end - earliest < least + timedelta(minutes=1, seconds=2)
        return

    assert earliest <= whole.start <= asked.start
    assert asked.end <= whole.end < asked.end + SECOND
    assert whole.end - whole.start >= least
    assert whole.start.microsecond == whole.end.microsecond == 0


def test_the_export_begins_five_minutes_earlier_as_clocks_differ() -> None:
    asked = Window(NOW - timedelta(hours=30), NOW)

    whole = reach(asked, source(NOW - timedelta(days=9)), NOW)

    assert whole.start == asked.start.replace(microsecond=0) - timedelta(minutes=5)
    assert whole.end == NOW.replace(microsecond=0) + SECOND


def test_times_of_another_zone_are_sent_in_utc() -> None:
    east = timezone(timedelta(hours=9))
    asked = Window((NOW - timedelta(hours=1)).astimezone(east), NOW.astimezone(east))

    whole = reach(asked, source(NOW - timedelta(days=9)), NOW)

    assert (whole.start.tzinfo, whole.end.tzinfo) == (UTC, UTC)
    assert whole.end == NOW.replace(microsecond=0) + SECOND


def test_a_short_window_is_extended_backwards() -> None:
    whole = reach(Window(NOW - SECOND, NOW), source(NOW - timedelta(days=9)), NOW)

    assert whole.end - whole.start == LEAST


@pytest.mark.parametrize(
    ("start", "end", "earliest", "message"),
    [
        (timedelta(days=36), timedelta(0), timedelta(days=35), "35 days at most"),
        (timedelta(days=2), timedelta(0), timedelta(days=1), "glueline bootstrap things"),
        (timedelta(minutes=4), timedelta(0), timedelta(minutes=5), "covers at least 0:15:00"),
        (timedelta(hours=1), -timedelta(hours=1), timedelta(days=1), "omit --to"),
        (timedelta(hours=1), timedelta(hours=2), timedelta(days=1), "is not before --to"),
    ],
)
def test_the_error_for_a_gap_that_no_export_covers_says_what_to_do(
    start: timedelta, end: timedelta, earliest: timedelta, message: str
) -> None:
    with pytest.raises(ExportError, match=message):
        reach(Window(NOW - start, NOW - end), source(NOW - earliest), NOW)


def test_the_embedded_dynamodb_accepts_the_shortest_local_window() -> None:
    assert LEAST_LOCALLY == LEAST_WINDOW
