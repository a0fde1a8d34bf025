"""The dashboards that follow from the contracts, drawn from the lake when their reader asks for it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from workflows.analysts.dashboards import MOST_BARS
from workflows.analysts.dashboards import dashboard as dashboard_of
from workflows.console.answering import Console, NotFound, Page
from workflows.console.views import dashboards as views
from workflows.console.views.results import table_rows
from workflows.query.sql import BYTES_READ, query

if TYPE_CHECKING:
    from starlette.requests import Request

    from workflows.analysts.dashboards import Dashboard


def dashboards(console: Console, request: Request) -> Page:
    """The list of dashboards; its part is loaded when it is shown."""
    return Page("dashboards.html", {}, "Dashboards")


def dashboards_list(console: Console, request: Request) -> Page:
    """Every dashboard in a line."""
    found = [_dashboard(console, one.name) for one in console.readings.datasets()]
    return Page("dashboards_list.html", {"boards": found})


def dashboard(console: Console, request: Request) -> Page:
    """One dashboard. Its charts are empty until they are asked for, as each reads the table."""
    board = _dashboard(console, request.path_params["dataset"])
    values = {"board": board, "is_on_aws": console.readings.target.is_on_aws}
    return Page("dashboard.html", values, "Dashboards")


def chart(console: Console, request: Request) -> Page:
    """One chart with the rows that it draws. Raises NotFound."""
    board = _dashboard(console, request.path_params["dataset"])
    place = request.path_params["chart"]
    if place >= len(board.charts):
        raise NotFound(
            f"The dashboard of {board.dataset} has {len(board.charts)} charts, and no {place + 1}."
        )
    wanted = board.charts[place]
    started = perf_counter()
    result = query(console.readings.target, wanted.sql)
    rows = table_rows(result)
    return Page(
        "dashboard_chart.html",
        {
            "chart": wanted,
            "drawn": views.drawn(wanted, rows),
            "total": views.total(rows) if wanted.kind == "number" else None,
            "most": MOST_BARS if views.is_cut(wanted, len(rows)) else None,
            "names": result.column_names,
            "rows": rows,
            "seconds": perf_counter() - started,
            "read": int((result.schema.metadata or {}).get(BYTES_READ, 0)),
        },
    )


def _dashboard(console: Console, name: str) -> Dashboard:
    """The dashboard of a dataset. Raises NotFound."""
    known = console.readings.datasets()
    found = next((one for one in known if one.name == name), None)
    if found is None:
        raise NotFound(f"There is no dashboard of {name}, but of {', '.join(one.name for one in known)}.")
    return dashboard_of(found, known, console.readings.target.output("LakeDatabase"))
