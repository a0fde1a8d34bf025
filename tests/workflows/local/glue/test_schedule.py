"""AWS's own examples of schedule expressions, what they refuse, and what always holds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.local.glue.errors import InvalidInput
from workflows.local.glue.schedule import Cron, Rate, parse_schedule

# From EventBridge's and Glue's user guides, and the corners that calendars have. 2026-11-24 is a Tuesday.
FIRINGS = [
    ("rate(1 minute)", "2026-11-24 10:00:30", "2026-11-24 10:01:30"),
    ("rate(2 hours)", "2026-11-24 10:00", "2026-11-24 12:00"),
    ("rate(7 days)", "2026-11-24 10:00", "2026-12-01 10:00"),
    ("cron(15 12 * * ? *)", "2026-11-24 12:14:59", "2026-11-24 12:15"),
    ("cron(15 12 * * ? *)", "2026-11-24 12:15", "2026-11-25 12:15"),
    ("cron(0/15 * * * ? *)", "2026-11-24 23:50", "2026-11-25 00:00"),
    ("cron(0/10 * ? * MON-FRI *)", "2026-11-27 23:55", "2026-11-30 00:00"),
    ("cron(0 18 ? * MON-FRI *)", "2026-11-24 18:00", "2026-11-25 18:00"),
    ("cron(0 8 1 * ? *)", "2026-11-24 00:00", "2026-12-01 08:00"),
    ("cron(0 10 L * ? *)", "2028-02-01 00:00", "2028-02-29 10:00"),
    ("cron(0 9 ? * 2#1 *)", "2026-11-24 00:00", "2026-12-07 09:00"),
    ("cron(0 9 ? * FRIL *)", "2026-11-24 00:00", "2026-11-27 09:00"),
    ("cron(0 9 ? * 6L *)", "2026-11-28 00:00", "2026-12-25 09:00"),
    ("cron(0 9 ? * L *)", "2026-11-24 00:00", "2026-11-28 09:00"),
    ("cron(0 9 15W * ? *)", "2026-11-01 00:00", "2026-11-16 09:00"),  # the 15th is a Sunday
    ("cron(0 9 1W * ? *)", "2026-08-01 00:00", "2026-08-03 09:00"),  # a Saturday; not back into July
    ("cron(0 9 LW * ? *)", "2026-10-01 00:00", "2026-10-30 09:00"),  # the 31st is a Saturday
    ("cron(0 9 31W * ? *)", "2026-11-01 00:00", "2026-12-31 09:00"),  # November has none
    ("cron(30 8,20 ? JAN,jul 3 *)", "2026-11-24 00:00", "2027-01-05 08:30"),
    ("cron(0 0 29 2 ? *)", "2026-11-24 00:00", "2028-02-29 00:00"),
    ("cron(0 0 1 1 ? 2030-2031)", "2026-11-24 00:00", "2030-01-01 00:00"),
    ("cron(0 0 1 1 ? 2020)", "2026-11-24 00:00", None),
]

REFUSED = [
    ("every day", "expected 'rate"),
    ("cron(0 12 * * ?)", "expected 'rate"),
    ("cron(0 12 * * * *)", "exactly one of day-of-month and day-of-week"),
    ("cron(0 12 ? * ? *)", "exactly one of day-of-month and day-of-week"),
    ("cron(60 12 * * ? *)", "minutes: expected a number from 0 to 59, got '60'"),
    ("cron(0 12 32 * ? *)", "day-of-month: expected a number from 1 to 31"),
    ("cron(0 12 ? * FUN *)", "day-of-week: expected a number from 1 to 7, got 'FUN'"),
    ("cron(0 12 ? * 2#6 *)", "day-of-week: expected a number from 1 to 7, got '2#6'"),
    ("cron(0/0 12 * * ? *)", "minutes: expected a step of 1 or more"),
    ("cron(0 18-6 * * ? *)", "hours: the range '18-6' runs backwards"),
    ("rate(1 hours)", "expected a positive number and its unit"),
    ("rate(0 minutes)", "expected a positive number and its unit"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("expression", "after", "expected"), FIRINGS)
def test_an_expression_fires_next_when_aws_says(expression: str, after: str, expected: str | None) -> None:
    assert parse_schedule(expression).next_after(at(after)) == (at(expected) if expected else None)


@pytest.mark.parametrize(("expression", "reason"), REFUSED)
def test_what_aws_refuses_is_refused_with_the_field_that_is_wrong(expression: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_schedule(expression)
    assert str(caught.value).startswith(f"schedule {expression!r}: {reason}")


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
FIELDS = st.tuples(
    st.sampled_from(["0", "*", "5/20", "1-3,59"]),
    st.sampled_from(["0", "*", "8-18/2", "23"]),
    st.sampled_from(["* * ?", "L * ?", "? * MON", "? * 3#5", "15W * ?", "31 1-12/2 ?", "? FEB L"]),
)


@given(FIELDS, MOMENTS)
def test_the_next_firing_is_always_later_on_a_minute_the_expression_names(
    fields: tuple[str, str, str], after: datetime
) -> None:
    cron = parse_schedule(f"cron({' '.join(fields)} *)")
    assert isinstance(cron, Cron)

    firing = cron.next_after(after)

    assert firing is not None
    assert firing > after
    assert (firing.second, firing.microsecond) == (0, 0)
    assert firing.minute in cron.minutes
    assert firing.hour in cron.hours
    assert firing.month in cron.months


@given(FIELDS, MOMENTS, st.integers(0, 10**6))
def test_no_firing_lies_between_a_time_and_the_next_firing(
    fields: tuple[str, str, str], after: datetime, seconds: int
) -> None:
    cron = parse_schedule(f"cron({' '.join(fields)} *)")
    firing = cron.next_after(after)
    assert firing is not None

    between = min(after + timedelta(seconds=seconds), firing - timedelta(seconds=1))

    assert cron.next_after(max(after, between)) == firing


def test_a_rate_counts_from_the_moment_it_is_asked() -> None:
    assert parse_schedule("rate(5 minutes)") == Rate(300)
