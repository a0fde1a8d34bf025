"""Rejected rows and messages: by dataset and rule over time, and samples with the offending value marked."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lambdas.source.bodies import data_of
from workflows.console.views.masking import mask_payload, mask_reason
from workflows.console.views.values import moment, number, texts
from workflows.operations.dead_letters import TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from workflows.operations.dead_letters import DeadLetter
    from workflows.operations.previews import Preview

NO_DATASET: Final = "(no dataset)"
_COLUMN: Final = re.compile(r"\bcolumn ([\w.]+)")
_RULE: Final = re.compile(r"^([\w]+)\.\w+: ")
_QUOTED: Final = re.compile(r"got '([^']+)'")


@dataclass(frozen=True, slots=True)
class Group:
    """Rejected rows of one dataset and rule; `days` are counts by day, the oldest first."""

    dataset: str
    rule: str
    rows: int
    files: int
    days: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a payload: a name (empty for a text) and its value, marked if a reason is about it."""

    name: str
    value: str
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A rejected row or file."""

    dataset: str
    reasons: tuple[str, ...]
    pieces: tuple[Piece, ...]
    source_file: str
    row_number: int | None
    batch_id: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, and why it is one by today's contracts; no violation if it would be accepted now."""

    reason: str
    dataset: str
    sent: datetime
    violations: tuple[tuple[str, str], ...]
    pieces: tuple[Piece, ...]


def groups(rows: Iterable[Mapping[str, Any]]) -> list[Group]:
    """The rows of `statements.QUARANTINED` by dataset and rule, the most rows first."""
    found: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["dataset"] or NO_DATASET, str(row["rule"] or "")].append(row)
    listed = [
        Group(
            dataset,
            rule,
            sum(number(row["rows"]) for row in some),
            sum(number(row["files"]) for row in some),
            tuple(sorted((at.date(), number(row["rows"])) for row in some if (at := moment(row["day"])))),
        )
        for (dataset, rule), some in found.items()
    ]
    return sorted(listed, key=lambda group: (-group.rows, group.dataset, group.rule))


def over_time(found: Sequence[Group], days: Sequence[date]) -> dict[str, Any]:
    """A chart of rejected rows by day and dataset."""
    by_dataset: defaultdict[str, Counter[date]] = defaultdict(Counter)
    for group in found:
        by_dataset[group.dataset].update(dict(group.days))
    series = [
        {"name": dataset, "values": [counts[day] for day in days]}
        for dataset, counts in sorted(by_dataset.items())
    ]
    return {"type": "bar", "stacked": True, "labels": [f"{day:%m-%d}" for day in days], "series": series}


def sample(row: Mapping[str, Any], hidden: Collection[str]) -> Sample:
    """A row of `lake_ops.quarantine`, with the values under these names hidden."""
    reasons = texts(row["reasons"])
    return Sample(
        row["dataset"] or NO_DATASET,
        tuple(mask_reason(reason, hidden) for reason in reasons),
        pieces(mask_payload(row["payload"], hidden), offenders(reasons), _QUOTED.findall(" ".join(reasons))),
        str(row["source_file"] or ""),
        None if row["row_number"] is None else int(row["row_number"]),
        str(row["batch_id"]),
        moment(row["quarantined_at"]),
    )


def letter(dead: DeadLetter, found: Sequence[Preview], hidden: Collection[str]) -> Letter:
    """A dead letter with its violations; the place of each names the column that is marked.

    A note about a message that SQS does not take says so instead.
    """
    if dead.is_too_large:
        why = (f"message {dead.message_id}", TOO_LARGE)
        return Letter(dead.reason, dead.dataset or NO_DATASET, dead.sent, (why,), pieces(dead.body, ()))
    violations = [pair for preview in found for pair in preview.violations]
    columns = {part for place, _ in violations for part in place.split("/") if part and part != "data"}
    shown = tuple(
        (place, mask_reason(f"{place} {text}", hidden).removeprefix(f"{place} "))
        for place, text in violations
    )
    body = mask_payload(_readable(dead.text), hidden) or ""
    return Letter(dead.reason, dead.dataset or NO_DATASET, dead.sent, shown, pieces(_data(body), columns))


def _readable(text: str) -> str:
    """The text with a mark in place of bytes that are not UTF-8, which a page can't have."""
    return data_of(text).decode(errors="replace")


def offenders(reasons: Iterable[str]) -> set[str]:
    """The columns that reasons are about: `column NAME`, or a rule of a column, `NAME.rule: …`."""
    found = set()
    for reason in reasons:
        found |= {name.split(".")[0] for name in _COLUMN.findall(reason.partition(" got ")[0])}
        if rule := _RULE.match(reason):
            found.add(rule[1])
    return found


def pieces(payload: str | None, columns: Collection[str], got: Sequence[str] = ()) -> tuple[Piece, ...]:
    """The members of a JSON object, those of `columns` marked; of another text, the places of `got`."""
    if payload is None:
        return ()
    content = _object(payload)
    if content is not None:
        wanted = {_plain(name) for name in columns}
        return tuple(Piece(name, _text(value), _plain(name) in wanted) for name, value in content.items())
    for value in got:
        before, found, after = payload.partition(value)
        if found:
            parts = (Piece("", before, False), Piece("", found, True), Piece("", after, False))
            return tuple(part for part in parts if part.value)
    return (Piece("", payload, is_marked=False),)


def _data(body: str) -> str:
    """The data of an event, which has the columns; the whole body if it is no event."""
    content = _object(body)
    data = content.get("data") if content else None
    if content is None or not isinstance(data, dict):
        return body
    envelope = {name: content.get(name) for name in ("id", "type", "time")}
    return json.dumps(envelope | data, ensure_ascii=False)


def _object(text: str) -> dict[str, Any] | None:
    try:
        content = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(name: str) -> str:
    return name.lower().replace("_", "")
