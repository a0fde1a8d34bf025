"""Times are written exactly, and equally whatever the unit of their column."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.reading.formats.arrow_times import (
    are_before_gregorian,
    are_midnights,
    days,
    durations,
    instants,
    times,
)

EPOCH = datetime(1970, 1, 1)


@given(moments=st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))))
def test_every_moment_of_the_calendar_is_written_as_python_writes_it(moments: list[datetime]) -> None:
    micros = [(moment - EPOCH) // timedelta(microseconds=1) for moment in moments]

    found = instants(pa.array(micros, pa.timestamp("us")))

    assert found.values.to_pylist() == [moment.isoformat() for moment in moments]
    assert found.beyond is None


@pytest.mark.parametrize(
    ("unit", "number", "text"),
    [
        ("s", 0, "1970-01-01T00:00:00"),
        ("ms", 0, "1970-01-01T00:00:00"),
        ("ms", 1500, "1970-01-01T00:00:01.500000"),
        ("us", 1_500_000, "1970-01-01T00:00:01.500000"),
        ("us", -1, "1969-12-31T23:59:59.999999"),
        ("ns", 1_500_000_000, "1970-01-01T00:00:01.500000"),
        ("ns", 1, "1970-01-01T00:00:00.000000001"),
        ("ns", -1, "1969-12-31T23:59:59.999999999"),
        ("ns", 2**63 - 1, "2262-04-11T23:47:16.854775807"),
        ("s", -62_135_596_800, "0001-01-01T00:00:00"),
        ("s", 253_402_300_799, "9999-12-31T23:59:59"),
    ],
)
def test_a_text_has_a_fraction_only_if_there_is_one(unit: str, number: int, text: str) -> None:
    zero = pa.array([number, 0, None], pa.timestamp(unit))

    assert instants(zero).values.to_pylist() == [text, "1970-01-01T00:00:00", None]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "tzutc()", "W. Europe Standard Time", "CEST", ""])
def test_an_instant_is_in_utc_whatever_its_zone_is_called(zone: str) -> None:
    noon = pa.array([datetime(2026, 11, 24, 12, tzinfo=UTC)], pa.timestamp("us", "UTC"))

    found = instants(noon.cast(pa.timestamp("us", zone))).values.to_pylist()

    assert found == ["2026-11-24T12:00:00" + ("+00:00" if zone else "")]


@pytest.mark.parametrize(
    ("unit", "number"),
    [("s", -62_135_596_801), ("ms", 253_402_300_800_000), ("us", 2**63 - 1), ("us", -(2**63)), ("s", 2**62)],
)
def test_what_is_beyond_the_calendar_is_marked_and_shown(unit: str, number: int) -> None:
    found = instants(pa.array([number, 0, None], pa.timestamp(unit)))

    assert found.beyond is not None
    assert found.beyond.to_pylist() == [True, False, None]
    assert found.values[0].as_py()
    assert found.values[1].as_py() == "1970-01-01T00:00:00"


def test_days_of_the_calendar_are_written_and_others_marked() -> None:
    found = days(pa.array([-719_162, 2_932_896, None, 2_932_897, -719_163], pa.date32()))

    assert found.values.to_pylist()[:3] == ["0001-01-01", "9999-12-31", None]
    assert found.beyond is not None
    assert found.beyond.to_pylist() == [False, False, None, True, True]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_midnights_are_told_from_other_times(unit: str) -> None:
    day = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit] * 86_400

    found = are_midnights(pa.array([0, day, -day, day - 1, 1 - day, None], pa.timestamp(unit, "UTC")))

    assert found.to_pylist() == [True, True, True, False, False, None]


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("s"), pa.timestamp("us", "UTC")])
def test_days_before_the_gregorian_calendar_are_told_apart(kind: pa.DataType) -> None:
    moments = pa.array([datetime(1582, 10, 14), datetime(1582, 10, 15), None], pa.timestamp("us"))

    assert are_before_gregorian(moments.cast(kind)).to_pylist() == [True, False, None]


def test_times_of_the_day_have_a_fraction_only_if_there_is_one() -> None:
    assert times(pa.array([0, 43_200], pa.time32("s"))).to_pylist() == ["00:00:00", "12:00:00"]
    assert times(pa.array([1500, 0], pa.time32("ms"))).to_pylist() == ["00:00:01.500000", "00:00:00"]
    assert times(pa.array([1, None], pa.time64("ns"))).to_pylist() == ["00:00:00.000000001", None]


@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1)), unit=st.sampled_from(["s", "ms", "us", "ns"]))
def test_durations_are_seconds(numbers: list[int], unit: str) -> None:
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]

    found = durations(pa.array(numbers, pa.duration(unit))).to_pylist()

    seconds = [Decimal(text.removeprefix("PT").removesuffix("S")) for text in found]
    assert seconds == [Decimal(number) / per_second for number in numbers]
