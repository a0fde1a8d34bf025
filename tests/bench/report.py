"""What a part of the bench reports: tables for eyes, and the same as JSON for who computes with it."""

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
    """Raised when what was measured did not do what it should: a fast wrong answer is worth nothing."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that have the same columns; names of columns say their units."""

    name: str
    rows: Sequence[Row]


@dataclass(slots=True)
class Report:
    """The tables of one part, and what is to be known to read them."""

    part: str
    notes: Sequence[str] = ()
    tables: list[Table] = field(default_factory=list)

    def add(self, name: str, rows: Iterable[Row]) -> None:
        """Print and write a table at once: a long bench shows how far it is, and keeps it if broken off."""
        table = Table(name, list(rows))
        self.tables.append(table)
        self.write()
        Console(width=None if sys.stdout.isatty() else 140).print(_grid(table))

    @property
    def path(self) -> Path:
        return RESULTS / f"{self.part}.json"

    def write(self) -> None:
        """Write `<part>.json`. Tables that only an earlier run made stay in it: sizes may run apart."""
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
    """A table as an earlier run has written it."""
    rows: list[dict[str, Any]] = json.loads((RESULTS / f"{part}.json").read_text())["tables"][name]
    return rows


def machine() -> Row:
    """What figures of different runs have to agree in before they may be compared."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[2], 1),  # of the last quarter of an hour, this run among it
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
