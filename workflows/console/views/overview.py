"""The overview: each dataset's health in a word and a sentence, and what is wrong with the stack."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from workflows.console.views.values import moment, number, percentile, truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflows.operations.batches import Batch

type Tone = Literal["good", "warn", "bad", "none"]

TREND_DAYS: Final = 14
PARITY_AGE: Final = timedelta(days=3)  # of the template's alarm on the age of parity
QUARANTINE_PERCENT: Final = 5  # of its alarm on the quarantine rate
# What to do about a dataset by the word for its health. That of its batches is said of the batches.
_REMEDIES: Final = {
    "drift": "glueline parity {} --repair".format,
    "rejecting": "glueline console".format,
    "old proof": "glueline parity {}".format,
}


@dataclass(frozen=True, slots=True)
class Health:
    """A state as a tone for the eye, a word, and a sentence that says why."""

    tone: Tone
    word: str
    why: str


_NOT_KNOWN: Final = Health("none", "not known", "Not everything about it can be read.")


@dataclass(frozen=True, slots=True)
class Day:
    """Rows that were checked on a day."""

    day: date
    accepted: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class DatasetLine:
    """A dataset on the overview. `rows` is None before its table exists; freshness is in seconds.

    What can't be read is None.
    """

    dataset: str
    health: Health
    rows: int | None
    freshness_p50: float | None
    freshness_p95: float | None
    verified_through: datetime | None
    accepted_today: int | None
    quarantined_today: int | None
    trend: tuple[Day, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of the template: its state, and its description, which says what to do."""

    name: str
    is_ringing: bool
    is_unknown: bool
    description: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong, in a few words, and the command that deals with it or shows more."""

    what: str
    do: str


def what_is_wrong(
    lines: Iterable[DatasetLine],
    *,
    alarms: Iterable[Alarm],
    unmerged: Sequence[Batch],
    dead_letters: int,
    failed_jobs: Mapping[str, str],
) -> list[Wrong]:
    """What somebody has to act on, the worst first; empty if nothing is wrong."""
    aside = [batch for batch in unmerged if batch.state == "set aside"]
    failing = [batch for batch in unmerged if batch.state == "failing"]
    return [
        *(
            Wrong(f"{line.dataset}: {line.health.why}", _REMEDIES[line.health.word](line.dataset))
            for line in lines
            if line.health.word in _REMEDIES
        ),
        *(
            Wrong(f"the last run of the job {job} failed: {error}", "glueline batches list")
            for job, error in failed_jobs.items()
        ),
        *(
            [Wrong(f"{_batches(aside).lower()} set aside: {aside[0].error}", "glueline batches list")]
            if aside
            else []
        ),
        *(
            [
                Wrong(
                    f"{_batches(failing).lower()} failing and tried again: {failing[0].error}",
                    "glueline batches list",
                )
            ]
            if failing
            else []
        ),
        *(
            [
                Wrong(
                    f"{dead_letters:,} dead letter{'s' if dead_letters != 1 else ''}",
                    "glueline redrive --dry-run",
                )
            ]
            if dead_letters
            else []
        ),
        *(Wrong(f"the alarm {alarm.name} rings", "glueline console") for alarm in alarms if alarm.is_ringing),
    ]


def dataset_lines(  # noqa: PLR0913 -- one argument for each source
    datasets: Iterable[str],
    *,
    counts: Sequence[Mapping[str, Any]] | None,
    rows: Mapping[str, int | None] | None,
    certificates: Sequence[Mapping[str, Any]] | None,
    freshness: Mapping[str, Sequence[float]],
    unmerged: Sequence[Batch] | None,
    now: datetime,
) -> list[DatasetLine]:
    """A line for each dataset.

    `counts` are rows of `statements.DAY_COUNTS`, `certificates` those of `statements.NEWEST_CERTIFICATES`;
    `rows` are those of the tables by dataset, `freshness` the newest durations in seconds. What can't be read
    is None; then no dataset is said to be good.
    """
    is_all_read = None not in (counts, rows, certificates, unmerged)
    rows_of = rows or {}
    lines = []
    for dataset in sorted(datasets):
        days = trend([one for one in counts or () if one["dataset"] == dataset], now)
        newest = next((one for one in certificates or () if one["dataset"] == dataset), None)
        batches = [batch for batch in unmerged or () if dataset in batch.datasets]
        found = health(rows_of.get(dataset), days[-1], newest, batches, now)
        lines.append(
            DatasetLine(
                dataset,
                found if is_all_read or found.tone in ("bad", "warn") else _NOT_KNOWN,
                rows_of.get(dataset),
                percentile(freshness.get(dataset, ()), 0.5),
                percentile(freshness.get(dataset, ()), 0.95),
                moment(newest["verified_through"]) if newest and truth(newest["ok"]) else None,
                days[-1].accepted if counts is not None else None,
                days[-1].quarantined if counts is not None else None,
                days,
            )
        )
    return lines


def trend(counts: Iterable[Mapping[str, Any]], now: datetime) -> tuple[Day, ...]:
    """The last days until today (UTC), the oldest first; a day without rows is there too."""
    accepted: defaultdict[date, int] = defaultdict(int)
    quarantined: defaultdict[date, int] = defaultdict(int)
    for one in counts:
        if (day := moment(one["day"])) is not None:
            accepted[day.date()] += number(one["accepted"])
            quarantined[day.date()] += number(one["quarantined"])
    days = [now.date() - timedelta(days=back) for back in range(TREND_DAYS - 1, -1, -1)]
    return tuple(Day(day, accepted[day], quarantined[day]) for day in days)


def health(  # noqa: PLR0911 -- one for each state
    rows: int | None,
    today: Day,
    certificate: Mapping[str, Any] | None,
    unmerged: Sequence[Batch],
    now: datetime,
) -> Health:
    """The worst that is known of a dataset."""
    aside = [batch for batch in unmerged if batch.state == "set aside"]
    failing = [batch for batch in unmerged if batch.state == "failing"]
    verified = moment(certificate["verified_through"]) if certificate else None
    read = today.accepted + today.quarantined
    if aside:
        return Health("bad", "set aside", f"{_batches(aside)} set aside: {aside[0].error or 'see Batches'}")
    if certificate is not None and not truth(certificate["ok"]):
        return Health("bad", "drift", "The newest certificate found keys that differ from DynamoDB.")
    if failing:
        return Health("warn", "failing", f"{_batches(failing)} failing and tried again: {failing[0].error}")
    if read and today.quarantined * 100 > read * QUARANTINE_PERCENT:
        return Health("warn", "rejecting", f"{today.quarantined:,} of {read:,} rows were rejected today.")
    if rows is None:
        return Health("none", "empty", "No batch of this dataset has been merged yet.")
    if verified is None:
        return Health("none", "not verified", "Its table has not been compared with DynamoDB yet.")
    if now - verified > PARITY_AGE:
        return Health("warn", "old proof", "The newest certificate is older than three days.")
    return Health("good", "good", "Merged, and verified against DynamoDB.")


def alarm_list(found: Iterable[Mapping[str, Any]], prefix: str, unneeded: str = "") -> list[Alarm]:
    """CloudWatch's alarms without the stack's prefix, those that ring first.

    `unneeded` is left out of their descriptions: the option --stack, on this machine.
    """
    alarms = [
        Alarm(
            str(one["AlarmName"]).removeprefix(prefix).replace("-", " "),
            one["StateValue"] == "ALARM",
            one["StateValue"] == "INSUFFICIENT_DATA",
            " ".join(str(one.get("AlarmDescription", "")).split()).replace(unneeded, ""),
        )
        for one in found
    ]
    return sorted(alarms, key=lambda alarm: (not alarm.is_ringing, alarm.is_unknown, alarm.name))


def _batches(batches: Sequence[Batch]) -> str:
    return "A batch is" if len(batches) == 1 else f"{len(batches)} batches are"
