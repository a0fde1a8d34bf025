"""Computes the windows of incremental exports that cover a period, within DynamoDB's limits.

Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from workflows.exports.errors import ExportError

LEAST: Final = timedelta(minutes=15)
LEAST_LOCALLY: Final = timedelta(seconds=1)  # the embedded DynamoDB accepts shorter ones
MOST: Final = timedelta(hours=24)
MARGIN: Final = timedelta(minutes=5)  # clocks differ; a change that is read twice changes nothing
_SLIDES: Final = timedelta(minutes=1)  # the recoverable period moves on before the request arrives


@dataclass(frozen=True, slots=True)
class Window:
    """The period from `start` until before `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """The table of a dataset, and how far back DynamoDB can export its changes."""

    dataset: str
    table: str
    arn: str
    earliest: datetime


def reach(asked: Window, source: Source, now: datetime, least: timedelta = LEAST) -> Window:
    """The window to export so that all of the requested window is in it, in whole seconds.

    Raises ExportError.

    It begins a margin earlier, and earlier still if it would otherwise be too short for an export.
    """
    start, end = _floor(asked.start), _ceiling(asked.end)
    instead = f"Load the table as it is instead: glueline bootstrap {source.dataset}"
    since = iso(source.earliest)
    if asked.end > now:
        raise ExportError(f"--to is {iso(asked.end)}, but now is {iso(now)}; omit --to.")
    if asked.start >= asked.end:
        raise ExportError(f"--from {iso(asked.start)} is not before --to {iso(asked.end)}.")
    if start < source.earliest:
        raise ExportError(
            f"DynamoDB can export changes of {source.table} since {since} (35 days at most, and not before "
            f"its recovery was last enabled), but not since {iso(start)}. {instead}, then "
            f"glueline parity {source.dataset} --repair for rows whose items are gone."
        )
    earlier = min(start - MARGIN, end - least)
    start = min(start, max(earlier, _ceiling(source.earliest + _SLIDES)))
    if end - start < least:
        raise ExportError(
            f"An export of changes covers at least {least}, but DynamoDB has those of {source.table} "
            f"only since {since}. {instead}"
        )
    return Window(start, end)


def windows(whole: Window, least: timedelta = LEAST, most: timedelta = MOST) -> list[Window]:
    """Windows that cover exactly the whole, without gaps, each from `least` to `most` long.

    All are as long as possible, so that a later request has the same windows; the last but one is shorter if
    the last would be too short. The whole has to be at least `least` long, and `most` at least twice `least`.
    """
    found, start = [], whole.start
    while whole.end - start > most:
        end = start + min(most, whole.end - start - least)
        found.append(Window(start, end))
        start = end
    return [*found, Window(start, whole.end)]


def iso(at: datetime) -> str:
    """A time in the form that commands accept."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _floor(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(
        microsecond=0
    )  # UTC, because boto3 sends the digits of a time without its zone


def _ceiling(at: datetime) -> datetime:
    return _floor(at + timedelta(microseconds=999_999))
