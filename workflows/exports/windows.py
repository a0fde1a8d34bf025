"""Which incremental exports close a gap: windows as DynamoDB takes them, end to start. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from workflows.exports.errors import ExportError

LEAST: Final = timedelta(minutes=15)
LEAST_LOCALLY: Final = timedelta(seconds=1)  # the embedded DynamoDB takes shorter ones
MOST: Final = timedelta(hours=24)
MARGIN: Final = timedelta(minutes=5)  # clocks differ; what is read twice changes nothing
_SLIDES: Final = timedelta(minutes=1)  # the end of what can be recovered moves on while we ask


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` on and before `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """The table of a dataset, and how far back DynamoDB can tell what changed in it."""

    dataset: str
    table: str
    arn: str
    earliest: datetime


def reach(asked: Window, source: Source, now: datetime, least: timedelta = LEAST) -> Window:
    """What to export so that all of the window asked for is in it: whole seconds. Raises ExportError.

    It begins a margin earlier, and earlier still if it would be too short for an export.
    """
    start, end = _floor(asked.start), _ceiling(asked.end)
    instead = f"Load the table as it is instead: glueline bootstrap {source.dataset}"
    since = iso(source.earliest)
    if asked.end > now:
        raise ExportError(f"--to is {iso(asked.end)}, and it is {iso(now)} now; leave --to out.")
    if asked.start >= asked.end:
        raise ExportError(f"--from {iso(asked.start)} is not before --to {iso(asked.end)}.")
    if start < source.earliest:
        raise ExportError(
            f"DynamoDB can tell what changed in {source.table} since {since} (35 days at most, and not "
            f"before its recovery was switched on last), not since {iso(start)}. {instead}, then "
            f"glueline parity {source.dataset} --repair for rows whose items are gone."
        )
    earlier = min(start - MARGIN, end - least)
    start = min(start, max(earlier, _ceiling(source.earliest + _SLIDES)))
    if end - start < least:
        raise ExportError(
            f"An export of changes covers {least} or more, and DynamoDB can tell those of {source.table} "
            f"only since {since}. {instead}"
        )
    return Window(start, end)


def windows(whole: Window, least: timedelta = LEAST, most: timedelta = MOST) -> list[Window]:
    """Windows that meet end to start, cover exactly the whole, and are each from `least` to `most` long.

    All are as long as may be, so that who asks again later asks for the same ones; the last but one gives way
    if the last would be too short. The whole must be `least` long, and `most` at least twice that.
    """
    found, start = [], whole.start
    while whole.end - start > most:
        end = start + min(most, whole.end - start - least)
        found.append(Window(start, end))
        start = end
    return [*found, Window(start, whole.end)]


def iso(at: datetime) -> str:
    """A time as commands take it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _floor(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)  # UTC: boto3 sends a time's digits and drops its zone


def _ceiling(at: datetime) -> datetime:
    return _floor(at + timedelta(microseconds=999_999))
