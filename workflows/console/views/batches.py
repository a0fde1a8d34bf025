"""Batches: what each has read, how its rows ended, and how long its steps took."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workflows.console.views.values import moment, number, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jobs.intake.manifest import Manifest
    from jobs.intake.results import FileCount


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch in the list; the numbers are sums over its files."""

    batch_id: str
    datasets: tuple[str, ...]
    doors: tuple[str, ...]
    files: int
    rows_read: int
    accepted: int
    quarantined: int
    checked_at: datetime | None

    @property
    def adds_up(self) -> bool:
        """Whether every row that was read is accepted or quarantined."""
        return self.rows_read == self.accepted + self.quarantined


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a batch: when it ended, and its seconds since the step before."""

    name: str
    at: datetime
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a batch as its objects have them; None for a step that is not done."""

    landed: datetime | None
    begun: datetime | None
    checked: datetime | None
    merged: datetime | None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are done, in order."""
        names = ("landed", "begun", "checked", "merged")
        done = [(name, at) for name in names if (at := getattr(self, name)) is not None]
        earlier = [None, *(at for _, at in done)]
        return tuple(
            Step(name, at, None if before is None else max(0.0, (at - before).total_seconds()))
            for (name, at), before in zip(done, earlier, strict=False)
        )


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file of a batch; the counts are None until it is checked."""

    name: str
    dataset: str
    door: str
    bytes: int
    rows_read: int | None
    accepted: int | None
    quarantined: int | None


def batch_lines(counts: Iterable[Mapping[str, Any]]) -> list[BatchLine]:
    """The batches of rows of `statements.BATCH_COUNTS`, the newest first."""
    lines = [
        BatchLine(
            str(one["batch_id"]),
            tuple(sorted(texts(one["datasets"]))),
            tuple(sorted(texts(one["doors"]))),
            **{name: number(one[name]) for name in _SUMS},
            checked_at=moment(one["checked_at"]),
        )
        for one in counts
    ]
    return sorted(lines, key=lambda line: (line.checked_at or _LONG_AGO, line.batch_id), reverse=True)


def times(manifest: Manifest | None, checked_at: str | None, merged_at: str | None) -> Times:
    """The times of a batch: the first landing of its files, and the ends of its steps."""
    if manifest is None:
        return Times(None, None, moment(checked_at), moment(merged_at))
    landed = [at for file in manifest.files if (at := moment(file.event_time)) is not None]
    return Times(min(landed, default=None), manifest.begun, moment(checked_at), moment(merged_at))


def freshness(manifest: Manifest, merged: datetime) -> dict[str, list[float]]:
    """By dataset, the seconds from the landing of each file to the merge. Repairs and exports are old."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for file in manifest.files:
        landed = moment(file.event_time)
        if landed is not None and file.door in ("stream", "drop"):
            found[file.dataset].append(max(0.0, (merged - landed).total_seconds()))
    return dict(found)


def file_lines(manifest: Manifest, counted: Sequence[FileCount]) -> list[FileLine]:
    """The files of a batch with their counts, then messages that no door took."""
    counts = {(one.dataset, one.source_file): one for one in counted}
    lines = []
    for file in manifest.files:
        one = counts.get((file.dataset, file.source_file))
        counted_as = (None,) * 3 if one is None else (one.rows_read, one.accepted, one.quarantined)
        lines.append(FileLine(file.key, file.dataset, file.door, file.size, *counted_as))
    return lines + [
        FileLine(refused.key or "a message", "", "", len(refused.payload), 1, 0, 1)
        for refused in manifest.refused
    ]


def timeline(lines: Sequence[BatchLine]) -> dict[str, Any]:
    """A chart of rows by batch, the oldest first."""
    ordered = list(reversed(lines[:60]))
    return {
        "type": "bar",
        "stacked": True,
        "labels": [f"{line.checked_at:%m-%d %H:%M}" if line.checked_at else "" for line in ordered],
        "series": [
            {"name": "accepted", "values": [line.accepted for line in ordered], "tone": "main"},
            {"name": "quarantined", "values": [line.quarantined for line in ordered], "tone": "bad"},
        ],
    }


_SUMS = ("files", "rows_read", "accepted", "quarantined")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
