"""Schedules of triggers, in UTC: `rate(5 minutes)` and `cron(15 3 * * ? *)`.

The six fields of cron are minutes, hours, day-of-month, month, day-of-week and year (EventBridge user guide,
"Cron expressions reference"; Sunday is 1). Numbers, names, lists, ranges, steps, `*` and `?` are supported.
`L`, `W` and `#` are refused: the schedules of the template do not need them. No function here reads a clock:
`next_after` depends on the expression and a time alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from workflows.local.glue.errors import InvalidInput

_RATE: Final = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_UNIT_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a cron expression: the numbers it may contain, and their names."""

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    note: str = ""

    def numbers(self, text: str) -> frozenset[int]:
        """The numbers that stars, numbers, ranges, steps and lists stand for; raises InvalidInput."""
        found: set[int] = set()
        for item in text.split(","):
            span, slash, step = item.partition("/")
            first, dash, last = span.partition("-")
            if slash and not (step.isdigit() and int(step)):
                raise InvalidInput(f"{self.title}: expected a step of 1 or more, got {item!r}")
            start = self.low if span == "*" else self._number(first)
            end = self._number(last) if dash else self.high if span == "*" or slash else start
            if end < start:
                raise InvalidInput(f"{self.title}: expected a range that ascends, got {item!r}")
            found.update(range(start, end + 1, int(step or 1)))
        return frozenset(found)

    def _number(self, text: str) -> int:
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        if text.isdigit() and self.low <= int(text) <= self.high:
            return int(text)
        expected = f"a number from {self.low} to {self.high}{self.note}"
        raise InvalidInput(f"{self.title}: expected {expected}, got {text!r}")


_NO_RULES: Final = " (L, W and # are not supported locally)"
_MINUTES: Final = _Field("minutes", 0, 59)
_HOURS: Final = _Field("hours", 0, 23)
_DAY_OF_MONTH: Final = _Field("day-of-month", 1, 31, note=_NO_RULES)
_MONTH_NAMES: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH: Final = _Field("month", 1, 12, _MONTH_NAMES)
_DAY_NAMES: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAY_OF_WEEK: Final = _Field("day-of-week", 1, 7, _DAY_NAMES, note=_NO_RULES)
_YEAR: Final = _Field("year", 1970, 2199)


@dataclass(frozen=True, slots=True)
class Rate:
    """Fires every `seconds`, counted from the moment when the trigger is activated."""

    seconds: int

    def next_after(self, after: datetime) -> datetime | None:
        """The next firing strictly after a time."""
        return after + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Cron:
    """Fires at each minute whose parts are all in these sets."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days_of_month: frozenset[int]
    months: frozenset[int]
    days_of_week: frozenset[int]
    years: frozenset[int]

    def next_after(self, after: datetime) -> datetime | None:
        """The next firing strictly after a time, None if there is none."""
        earliest = after.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for day in self._days_from(earliest.date()):
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if at >= earliest:
                        return at
        return None

    def _days_from(self, day: date) -> Iterator[date]:
        while day.year <= max(self.years):
            if self._fires_on(day):
                yield day
            day += timedelta(days=1)

    def _fires_on(self, day: date) -> bool:
        return (
            day.year in self.years
            and day.month in self.months
            and day.day in self.days_of_month
            and day.isoweekday() % 7 + 1 in self.days_of_week
        )


def parse_schedule(expression: str) -> Rate | Cron:
    """Read a schedule expression; raises InvalidInput that names the wrong field and what it expects."""
    try:
        if rate := _RATE.fullmatch(expression):
            return _rate(int(rate[1]), rate[2])
        if cron := _CRON.fullmatch(expression):
            return _cron(cron.groups())
        raise InvalidInput(
            "expected 'rate(5 minutes)' or 'cron(minutes hours day-of-month month day-of-week year)'"
        )
    except InvalidInput as error:
        raise InvalidInput(f"schedule {expression!r}: {error}") from None


def _rate(number: int, unit: str) -> Rate:
    if number == 0 or (number == 1) == unit.endswith("s"):
        raise InvalidInput("expected a positive number and its unit: 'rate(1 hour)', 'rate(2 hours)'")
    return Rate(number * _UNIT_SECONDS[unit.removesuffix("s")])


def _cron(fields: Sequence[str]) -> Cron:
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise InvalidInput("exactly one of day-of-month and day-of-week has to be '?'")
    day_of_month, day_of_week = ("*" if field == "?" else field for field in (day_of_month, day_of_week))
    return Cron(
        _MINUTES.numbers(minutes),
        _HOURS.numbers(hours),
        _DAY_OF_MONTH.numbers(day_of_month),
        _MONTH.numbers(month),
        _DAY_OF_WEEK.numbers(day_of_week),
        _YEAR.numbers(year),
    )
