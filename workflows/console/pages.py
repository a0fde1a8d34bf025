"""Pages about the whole stack: overview, flow, batches, quality with its Data Docs, and parity."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse, Response

from workflows.console.actions import PARITY
from workflows.console.answering import Console, NotFound, Page
from workflows.console.logs import logs_of_batch
from workflows.console.readings import MOST_BATCHES, SHOWN_DAYS
from workflows.console.security import FOREIGN_POLICY
from workflows.console.statements import QUALITY
from workflows.console.views import batches as batch_views
from workflows.console.views import flow as flow_views
from workflows.console.views import overview as views
from workflows.console.views import parity as parity_views
from workflows.console.views import quality as quality_views
from workflows.console.views.values import percentile
from workflows.local.base.home import DEFAULT
from workflows.stack.logs import where_logs_are

if TYPE_CHECKING:
    from starlette.requests import Request

_DOCS: Final = "quality/docs"


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
            "days": SHOWN_DAYS,
        },
    )


def datasets(console: Console, request: Request) -> Page:
    """The table of datasets."""
    readings = console.readings
    names = list(readings.contracts())
    lines = views.dataset_lines(
        names,
        counts=readings.day_counts(),
        rows=readings.table_rows(names),
        certificates=readings.newest_certificates(),
        freshness=readings.freshness(),
        unmerged=readings.unmerged(),
        now=datetime.now(UTC),
    )
    return Page("datasets.html", {"lines": lines})


def flow(console: Console, request: Request) -> Page:
    """The pipeline as a drawing, which is drawn again every few seconds."""
    return Page("flow.html", {}, "Flow")


def flow_drawing(console: Console, request: Request) -> Page:
    """The drawing with the counts of now."""
    readings = console.readings
    today = views.trend(readings.day_counts(), datetime.now(UTC))[-1]
    rows = readings.table_rows(readings.contracts())
    boxes = flow_views.stages(
        flow_views.Counts(
            readings.depths(),
            readings.unmerged(),
            today.accepted,
            today.quarantined,
            sum(number or 0 for number in rows.values()),
        )
    )
    values = {"boxes": boxes, "arrows": flow_views.arrows(boxes), "now": datetime.now(UTC)}
    return Page("flow_drawing.html", values | {"width": flow_views.WIDTH, "height": flow_views.HEIGHT})


def batches(console: Console, request: Request) -> Page:
    """The list of batches; its parts are loaded when it is shown."""
    return Page("batches.html", {}, "Batches")


def batches_unmerged(console: Console, request: Request) -> Page:
    """The batches that are open, failing or set aside."""
    return Page("batches_unmerged.html", {"unmerged": console.readings.unmerged()})


def batches_list(console: Console, request: Request) -> Page:
    """The batches that were checked in the last days."""
    lines = batch_views.batch_lines(console.readings.batch_counts())
    values = {"lines": lines, "chart": batch_views.timeline(lines), "days": SHOWN_DAYS}
    return Page("batches_list.html", values | {"most": MOST_BATCHES})


def batch(console: Console, request: Request) -> Page:
    """One batch; its numbers are loaded when it is shown."""
    return Page("batch.html", {"batch_id": request.path_params["batch"]}, "Batches")


def batch_one(console: Console, request: Request) -> Page:
    """The steps and files of one batch, and what can be done with it. Raises NotFound."""
    batch_id = request.path_params["batch"]
    readings = console.readings
    manifest, times = readings.batch_times(batch_id)
    counts = readings.counts_of(batch_id)
    state = next((one for one in readings.unmerged() if one.batch_id == batch_id), None)
    if manifest is None and not counts and state is None:
        raise NotFound(f"There is no batch {batch_id}, or retention has removed its manifest.")
    checked = readings.checked(batch_id)
    files = batch_views.file_lines(manifest, checked.files if checked else ()) if manifest else []
    line = next(iter(batch_views.batch_lines(counts)), None)
    return Page(
        "batch_one.html",
        {
            "batch_id": batch_id,
            "times": times,
            "total": sum(step.seconds or 0 for step in times.steps) if times.steps else None,
            "files": files,
            "state": state,
            "read": None if line is None else line.rows_read,
            "accepted": None if line is None else line.accepted,
            "quarantined": None if line is None else line.quarantined,
        },
    )


def batch_log(console: Console, request: Request) -> Page:
    """The logs of the runs of a batch or, of a stack on AWS, where they are."""
    target, batch_id = console.readings.target, request.path_params["batch"]
    logs = [] if target.is_on_aws else logs_of_batch(DEFAULT.logs / "jobs", batch_id)
    words = f"No log here mentions it. Logs of runs: {where_logs_are(target)}."
    return Page("batch_log.html", {"logs": logs, "words": words})


def quality(console: Console, request: Request) -> Page:
    """The page of rules; its parts are loaded when it is shown."""
    return Page("quality.html", {}, "Quality")


def quality_rules(console: Console, request: Request) -> Page:
    """Every rule with its results over time."""
    return Page(
        "quality_rules.html", {"lines": quality_views.rule_lines(console.readings.bookkeeping(QUALITY))}
    )


def quality_volume(console: Console, request: Request) -> Page:
    """The volume of each dataset by day, and how fresh its newest batches were."""
    readings = console.readings
    now, counts, fresh = datetime.now(UTC), readings.day_counts(), readings.freshness()
    volumes = []
    for name in sorted(readings.contracts()):
        days = views.trend([one for one in counts if one["dataset"] == name], now)
        unusual = quality_views.unusual_days(days)
        volumes.append(
            (name, quality_views.volume_chart(days), unusual, percentile(fresh.get(name, ()), 0.95))
        )
    return Page("quality_volume.html", {"volumes": volumes})


def parity(console: Console, request: Request) -> Page:
    """The page of certificates; its parts are loaded when it is shown."""
    return Page("parity.html", {}, "Parity")


def parity_certificates(console: Console, request: Request) -> Page:
    """Each dataset's newest certificate, and all of the last days."""
    readings = console.readings
    contracts = readings.contracts()
    lines = parity_views.certificate_lines(readings.certificates(), contracts)
    found = parity_views.certificate_lines(readings.newest_certificates(), contracts)
    newest = parity_views.newest_by_dataset(found, contracts)
    values = {"lines": lines, "newest": newest, "chart": parity_views.drift_chart(lines), "days": SHOWN_DAYS}
    return Page("parity_certificates.html", values)


def parity_progress(console: Console, request: Request) -> Page:
    """How far a comparison that a page has started is.

    A page that is opened after one has ended shows its certificate, so it does not show the outcome again.
    """
    job = console.jobs.get(PARITY)
    is_over = job is not None and job.is_done and job.error is None
    return Page(
        "parity_progress.html", {"job": None if is_over and request.query_params.get("opened") else job}
    )


def data_docs(console: Console, request: Request) -> Response:
    """A page of the Data Docs, in which no script runs. Raises NotFound."""
    target = console.readings.target
    path = posixpath.normpath(f"/{request.path_params['path']}").lstrip("/") or "index.html"
    found = console.readings.text(target.output("LakeBucket"), f"{_DOCS}/{path}")
    if found is None:
        raise NotFound(
            "There are no Data Docs of this name yet. Great Expectations writes them with each batch."
        )
    return HTMLResponse(found, headers={"content-security-policy": FOREIGN_POLICY})
