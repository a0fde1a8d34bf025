"""The flow: the stages of the pipeline with what they hold now, and where a click leads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflows.operations.batches import Batch

WIDTH: Final = 158
HEIGHT: Final = 74


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage as a box: its place in the drawing, the number in it, and the state of its work."""

    name: str
    x: int
    y: int
    number: int | None
    words: str
    tone: str
    link: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow between two boxes, as the path of an SVG."""

    path: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted: messages, objects, batches, and rows of today."""

    depths: Mapping[str, int]
    unmerged: Sequence[Batch]
    accepted_today: int
    quarantined_today: int
    rows: int


def stages(counts: Counts) -> list[Stage]:
    """The stages from the queue to the tables, with the ways of what is rejected below."""
    by_step = {
        step: [one for one in counts.unmerged if one.waits_for == step]
        for step in ("check", "merge", "retry")
    }
    depths = counts.depths
    return [
        Stage("inbound queue", 10, 40, depths["inbound"], "messages", _busy(depths["inbound"]), "/flow"),
        Stage("source, Data API", 210, 40, None, "checks and stores", "", "/contracts"),
        Stage(
            "DynamoDB, RAW",
            410,
            40,
            depths["intake"],
            "objects announced",
            _busy(depths["intake"]),
            "/batches",
        ),
        Stage("check", 610, 40, len(by_step["check"]), "batches", _state(by_step["check"]), "/batches"),
        Stage("merge", 810, 40, len(by_step["merge"]), "batches", _state(by_step["merge"]), "/batches"),
        Stage("tables", 1010, 40, counts.rows, "rows", "good", "/sql"),
        Stage(
            "dead letters",
            210,
            190,
            depths["dead_letters"],
            "messages",
            _bad(depths["dead_letters"]),
            "/quarantine#dead-letters",
        ),
        Stage(
            "quarantine",
            610,
            190,
            counts.quarantined_today,
            "rows today",
            _bad(counts.quarantined_today),
            "/quarantine",
        ),
        Stage(
            "set aside",
            810,
            190,
            len(by_step["retry"]),
            "batches",
            "bad" if by_step["retry"] else "",
            "/batches",
        ),
    ]


def arrows(boxes: Sequence[Stage]) -> list[Arrow]:
    """Arrows along the upper row, and from it down to what was rejected."""
    upper = [box for box in boxes if box.y == boxes[0].y]
    across = [
        Arrow(f"M{one.x + WIDTH} {one.y + HEIGHT // 2} H{other.x - 5}") for one, other in pairwise(upper)
    ]
    below = [box for box in boxes if box.y != boxes[0].y]
    return across + [Arrow(f"M{box.x + WIDTH // 2} {boxes[0].y + HEIGHT} V{box.y - 5}") for box in below]


def _busy(number: int) -> str:
    return "warn" if number else "good"


def _bad(number: int) -> str:
    return "warn" if number else "good"


def _state(batches: Sequence[Batch]) -> str:
    if any(batch.state == "failing" for batch in batches):
        return "bad"
    return "warn" if batches else "good"
