"""The drawing of the pipeline."""

from __future__ import annotations

import re

from workflows.console.views.flow import HEIGHT, WIDTH, Counts, arrows, stages
from workflows.operations.batches import Batch

QUIET = {"inbound": 0, "dead_letters": 0, "intake": 0}


def batch(state: str, step: str) -> Batch:
    return Batch("b", state, step, (), 1, None)  # type: ignore[arg-type]


def test_a_quiet_stack_is_green_throughout() -> None:
    boxes = stages(Counts(QUIET, [], 10, 0, 94_582))

    assert {box.tone for box in boxes} <= {"good", ""}
    assert boxes[5].number == 94_582


def test_each_stage_has_its_own_count_and_state() -> None:
    unmerged = [batch("open", "check"), batch("failing", "merge"), batch("set aside", "retry")]
    depths = {"inbound": 1, "dead_letters": 2, "intake": 3}

    boxes = {box.name: box for box in stages(Counts(depths, unmerged, 10, 4, 0))}

    assert {name: (box.number, box.tone) for name, box in boxes.items() if box.number is not None} == {
        "inbound queue": (1, "warn"),
        "DynamoDB, RAW": (3, "warn"),
        "check": (1, "warn"),
        "merge": (1, "bad"),
        "tables": (0, "good"),
        "dead letters": (2, "warn"),
        "quarantine": (4, "warn"),
        "set aside": (1, "bad"),
    }


def test_arrows_begin_and_end_at_boxes_and_no_boxes_overlap() -> None:
    boxes = stages(Counts(QUIET, [], 0, 0, 0))

    assert len(arrows(boxes)) == len(boxes) - 1
    for arrow in arrows(boxes):
        x, y = map(int, re.findall(r"M(\d+) (\d+)", arrow.path)[0])
        assert any(box.x <= x <= box.x + WIDTH and box.y <= y <= box.y + HEIGHT for box in boxes)
    for one in boxes:
        assert not any(
            other is not one and abs(other.x - one.x) < WIDTH and abs(other.y - one.y) < HEIGHT
            for other in boxes
        )
