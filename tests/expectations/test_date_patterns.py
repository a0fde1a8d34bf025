"""Patterns of dates and times in Java's letters."""

import pytest

from expectations import timestamps
from expectations.date_patterns import UnknownPattern, read_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "iso"),
    [
        ("dd.MM.yyyy", "31.12.2026", "2026-12-31"),
        ("d.M.yy", "1.2.26", "2026-02-01"),
        ("MM/dd/yyyy", "02/28/2026", "2026-02-28"),
        ("dd-MMM-yyyy", "05-sep-2026", "2026-09-05"),
        ("d MMMM uuuu", "5 September 2026", "2026-09-05"),
        ("EEE, d MMM yyyy", "Thu, 31 Dec 2026", "2026-12-31"),
        ("yyyyMMdd", "20261231", "2026-12-31"),
        ("dd.MM.yyyy HH:mm", "31.12.2026 23:59", "2026-12-31T23:59:00Z"),
        ("M/d/yyyy h:mm:ss a", "1/2/2026 12:05:06 am", "2026-01-02T00:05:06Z"),
        ("M/d/yyyy hh:mm a", "1/2/2026 12:05 PM", "2026-01-02T12:05:00Z"),
        ("dd.MM.yyyy HH:mm:ss.SSSX", "31.12.2026 10:00:00.250+0130", "2026-12-31T10:00:00.250+01:30"),
        ("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-12-31T10:00:00Z", "2026-12-31T10:00:00Z"),
        ("dd.MM.yyyy 'o''clock' H", "31.12.2026 o'clock 7", "2026-12-31T07:00:00Z"),
    ],
)
def test_a_text_of_the_pattern_has_an_iso_form(pattern: str, text: str, iso: str) -> None:
    found = read_pattern(pattern, has_time=True)

    assert found.to_iso(text) == iso
    assert timestamps.parse(iso) is not None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("dd.MM.yyyy", "31.02.2026"),
        ("dd.MM.yyyy", "1.2.2026"),
        ("dd.MM.yyyy", "31/12/2026"),
        ("dd.MM.yyyy", "31.12.2026 10:00"),
        ("dd.MM.yyyy", "٣١.١٢.٢٠٢٦"),
        ("dd.MM.yyyy HH:mm", "31.12.2026 24:00"),
        ("M/d/yyyy h:mm a", "1/2/2026 13:00 am"),
        ("EEE d.M.yyyy", "Mon 31.12.2026"),
        ("dd.MM.yyyy HH:mmX", "31.12.2026 10:00+19:00"),
    ],
)
def test_another_text_has_none(pattern: str, text: str) -> None:
    assert read_pattern(pattern, has_time=True).to_iso(text) is None


@pytest.mark.parametrize(
    ("pattern", "is_iso", "is_confusable"),
    [
        ("yyyy-MM-dd", True, False),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSX", True, False),
        ("yyyyMMdd", True, False),
        ("yyyy-M-d", False, False),
        ("dd.MM.yyyy", False, False),
        ("yyyy-dd-MM", False, True),
        ("ddMMyyyy", False, True),
        ("yyyy-d-M", False, True),
    ],
)
def test_a_pattern_may_be_taken_for_iso(pattern: str, is_iso: bool, is_confusable: bool) -> None:
    found = read_pattern(pattern, has_time=True)

    assert (found.is_iso, found.is_confusable) == (is_iso, is_confusable)


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("YYYY-MM-DD", "YYYY"),
        ("%Y-%m-%d", "Y"),
        ("dd.MM", "not one year"),
        ("dd.MM.yyyy dd", "day twice"),
        ("dd.MM.yyyy yy", "not one year"),
        ("dd.MM.yyyy hh:mm", "h without a, or H with h"),
        ("dd.MM.yyyy mm", "minute without hour"),
        ("dd.MM.yyyy 'at", "a quote that is not closed"),
        ("yyyyMd", "a number of any length directly before d"),
        ("dd.MM.yyyy VV", "VV"),
    ],
)
def test_a_pattern_that_is_not_understood_is_refused(pattern: str, what: str) -> None:
    with pytest.raises(UnknownPattern, match=f"^{what}$"):
        read_pattern(pattern, has_time=True)


def test_a_date_has_no_hour() -> None:
    with pytest.raises(UnknownPattern, match="hour in a date"):
        read_pattern("dd.MM.yyyy HH:mm", has_time=False)
