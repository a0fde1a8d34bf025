"""The screen of `glueline status`: the answer first, and all of it in 80 columns and 24 rows."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.console import Console

from tests.workflows.local.lifecycle.test_status import STARTED, STATE
from workflows.cli.status_screen import lines_of, screen, wrong_here
from workflows.console.views.overview import DatasetLine, Health, Wrong
from workflows.local.lifecycle.status import StackState, StreamingRunState
from workflows.local.spark.state import SparkState

if TYPE_CHECKING:
    from collections.abc import Sequence

GOOD: Final = DatasetLine(
    dataset="products",
    health=Health("good", "good", "Merged, and verified against DynamoDB."),
    rows=92353,
    freshness_p50=4.0,
    freshness_p95=6.2,
    verified_through=datetime(2026, 11, 24, 12, tzinfo=UTC),
    accepted_today=4300,
    quarantined_today=0,
)
ENDED: Final = StreamingRunState(
    "follow", "jr_0123456789abcdef", "FAILED", STARTED, 61.5, "Spark died (SIGKILL)"
)


def shown(
    wrong: Sequence[Wrong] = (), lines: Sequence[DatasetLine] = (GOOD,), state: StackState = STATE
) -> list[str]:
    written = io.StringIO()
    Console(file=written, width=80).print(screen(wrong, lines, lines_of(state)))
    return written.getvalue().splitlines()


def test_a_good_stack_says_so_first_and_then_shows_each_dataset_and_where_it_runs() -> None:
    lines = shown()

    assert lines[0] == "Nothing is wrong."
    assert lines[2].split("  ")[0] == "dataset"
    assert lines[3].split() == ["products", "good", "92,353", "6", "s", "4,300", "0", "11-24", "12:00"]
    assert lines[-5:] == [
        "http://127.0.0.1:4566 since 2026-11-24T12:00:00",
        "Ingest mode: workflow, Spark is ready",
        "Run: ingest RUNNING 12:00:00: check SUCCEEDED, merge -",
        "Logs: /logs",
        "Next: glueline console (to see more)",
    ]


def test_rows_in_quarantine_are_counted_and_are_not_wrong() -> None:
    [first, *_] = shown(lines=[replace(GOOD, quarantined_today=12)])

    assert first == "Nothing is wrong. 12 rows were quarantined today (glueline console shows why)."


def test_what_is_wrong_comes_with_the_command_that_deals_with_it() -> None:
    lines = shown([Wrong("48 dead letters", "glueline redrive --dry-run")])

    assert lines[0] == "1 thing is wrong:"
    assert lines[1].split("  ")[1:] == ["48 dead letters", "glueline redrive --dry-run"]
    assert lines[-1] == "Next: glueline redrive --dry-run"


def test_a_stack_of_200_datasets_with_much_that_is_wrong_fits_on_a_screen() -> None:
    datasets = [
        replace(GOOD, dataset=f"a_dataset_with_a_rather_long_name_{number}", rows=10**12)
        for number in range(200)
    ]
    bad = replace(GOOD, dataset="orders", health=Health("bad", "drift", "Keys differ."))
    wrong = [
        Wrong(f"something {number} " + "[red] is wrong\n" * 20, "glueline redrive --dry-run")
        for number in range(30)
    ]
    streaming = replace(
        STATE,
        mode="continuous",
        as_aws=True,
        streaming=SparkState("running"),
        streaming_runs=[replace(ENDED, error="x" * 300)] * 9,
        workflow_runs=STATE.workflow_runs * 9,
    )

    lines = shown(wrong, [*datasets, bad], streaming)

    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert lines[0] == "30 things are wrong:"
    assert lines[1].endswith("…  glueline redrive --dry-run")
    assert any(line.startswith("orders") for line in lines)  # the worst is among the few that are shown
    assert "  and 24 more: glueline status --json" in lines
    assert any(line.startswith("and 195 more datasets") for line in lines)


def test_a_stopped_stack_is_wrong_and_says_how_to_start_it() -> None:
    stopped = StackState(False, {"folder": "/logs"})
    left = replace(stopped, processes={7: "java"})

    assert wrong_here(stopped) == [Wrong("no stack is running", "make up")]
    assert shown(wrong_here(stopped), (), stopped) == [
        "1 thing is wrong:",
        "  no stack is running  make up",
        "",
        "Logs: /logs",
        "Next: make up",
    ]
    assert wrong_here(left)[0].what == "no stack is ready, but processes run: 7 java"


def test_a_spark_that_failed_and_a_streaming_run_that_failed_are_wrong() -> None:
    assert wrong_here(STATE) == []
    no_spark = replace(STATE, spark=SparkState("failed", message="no Java"))
    assert [one.what for one in wrong_here(no_spark)] == ["Spark failed: no Java"]
    begun = replace(ENDED, state="RUNNING")
    assert wrong_here(replace(STATE, streaming_runs=[begun, ENDED])) == []
    [found] = wrong_here(replace(STATE, streaming_runs=[ENDED]))
    assert found.what == "the last run of follow failed: Spark died (SIGKILL)"


def test_continuous_mode_shows_what_its_spark_does_and_its_last_runs() -> None:
    state = replace(
        STATE,
        mode="continuous",
        streaming=SparkState("running"),
        streaming_runs=[ENDED],
        workflow_runs=[],
        as_aws=True,
    )

    lines = shown(state=state)

    assert (
        "Ingest mode: continuous, Spark is ready, its streaming running, AWS's batching windows"[:79] + "…"
        in lines
    )
    assert "Run: follow FAILED 12:00:00 Spark died (SIGKILL)" in lines
