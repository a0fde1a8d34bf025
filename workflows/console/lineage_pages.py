"""The page that draws the lineage of a batch from the events that its steps have left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflows.console.answering import Console, NotFound, Page
from workflows.console.views import batches as batch_views
from workflows.console.views import lineage as views
from workflows.query.lineage import UnreadableLineage

if TYPE_CHECKING:
    from starlette.requests import Request

    from workflows.console.readings import Readings
    from workflows.query.lineage import Step

MOST_BATCHES: Final = 50  # to choose from


def lineage(console: Console, request: Request) -> Page:
    """The lineage of a batch, of the newest without one; its drawing is loaded when it is shown."""
    return Page("lineage.html", {"batch_id": request.query_params.get("batch", "")}, "Lineage")


def drawing(console: Console, request: Request) -> Page:
    """The drawing of a batch, and the batches to choose from. Raises NotFound."""
    readings = console.readings
    lines = batch_views.batch_lines(readings.batch_counts())
    batch_id = request.query_params.get("batch") or (lines[0].batch_id if lines else "")
    steps, problem = _steps(readings, batch_id)
    lanes = views.lanes(steps, readings.table_rows({step.dataset for step in steps}))
    offsets = [sum(lane.height + views.LANE_GAP for lane in lanes[:place]) for place in range(len(lanes))]
    return Page(
        "lineage_drawing.html",
        {
            "batch_id": batch_id,
            "batches": lines[:MOST_BATCHES],
            "lanes": list(zip(lanes, offsets, strict=True)),
            "width": views.DRAWING_WIDTH,
            "height": sum(lane.height + views.LANE_GAP for lane in lanes),
            "box": (views.WIDTH, views.HEIGHT),
            "steps": steps,
            "problem": problem,
        },
    )


def _steps(readings: Readings, batch_id: str) -> tuple[list[Step], str]:
    """The steps of a batch, and why they can't be read: then another batch may still be chosen."""
    try:
        return (readings.lineage(batch_id) if batch_id else []), ""
    except UnreadableLineage as error:
        return [], str(error)


def columns(console: Console, request: Request) -> Page:
    """The columns of a dataset of a batch, and where they come from. Raises NotFound."""
    given = request.query_params
    batch_id, dataset = given.get("batch", ""), given.get("dataset", "")
    found = views.columns(console.readings.lineage(batch_id) if batch_id else [], dataset)
    if not found:
        raise NotFound(f"The batch {batch_id} has no lineage of columns of {dataset}.")
    return Page("lineage_columns.html", {"columns": found, "dataset": dataset})
