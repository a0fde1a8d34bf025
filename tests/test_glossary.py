"""The glossary defines every column of Glueline's tables, every metric and every command."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from typer.main import get_command

from expectations.spark_schema import CHANGES_BOOKKEEPING, ITEM_BOOKKEEPING, TABLE_BOOKKEEPING
from jobs.erasure import record
from jobs.lake import creation
from jobs.maintenance import log
from jobs.parity import tables
from jobs.runtime import metrics
from workflows.cli import app

GLOSSARY = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text()
DDL = [*creation.OPS_TABLES.values(), record.COLUMNS, log.COLUMNS, tables.RESULT]


def defined(section: str) -> list[str]:
    """The names in the first cells of a section's table."""
    table = GLOSSARY.partition(f"## {section}\n")[2].partition("\n## ")[0]
    cells = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| `")]
    return [name.removeprefix("glueline ") for cell in cells for name in re.findall("`([^`]+)`", cell)]


def columns() -> Iterator[str]:
    yield from TABLE_BOOKKEEPING.fieldNames()
    yield from CHANGES_BOOKKEEPING.fieldNames()
    yield from ITEM_BOOKKEEPING
    for ddl in DDL:
        yield from (column.split()[0] for column in re.split(r",(?![^<]*>)", ddl))


def test_every_column_is_defined_once() -> None:
    named = defined("Columns")

    assert set(columns()) - set(named) == set()
    assert len(named) == len(set(named))


def test_every_metric_of_the_jobs_is_defined_once() -> None:
    named = defined("Metrics")

    assert set(get_args(metrics.Name.__value__)) - set(named) == set()
    assert len(named) == len(set(named))


def test_every_command_is_defined_once() -> None:
    commands = set(getattr(get_command(app), "commands", ()))

    assert commands == set(defined("Commands"))


def test_no_term_is_defined_twice() -> None:
    terms = re.findall(r"^\| ([^`|]+) \|", GLOSSARY.partition("## Columns")[0], re.MULTILINE)

    assert len(terms) == len(set(terms)) > 40
