"""Values as literals of Athena's SQL."""

from datetime import UTC, datetime, timedelta, timezone

from workflows.query.literals import instant, text


def test_a_quote_in_a_text_is_doubled() -> None:
    assert text("it's") == "'it''s'"


def test_a_time_is_written_in_utc_to_the_microsecond() -> None:
    at = datetime(2026, 11, 24, 14, 0, 0, 1, timezone(timedelta(hours=2)))

    assert instant(at) == "CAST('2026-11-24 12:00:00.000001 UTC' AS timestamp(6) with time zone)"
    assert instant(at) == instant(at.astimezone(UTC))
