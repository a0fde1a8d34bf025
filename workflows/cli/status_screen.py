"""The screen of `glueline status`: lines for 80 columns and 24 rows, made of what was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from workflows.console.views.overview import Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

    from workflows.console.views.overview import DatasetLine
    from workflows.local.lifecycle.status import StackState

MOST_WRONGS: Final = 6  # of a screen of 24 lines
MOST_DATASETS: Final = 6
_MOST_RUNS: Final = 2
_STYLES: Final = {"good": "green", "warn": "yellow", "bad": "red", "none": "dim"}
_TONES: Final = ("bad", "warn", "none", "good")  # the worst first


def wrong_here(state: StackState) -> list[Wrong]:
    """What is wrong with the processes of the local stack."""
    if not state.running:
        if state.processes:
            left = f"no stack is ready, but processes run: {_processes(state)}"
            return [Wrong(left, "make down, unless make up is running")]
        return [Wrong("no stack is running", "make up")]
    found = []
    for name, spark in (("Spark", state.spark), ("Spark of the streaming job", state.streaming)):
        if spark is not None and spark.state == "failed":
            found.append(Wrong(f"{name} failed: {spark.message}", "glueline down --keep, glueline up"))
    newest = next(iter(state.streaming_runs), None)
    if newest is not None and newest.state in ("FAILED", "ERROR", "TIMEOUT"):
        found.append(Wrong(f"the last run of {newest.job} failed: {newest.error}", "glueline batches list"))
    return found


def lines_of(state: StackState) -> list[str]:
    """Where the local stack runs, its last runs, and where its logs are."""
    logs = f"Logs: {state.logs['folder']}"
    if not state.running:
        return [logs]
    timing = ", AWS's batching windows" if state.as_aws else ""
    spark = f", Spark is {state.spark.state}" if state.spark else ""
    if state.streaming is not None and state.mode == "continuous":
        spark += f", its streaming {state.streaming.state}"
    runs = [
        f"{run.workflow} {run.status} {run.started[11:19]}"
        + ("" if run.seconds is None else f" ({run.seconds:.0f} s)")
        + (f": {jobs}" if (jobs := ", ".join(f"{job} {how}" for job, how in run.jobs.items())) else "")
        for run in state.workflow_runs[:_MOST_RUNS]
    ]
    runs += [
        f"{run.job} {run.state} {run.started[11:19]} {run.error}" for run in state.streaming_runs[:_MOST_RUNS]
    ]
    return [
        f"{state.endpoint_url} since {(state.started_at or '')[:19]}",
        f"Ingest mode: {state.mode}{spark}{timing}",
        *(f"Run: {run}" for run in runs[:_MOST_RUNS]),
        logs,
    ]


def _processes(state: StackState) -> str:
    return ", ".join(f"{pid} {name}" for pid, name in state.processes.items())


def screen(wrong: Sequence[Wrong], lines: Sequence[DatasetLine], where: Sequence[str]) -> RenderableType:
    """The answer in the first line, what is wrong, the datasets, where it runs."""
    parts: list[RenderableType] = [_answer(wrong, lines), _WrongLines(wrong)]
    if lines:
        parts += [Text(), _datasets(lines)]
    return Group(*parts, Text(), *(_line(text) for text in where), _line(_next(wrong), "bold"))


def _answer(wrong: Sequence[Wrong], lines: Sequence[DatasetLine]) -> Text:
    if wrong:
        return Text(f"{len(wrong)} things are wrong:" if len(wrong) > 1 else "1 thing is wrong:", "bold red")
    rejected = sum(line.quarantined_today or 0 for line in lines)
    more = f" {rejected:,} rows were quarantined today (glueline console shows why)." if rejected else ""
    return Text(f"Nothing is wrong.{more}", "bold green")


@dataclass(frozen=True, slots=True)
class _WrongLines:
    """What is wrong, cut so that each command is shown whole."""

    wrong: Sequence[Wrong]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        shown = self.wrong[:MOST_WRONGS]
        room = options.max_width - 2 - max((len(one.do) for one in shown), default=0)
        texts = [Text(f"  {' '.join(one.what.split())}", "red") for one in shown]
        widest = min(room, max((text.cell_len for text in texts), default=0))
        for text, one in zip(texts, shown, strict=True):
            text.truncate(widest, overflow="ellipsis", pad=True)
            yield Text.assemble(text, "  ", (one.do, "bold"))
        if (more := len(self.wrong) - MOST_WRONGS) > 0:
            yield Text(f"  and {more:,} more: glueline status --json")


def _datasets(lines: Sequence[DatasetLine]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for name, justify in (("dataset", "left"), ("health", "left"), ("rows", "right"), ("fresh p95", "right")):
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for name in ("accepted", "rejected", "verified"):
        table.add_column(name, justify="right", no_wrap=True, overflow="ellipsis")
    table.add_row(*(Text(str(column.header), "dim") for column in table.columns))
    worst = sorted(lines, key=lambda line: (_TONES.index(line.health.tone), line.dataset))
    for line in worst[:MOST_DATASETS]:
        table.add_row(
            Text(line.dataset),
            Text(line.health.word, _STYLES[line.health.tone]),
            "-" if line.rows is None else f"{line.rows:,}",
            "-" if line.freshness_p95 is None else f"{line.freshness_p95:.0f} s",
            "-" if line.accepted_today is None else f"{line.accepted_today:,}",
            "-" if line.quarantined_today is None else f"{line.quarantined_today:,}",
            "-" if line.verified_through is None else f"{line.verified_through:%m-%d %H:%M}",
        )
    left = worst[MOST_DATASETS:]
    if not left:
        return table
    good = "all good" if all(line.health.tone == "good" for line in left) else "glueline status --json"
    return Group(table, Text(f"and {len(left):,} more datasets: {good}"))


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _next(wrong: Sequence[Wrong]) -> str:
    return f"Next: {wrong[0].do}" if wrong else "Next: glueline console (to see more)"
