"""AWS schedule expressions, in UTC: `rate(5 minutes)` and `cron(0 12 * * ? *)`.

The six fields of cron: minutes, hours, day-of-month, month, day-of-week, year. Grammar: EventBridge user
guide, "Cron expressions reference" (`, - * / ? L W #`; Sunday is 1). No clock in here: `next_after` is a
function of the expression and a time.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from workflows.local.glue.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RATE: Final = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_UNIT_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86400}
# No day rule leaves a longer gap: 29 February on one weekday comes back within 40 years.
_HORIZON_DAYS: Final = 366 * 41


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a cron expression: the numbers it may hold, and their names."""

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()

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
                raise InvalidInput(f"{self.title}: the range {item!r} runs backwards")
            found.update(range(start, end + 1, int(step or 1)))
        return frozenset(found)

    def _number(self, text: str) -> int:
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        if text.isdigit() and self.low <= int(text) <= self.high:
            return int(text)
        raise InvalidInput(f"{self.title}: expected a number from {self.low} to {self.high}, got {text!r}")


_MINUTES: Final = _Field("minutes", 0, 59)
_HOURS: Final = _Field("hours", 0, 23)
_DAY_OF_MONTH: Final = _Field("day-of-month", 1, 31)
_MONTH_NAMES: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH: Final = _Field("month", 1, 12, _MONTH_NAMES)
_DAY_OF_WEEK: Final = _Field("day-of-week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
_YEAR: Final = _Field("year", 1970, 2199)


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds, counted from the moment the schedule is switched on."""

    seconds: int

    def next_after(self, after: datetime) -> datetime | None:
        """The next firing strictly after a time."""
        return after + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Cron:
    """The minutes at which a cron expression fires."""

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    day_of_month: str
    day_of_week: str

    def next_after(self, after: datetime) -> datetime | None:
        """The next firing strictly after a time, None if there is none."""
        earliest = after.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for day in self._days(earliest.date()):
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if at >= earliest:
                        return at
        return None

    def _days(self, first: date) -> Iterator[date]:
        for offset in range(_HORIZON_DAYS):
            day = first + timedelta(days=offset)
            if day.year > max(self.years):
                return
            if day.year in self.years and day.month in self.months and self._fires_on(day):
                yield day

    def _fires_on(self, day: date) -> bool:
        if self.day_of_month != "?":
            return day.day in days_of_month(self.day_of_month, day.year, day.month)
        return _fires_on_weekday(self.day_of_week, day)


def parse_schedule(expression: str) -> Rate | Cron:
    """Read an expression; raises InvalidInput naming the field that is wrong and what would be right."""
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
    if day_of_month not in ("?", "L", "LW"):
        _DAY_OF_MONTH.numbers(re.sub(r"(?<=\d)W$", "", day_of_month))
    if day_of_week not in ("?", "L"):
        _DAY_OF_WEEK.numbers(re.sub(r"L$|#[1-5]$", "", day_of_week))
    return Cron(
        _MINUTES.numbers(minutes),
        _HOURS.numbers(hours),
        _MONTH.numbers(month),
        _YEAR.numbers(year),
        day_of_month,
        day_of_week,
    )


def days_of_month(field: str, year: int, month: int) -> frozenset[int]:
    """The days of a month that a field names: `L` the last, `15W` the workday nearest the 15th, and so on."""
    length = calendar.monthrange(year, month)[1]
    if field == "L":
        return frozenset({length})
    if field.endswith("W"):
        target = length if field == "LW" else int(field[:-1])
        return frozenset({_nearest_workday(year, month, target, length)} if target <= length else ())
    return _DAY_OF_MONTH.numbers(field)


def _nearest_workday(year: int, month: int, target: int, length: int) -> int:
    """Monday to Friday nearest to a day, without leaving its month."""
    workdays = (day for day in range(1, length + 1) if date(year, month, day).isoweekday() <= 5)
    return min(workdays, key=lambda day: (abs(day - target), day))


def _fires_on_weekday(field: str, day: date) -> bool:
    weekday = day.isoweekday() % 7 + 1
    if field == "L":
        return weekday == 7
    if field.endswith("L"):
        length = calendar.monthrange(day.year, day.month)[1]
        return weekday == _weekday(field[:-1]) and day.day > length - 7
    name, hash_sign, nth = field.partition("#")
    if hash_sign:
        return weekday == _weekday(name) and (day.day - 1) // 7 + 1 == int(nth)
    return weekday in _DAY_OF_WEEK.numbers(field)


def _weekday(text: str) -> int:
    return min(_DAY_OF_WEEK.numbers(text))
