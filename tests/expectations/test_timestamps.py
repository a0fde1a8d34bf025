from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations import timestamps
from tests.expectations.strategies import instants


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-01-01T11:53:26Z", "2017-01-01T11:53:26Z"),
        ("2017-01-01t11:53:26z", "2017-01-01T11:53:26Z"),
        ("2017-01-01 11:53:26", "2017-01-01T11:53:26Z"),
        ("2017-01-01T13:53:26+02:00", "2017-01-01T11:53:26Z"),
        ("2017-01-01T13:53:26 +0200", "2017-01-01T11:53:26Z"),
        ("2017-01-01T06:23:26-05:30", "2017-01-01T11:53:26Z"),
        ("2017-01-01T13:53:26+02", "2017-01-01T11:53:26Z"),
        ("20170101T115326Z", "2017-01-01T11:53:26Z"),
        ("20170101T135326+0200", "2017-01-01T11:53:26Z"),
        ("2017-01-01T11:53", "2017-01-01T11:53:00Z"),
        ("2017-01-01T11", "2017-01-01T11:00:00Z"),
        ("2017-01-01", "2017-01-01T00:00:00Z"),
        ("20170101", "2017-01-01T00:00:00Z"),
        ("2017-01-01T11:53:26.5Z", "2017-01-01T11:53:26.500000Z"),
        ("2017-01-01T11:53:26,123Z", "2017-01-01T11:53:26.123000Z"),
        ("2017-01-01T11:53:26.123456Z", "2017-01-01T11:53:26.123456Z"),
        ("2017-01-01T23:59:59.999999999Z", "2017-01-01T23:59:59.999999Z"),
        ("2017-01-01T11:53:26.000000Z", "2017-01-01T11:53:26Z"),
        ("2016-02-29T00:00:00Z", "2016-02-29T00:00:00Z"),
    ],
)
def test_every_iso_form_of_an_instant_has_one_canonical_text(text: str, expected: str) -> None:
    assert timestamps.canonical(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1483271606",
        "2017-02-29T00:00:00Z",
        "2017-13-01",
        "2017-01-01T25:00:00Z",
        "2017-01-01T11:53:60Z",
        "2017-01-01T11:53.5Z",
        "2017-01",
        "01/02/2017",
        "2017-01-01x11:53:26Z",
        "0001-01-01T00:00:00+01:00",
        "2017-01-01T11:53:26Z and more",
        "\uff12017-01-01",
    ],
)
def test_a_text_that_is_not_an_instant_has_no_canonical_text(text: str) -> None:
    assert timestamps.canonical(text) is None


@given(instants, st.integers(-18 * 60, 18 * 60))
def test_the_zone_of_a_text_does_not_change_its_instant(instant: datetime, minutes: int) -> None:
    elsewhere = instant.astimezone(timezone(timedelta(minutes=minutes)))

    assert timestamps.canonical(elsewhere.isoformat()) == timestamps.to_text(instant)


@given(st.datetimes(timezones=st.just(UTC)))
def test_texts_and_microseconds_name_the_same_instant(instant: datetime) -> None:
    text = timestamps.to_text(instant)

    assert timestamps.is_canonical(text)
    assert timestamps.parse(text) == instant
    assert timestamps.from_micros(timestamps.to_micros(text)) == text
    assert timestamps.instant_of(timestamps.micros_of(instant)) == instant


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2017-01-01T11:53:26Z", True),
        ("2017-01-01T11:53:26.120000Z", True),
        ("2017-01-01T11:53:26.12Z", False),
        ("2017-01-01T11:53:26.000000Z", False),
        ("2017-01-01T11:53:26+00:00", False),
        ("2017-02-30T11:53:26Z", False),
        ("2017-01-01", False),
    ],
)
def test_only_the_one_text_of_a_real_instant_is_canonical(text: str, canonical: bool) -> None:
    assert timestamps.is_canonical(text) == canonical


def test_a_text_that_is_not_a_timestamp_has_no_microseconds() -> None:
    with pytest.raises(ValueError, match="expected an ISO 8601 timestamp, got 'soon'"):
        timestamps.to_micros("soon")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2024-02-29T12:30:00+18:00", "2024-02-28T18:30:00Z"),
        ("2024-02-29T12:30:00-18", "2024-03-01T06:30:00Z"),
        ("2024-02-29T12:30:00+18:01", None),
        ("2024-02-29T12:30:00+19:00", None),
        ("2024-02-29T12:30:00+02:60", None),
        ("20240229T12:30", "2024-02-29T12:30:00Z"),
        ("2024-02-29+02:00", "2024-02-28T22:00:00Z"),
        ("2024-0229T12:30", None),
        ("2024-02-29T12:3000", None),
    ],
)
def test_accepted_offsets_and_forms_are_those_of_spark(text: str, canonical: str | None) -> None:
    assert timestamps.canonical(text) == canonical
