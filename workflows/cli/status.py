"""`glueline status`: is anything wrong, then how each dataset is, on one screen."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from workflows.cli.app import app
from workflows.cli.printing import AsJson, StackName, out, print_json
from workflows.cli.showing import connected, showing
from workflows.cli.status_screen import lines_of, screen, wrong_here

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflows.console.readings import Readings
    from workflows.console.views.overview import DatasetLine, Wrong
    from workflows.local.lifecycle.status import StackState


@app.command()
def status(as_json: AsJson = False, stack: StackName = None) -> None:
    """Say whether anything is wrong, and how each dataset is. Exit code 0 if nothing is, else 1.

    Of the local stack it also shows what runs, the last runs of workflows, and where the logs are. Rows that
    are in quarantine are counted, and wrong only if they are more than 5 % of a dataset's rows of today.
    """
    from workflows.console.readings import Readings

    is_here = stack is None and not os.environ.get("GLUELINE_STACK")
    state = _local_state() if is_here else None
    wrong = wrong_here(state) if state else []
    lines: list[DatasetLine] = []
    target = connected(stack) if state is None or state.running else None
    if target is not None:
        with showing("status", target) as show:
            show("asking the stack")
            lines, more = look(Readings(target))
        wrong += more
    where = lines_of(state) if state else [f"On AWS: {target.description}"] if target else []
    if as_json:
        print_json(to_json(wrong, lines, state))
    else:
        out.print(screen(wrong, lines, where))
    if wrong:
        raise typer.Exit(1)


def _local_state() -> StackState:
    from workflows.local.base.environment import act_locally
    from workflows.local.lifecycle import stack

    act_locally()
    with showing("status: here") as show:
        show("looking at what runs here")
        return stack.status()


def look(readings: Readings) -> tuple[list[DatasetLine], list[Wrong]]:
    """A line for each dataset, and what is wrong. What can't be read is wrong too."""
    from workflows.console.answering import describe
    from workflows.console.views import overview

    failed: list[Wrong] = []

    def read[Answer, Other](name: str, ask: Callable[[], Answer], otherwise: Other) -> Answer | Other:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 -- the others are shown, and this one in words
            failed.append(overview.Wrong(f"{name} can't be read: {describe(error)[0]}", "glueline doctor"))
            return otherwise

    names: list[str] = read("contracts", lambda: list(readings.contracts()), list[str]())
    with ThreadPoolExecutor() as pool:
        counts = pool.submit(read, "batches", readings.day_counts, None)
        rows = pool.submit(read, "tables", lambda: readings.table_rows(names), None)
        certificates = pool.submit(read, "certificates", readings.newest_certificates, None)
        freshness = pool.submit(read, "freshness", readings.freshness, dict[str, list[float]]())
        unmerged = pool.submit(read, "open batches", readings.unmerged, None)
        alarms = pool.submit(read, "alarms", readings.alarms, list[dict[str, Any]]())
        depths = pool.submit(read, "queues", readings.depths, dict[str, int]())
        jobs = pool.submit(read, "jobs", readings.failed_jobs, dict[str, str]())
    lines = overview.dataset_lines(
        names,
        counts=counts.result(),
        rows=rows.result(),
        certificates=certificates.result(),
        freshness=freshness.result(),
        unmerged=unmerged.result(),
        now=datetime.now(UTC),
    )
    prefix = readings.target.output("TablePrefix")
    wrong = overview.what_is_wrong(
        lines,
        alarms=overview.alarm_list(alarms.result(), prefix),
        unmerged=unmerged.result() or [],
        dead_letters=depths.result().get("dead_letters", 0),
        failed_jobs=jobs.result(),
    )
    return lines, [*failed, *wrong]


def to_json(wrong: Sequence[Wrong], lines: Sequence[DatasetLine], state: StackState | None) -> dict[str, Any]:
    """What is wrong, the datasets without their trends and, of the local stack, its state."""
    datasets = [asdict(line) for line in lines]
    for one in datasets:
        del one["trend"]
    return {
        "wrong": [asdict(one) for one in wrong],
        "datasets": datasets,
        **({} if state is None else state.to_dict()),
    }
