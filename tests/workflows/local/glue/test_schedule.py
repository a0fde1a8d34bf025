"""Schedule expressions: AWS's own examples, what is refused, and what always holds."""

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
    ("cron(0 12 ? * FUN *)", "day-of-week: expected a number from 1 to 7"),
    ("cron(0 12 ? * 2#1 *)", "day-of-week: expected a number from 1 to 7 (L, W and # are not supported"),
    ("cron(0 12 ? * FRIL *)", "day-of-week: expected a number from 1 to 7 (L, W and # are not supported"),
    ("cron(0 12 L * ? *)", "day-of-month: expected a number from 1 to 31 (L, W and # are not supported"),
    ("cron(0 12 15W * ? *)", "day-of-month: expected a number from 1 to 31 (L, W and # are not supported"),
    ("cron(0/0 12 * * ? *)", "minutes: expected a step of 1 or more"),
    ("cron(0 18-6 * * ? *)", "hours: expected a range that ascends, got '18-6'"),
    ("rate(1 hours)", "expected a positive number and its unit"),
    ("rate(0 minutes)", "expected a positive number and its unit"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("expression", "after", "expected"), FIRINGS)
def test_an_expression_fires_next_when_aws_says(expression: str, after: str, expected: str | None) -> None:
    assert parse_schedule(expression).next_after(at(after)) == (at(expected) if expected else None)


@pytest.mark.parametrize(("expression", "reason"), REFUSED)
def test_a_wrong_or_unsupported_expression_is_refused_with_the_field_that_is_wrong(
    expression: str, reason: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_schedule(expression)
    assert str(caught.value).startswith(f"schedule {expression!r}: {reason}")


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
FIELDS = st.tuples(
    st.sampled_from(["0", "*", "5/20", "1-3,59"]),
    st.sampled_from(["0", "*", "8-18/2", "23"]),
    st.sampled_from(["* * ?", "31 * ?", "? * MON", "29 2 ?", "10-20/3 * ?", "31 1-12/2 ?", "? FEB SUN"]),
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


def test_a_rate_is_a_number_of_seconds() -> None:
    assert parse_schedule("rate(5 minutes)") == Rate(300)
