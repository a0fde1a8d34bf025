"""Cursors of the change feed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.arrivals import arrival_key, folder, stamp
from lambdas.data_api.feed_cursor import FeedCursor, read_feed_cursor
from lambdas.data_api.problems import Problem

micros = st.integers(0, 2**52)


@given(at=micros, position=st.sampled_from(["", "7".zfill(40)]), is_time=st.booleans())
def test_a_cursor_is_read_as_it_was_written(at: int, position: str, is_time: bool) -> None:
    raw = "stream/things/2026/11/30/21/57d4cba4d87d-442-443.jsonl.gz"
    name = stamp(at) if is_time else arrival_key(raw, at).removeprefix(folder("things"))
    cursor = FeedCursor(name, "" if is_time else position)

    assert read_feed_cursor("things", {"next": cursor.encoded("things")}) == cursor
    assert cursor.micros == at


@given(text=st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="expected next"):
        read_feed_cursor("things", {"next": text})


@pytest.mark.parametrize("since", ["2026-11-30T12:00:00Z", "2026-11-30 13:00:00+01:00", "20261130T120000Z"])
def test_since_is_a_time_in_any_iso_form(since: str) -> None:
    assert read_feed_cursor("things", {"since": since}) == FeedCursor("20261130T120000.000000Z")


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("20261130T120000.000000Z", "7".zfill(40)),
        ("20261130T120000.000000Z-2026113012-57d4cba4d87d-442-443", "7"),
        ("20261130T120000.000000Z-2026113012-../../../drops-442-443", ""),
        ("20261330T120000.000000Z", ""),
    ],
)
def test_a_forged_place_is_refused(name: str, position: str) -> None:
    with pytest.raises(Problem, match="expected next"):
        read_feed_cursor("things", {"next": FeedCursor(name, position).encoded("things")})
