"""The report of a part of the bench: tables for people, and the same as JSON for programs."""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table as Grid

RESULTS = Path(__file__).parent / "results"

type Cell = str | int | float | None
type Row = dict[str, Cell]


class WrongResult(Exception):
    """Raised when the measured work had a wrong result."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with the same columns, whose names contain their units."""

    name: str
    rows: Sequence[Row]


@dataclass(slots=True)
class Report:
    """The tables of one part, with notes."""

    part: str
    notes: Sequence[str] = ()
    tables: list[Table] = field(default_factory=list)

    def add(self, name: str, rows: Iterable[Row]) -> None:
        """Print and write a table at once, so that it is kept if a long bench is stopped."""
        table = Table(name, list(rows))
        self.tables.append(table)
        self.write()
        Console(width=None if sys.stdout.isatty() else 140).print(_grid(table))

    @property
    def path(self) -> Path:
        return RESULTS / f"{self.part}.json"

    def write(self) -> None:
        """Write `<part>.json`. Tables of earlier runs are kept, because sizes may be run separately."""
        RESULTS.mkdir(exist_ok=True)
        earlier = json.loads(self.path.read_text())["tables"] if self.path.exists() else {}
        document = {
            "part": self.part,
            "measured": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "notes": list(self.notes),
            "tables": earlier | {table.name: table.rows for table in self.tables},
        }
        self.path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_table(part: str, name: str) -> list[dict[str, Any]]:
    """A table that an earlier run has written."""
    rows: list[dict[str, Any]] = json.loads((RESULTS / f"{part}.json").read_text())["tables"][name]
    return rows


def machine() -> Row:
    """The machine; results of different machines can't be compared."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[2], 1),  # of the last 15 minutes, including this run
    }


def expect(what: str, expected: object, got: object) -> None:
    """Raise WrongResult unless the two are equal."""
    if expected != got:
        raise WrongResult(f"{what}: expected {expected}, got {got}")


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def middle(values: Iterable[float], digits: int = 3) -> float:
    """The median, rounded."""
    return round(median(values), digits)


def _grid(table: Table) -> Grid:
    columns = list(dict.fromkeys(name for row in table.rows for name in row))
    grid = Grid(title=table.name.replace("_", " "), title_justify="left", title_style="bold")
    for name in columns:
        is_text = any(isinstance(row.get(name), str) for row in table.rows)
        grid.add_column(name.replace("_", " "), justify="left" if is_text else "right")
    for row in table.rows:
        grid.add_row(*(_shown(row.get(name)) for name in columns))
    return grid


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return "-"
        case float():
            return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.4g}"
        case int():
            return f"{cell:,}"
    return cell
