"""The lineage of a batch as a drawing: objects or a stream, the changes, the table, and the steps between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workflows.query.lineage import Read, Step

WIDTH: Final = 300  # of a box
HEIGHT: Final = 54
GAP: Final = 12
LANE_GAP: Final = 44
_COLUMNS: Final = (10, 430, 850)  # x of sources, changes, table
DRAWING_WIDTH: Final = _COLUMNS[-1] + WIDTH + 10
MOST_SOURCES: Final = 6
_LONGEST_NAME: Final = 38
_STATES: Final = {"COMPLETE": "good", "FAIL": "bad", "START": "warn"}


@dataclass(frozen=True, slots=True)
class Box:
    """Data: a name that is cut to fit, the whole of it, and what is known of its rows."""

    x: int
    y: int
    name: str
    whole: str
    words: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A step from one box to another, as the path of an SVG; its tone is that of the step's state."""

    path: str
    tone: str


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a step above its arrow, and what it rejected below."""

    x: int
    y: int
    words: str
    more: str
    tone: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One dataset of the batch. `notes` are errors and broken rules, in words."""

    dataset: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    labels: tuple[Label, ...]
    notes: tuple[str, ...]
    height: int


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column of a table, and the fields of the changes and of the sources that it comes from."""

    name: str
    type: str
    changes: tuple[str, ...]
    sources: tuple[str, ...]


def lanes(steps: Iterable[Step], rows: Mapping[str, int | None]) -> list[Lane]:
    """A lane for each dataset of a batch, each with its own origin. `rows` are those of the tables now."""
    by_dataset: dict[str, dict[str, Step]] = {}
    for step in steps:
        by_dataset.setdefault(step.dataset, {})[step.step] = step
    return [_lane(dataset, found, rows.get(dataset)) for dataset, found in sorted(by_dataset.items())]


def columns(steps: Iterable[Step], dataset: str) -> list[ColumnLine]:
    """The columns of a dataset of the batch, with where their values come from."""
    own = [step for step in steps if step.dataset == dataset]
    checked = {one.name: one for step in own if step.step == "check" for one in step.columns}
    merged = {one.name: one for step in own if step.step == "merge" for one in step.columns}
    return [
        ColumnLine(
            name,
            one.type,
            tuple(dict.fromkeys(field for _, field in merged[name].sources)) if name in merged else (),
            tuple(dict.fromkeys(field for _, field in checked[name].sources)) if name in checked else (),
        )
        for name, one in (checked | merged).items()
    ]


def _lane(dataset: str, steps: Mapping[str, Step], rows: int | None) -> Lane:
    check, merge = steps.get("check"), steps.get("merge")
    sources = _sources(check.reads) or [_untold(check)] if check else []
    height = max(1, len(sources)) * (HEIGHT + GAP) - GAP
    middle = (height - HEIGHT) // 2
    accepted = check.rows_accepted if check else None
    changes = f"{dataset}_changes"
    boxes = [
        *sources,
        Box(_COLUMNS[1], middle, _cut(changes), changes, _rows(accepted, "accepted"), _query(changes)),
        Box(
            _COLUMNS[2],
            middle,
            _cut(dataset),
            dataset,
            _rows(rows, "now"),
            f"/contracts/{quote(dataset, safe='')}",
        ),
    ]
    centre = middle + HEIGHT // 2
    arrows: list[Arrow] = []
    if check is not None:
        starts = [one.y + HEIGHT // 2 for one in sources]
        arrows += [_arrow(_COLUMNS[0], y, _COLUMNS[1], centre, check.state) for y in starts]
    if merge is not None:
        arrows.append(_arrow(_COLUMNS[1], centre, _COLUMNS[2], centre, merge.state))
    ends = ((_COLUMNS[0], check), (_COLUMNS[1], merge))
    labels = tuple(_label(left, centre, step) for left, step in ends if step is not None)
    return Lane(dataset, tuple(boxes), tuple(arrows), labels, tuple(_notes(steps)), height)


def _sources(reads: Sequence[Read]) -> list[Box]:
    shown = reads if len(reads) <= MOST_SOURCES else reads[: MOST_SOURCES - 1]
    boxes = [
        Box(
            _COLUMNS[0],
            place * (HEIGHT + GAP),
            _cut(read.address.removeprefix("s3://").partition("/")[2] or read.address),
            read.address,
            ", ".join(filter(None, (_rows(read.rows, "read"), _files(read.files), _size(read.size)))),
        )
        for place, read in enumerate(shown)
    ]
    if left := reads[len(shown) :]:
        counted = [read.rows for read in left if read.rows is not None]
        name = f"{sum(read.files or 1 for read in left):,} more objects"
        y = len(shown) * (HEIGHT + GAP)
        is_counted = len(counted) == len(left)
        boxes.append(Box(_COLUMNS[0], y, name, name, _rows(sum(counted) if is_counted else None, "read")))
    return boxes


def _untold(check: Step) -> Box:
    """In place of the sources of a check that failed or runs, which has not told them."""
    name = "objects of the batch"
    return Box(_COLUMNS[0], 0, name, name, "", f"/batches/{quote(check.batch_id, safe='')}")


def _arrow(left: int, y: int, right: int, to: int, state: str) -> Arrow:
    start, end = left + WIDTH, right - 6
    half = (start + end) // 2
    return Arrow(f"M{start} {y} C{half} {y} {half} {to} {end} {to}", _STATES.get(state, ""))


def _label(left: int, centre: int, step: Step) -> Label:
    word = {"COMPLETE": step.step, "FAIL": f"{step.step} failed", "START": f"{step.step} runs"}[step.state]
    is_counted = step.step == "check" and step.rows_read is not None and step.rows_accepted is not None
    lost = (step.rows_read or 0) - (step.rows_accepted or 0) if is_counted else 0
    more = f"{lost:,} rejected" if lost > 0 else ""
    x = left + WIDTH + (_COLUMNS[1] - _COLUMNS[0] - WIDTH) // 2
    return Label(x, centre, word, more, _STATES.get(step.state, ""))


def _notes(steps: Mapping[str, Step]) -> Iterable[str]:
    for step in steps.values():
        if step.error:
            yield f"{step.step} of {step.dataset} failed: {step.error}"
        if step.broken_rules:
            yield f"Rules of {step.dataset} that did not hold: {', '.join(step.broken_rules)}"


def _cut(name: str) -> str:
    """The end of a long name: keys begin alike."""
    return name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"


def _rows(number: int | None, what: str) -> str:
    return "" if number is None else f"{number:,} rows {what}" if number != 1 else f"1 row {what}"


def _files(number: int | None) -> str:
    return f"{number:,} objects" if number and number > 1 else ""


def _size(size: int | None) -> str:
    if size is None:
        return ""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size:,} B"


def _query(table: str) -> str:
    return f"/sql?sql={quote(f'select * from {table} order by _ingested_at desc limit 20')}"  # noqa: S608 -- a name of a contract
