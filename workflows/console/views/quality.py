"""Quality: every rule with its results over time, and days whose volume is out of the ordinary."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from workflows.console.views.values import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from workflows.console.views.overview import Day

ENOUGH_DAYS: Final = 5  # with rows, before a day can be called unusual
_UNUSUAL: Final = 3.5  # times the usual distance from the median (Iglewicz and Hoaglin)
_OF_NORMAL: Final = 1.4826  # the median distance as a standard deviation


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rule on one batch. `rows` and `broken` are None if the rule counts no rows."""

    at: datetime | None
    batch_id: str
    holds: bool
    rows: int | None
    broken: int | None
    error: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule of a dataset with its outcomes, the newest first."""

    dataset: str
    rule: str
    expectation: str
    severity: str
    outcomes: tuple[Outcome, ...]

    @property
    def newest(self) -> Outcome:
        return self.outcomes[0]

    @property
    def times_broken(self) -> int:
        """The number of batches that broke it."""
        return sum(not outcome.holds for outcome in self.outcomes)


def rule_lines(rows: Iterable[Mapping[str, Any]]) -> list[RuleLine]:
    """The rules in rows of `statements.QUALITY`, the newest first; those that were broken come first."""
    found: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    about: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        for one in _results(row["result"]):
            config = one.get("expectation_config") or {}
            rule = str((config.get("meta") or {}).get("rule") or config.get("type") or "?")
            place = str(row["dataset"]), rule
            about.setdefault(place, (str(config.get("type") or ""), str(config.get("severity") or "")))
            found[place].append(_outcome(row, one))
    lines = [
        RuleLine(dataset, rule, *about[dataset, rule], tuple(outcomes))
        for (dataset, rule), outcomes in found.items()
    ]
    return sorted(lines, key=lambda line: (line.newest.holds, -line.times_broken, line.dataset, line.rule))


def unusual_days(days: Sequence[Day]) -> list[Day]:
    """The days whose rows are far from the median of the days that have any; none before there are enough."""
    volumes = [day.accepted + day.quarantined for day in days]
    usual = [volume for volume in volumes if volume]
    if len(usual) < ENOUGH_DAYS:
        return []
    middle = median(usual)
    distance = median(abs(volume - middle) for volume in usual) * _OF_NORMAL or max(1.0, middle * 0.05)
    return [
        day
        for day, volume in zip(days, volumes, strict=True)
        if volume and abs(volume - middle) / distance > _UNUSUAL
    ]


def volume_chart(days: Sequence[Day]) -> dict[str, Any]:
    """A chart of a dataset's rows by day, with the unusual ones apart."""
    marked = set(unusual_days(days))
    return {
        "type": "bar",
        "stacked": True,
        "labels": [f"{day.day:%m-%d}" for day in days],
        "series": [
            {
                "name": "rows",
                "values": [0 if day in marked else _volume(day) for day in days],
                "tone": "main",
            },
            {
                "name": "unusual",
                "values": [_volume(day) if day in marked else 0 for day in days],
                "tone": "warn",
            },
        ],
    }


def _volume(day: Day) -> int:
    return day.accepted + day.quarantined


def _results(text: Any) -> list[dict[str, Any]]:
    """The results of a suite; none if the text is not what Great Expectations writes."""
    try:
        content = json.loads(text)
    except (TypeError, ValueError):
        return []
    results = content.get("results") if isinstance(content, dict) else None
    return [one for one in results or () if isinstance(one, dict)]


def _outcome(row: Mapping[str, Any], one: Mapping[str, Any]) -> Outcome:
    result = one.get("result") or {}
    info = one.get("exception_info") or {}
    return Outcome(
        moment(row["ran_at"]),
        str(row["batch_id"]),
        bool(one.get("success")),
        result.get("element_count"),
        result.get("unexpected_count"),
        str(info.get("exception_message") or "") if isinstance(info, dict) else "",
    )
