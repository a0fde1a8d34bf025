"""Pages about the whole stack: overview."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflows.console.answering import Console, Page
from workflows.console.views import overview as views

if TYPE_CHECKING:
    from starlette.requests import Request


def overview(console: Console, request: Request) -> Page:
    """The first page; its parts are loaded when it is shown."""
    return Page("overview.html", {}, "Overview")


def attention(console: Console, request: Request) -> Page:
    """What is wrong now: alarms, batches, dead letters; and the depths of the queues."""
    readings = console.readings
    unmerged = readings.unmerged()
    prefix = readings.target.output("TablePrefix")
    unneeded = "" if readings.target.is_on_aws else f" --stack {prefix.removesuffix('-')}"
    alarms = views.alarm_list(readings.alarms(), prefix, unneeded)
    return Page(
        "attention.html",
        {
            "alarms": alarms,
            "ringing": [alarm for alarm in alarms if alarm.is_ringing],
            "aside": [batch for batch in unmerged if batch.state == "set aside"],
            "failing": [batch for batch in unmerged if batch.state == "failing"],
            "open": sum(batch.state == "open" for batch in unmerged),
            "depths": readings.depths(),
            "newest_check": readings.newest_check(),
        },
    )


def datasets(console: Console, request: Request) -> Page:
    """The table of datasets."""
    readings = console.readings
    names = list(readings.contracts())
    lines = views.dataset_lines(
        names,
        counts=readings.file_counts(),
        rows=readings.table_rows(names),
        certificates=readings.certificates(),
        freshness=readings.freshness(),
        unmerged=readings.unmerged(),
        now=datetime.now(UTC),
    )
    return Page("datasets.html", {"lines": lines})
