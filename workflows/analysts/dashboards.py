"""Contracts -> one dashboard for each dataset: totals, measures over time, and measures by dimension.

Pure: what is shown is decided here, once. Each chart has its SQL in Athena's dialect, which `glueline query`
and Athena answer alike, and `workflows.analysts.quicksight` draws the same charts in QuickSight.

A measure is a column with a declared aggregate, or a number with a fraction. A dimension is a declared one, a
text or a boolean; the dimensions of a referenced dataset count too. Keys are neither, and columns that are
classified as restricted are never shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from expectations.odcs.semantics import NONE, NUMBERS, SUM
from workflows.analysts.datasets import is_restricted, references, time_column

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from expectations.contract import Column
    from expectations.odcs.semantics import Reference
    from workflows.analysts.datasets import Dataset

type Kind = Literal["number", "line", "bar"]

MOST_BARS: Final = 20
MOST_DIMENSIONS: Final = 8  # that have charts; more make no overview
MOST_MEASURES: Final = 16  # beside the number of rows: a sheet of QuickSight has at most 50 visuals
ROWS: Final = "rows"
PERIOD: Final = "month"
_FRACTIONS: Final = ("decimal", "double", "float")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a group of rows. `column` is None for the number of rows."""

    name: str
    column: str | None
    aggregate: str

    def sql(self, alias: str) -> str:
        """The expression over the table with this alias."""
        return "count(*)" if self.column is None else f'{self.aggregate}({alias}."{self.column}")'


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are grouped by: a column of the dataset or, by a reference, of another one."""

    column: str
    is_number: bool = False
    reference: Reference | None = None

    @property
    def name(self) -> str:
        """Unique within a dashboard."""
        return self.column if self.reference is None else f"{self.reference.dataset}.{self.column}"


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. `sql` has a column for each of its axes: `period` or `dimension`, and `value`."""

    kind: Kind
    title: str
    measure: Measure
    sql: str
    dimension: Dimension | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The dashboard of one dataset."""

    dataset: str
    title: str
    time: str | None
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    charts: tuple[Chart, ...]


def dashboards(datasets: Sequence[Dataset], database: str) -> list[Dashboard]:
    """A dashboard for each dataset, over the tables of the database."""
    return [dashboard(dataset, list(datasets), database) for dataset in datasets]


def dashboard(dataset: Dataset, known: list[Dataset], database: str) -> Dashboard:
    """The dashboard of one dataset; `known` are those that it may refer to."""
    contract = dataset.contract
    time = time_column(contract)
    counted, *others = measures = (Measure(ROWS, None, "count"), *_measures(dataset)[:MOST_MEASURES])
    dimensions = (*_dimensions(dataset), *_referenced(dataset, known))[:MOST_DIMENSIONS]
    table = f'"{database}"."{contract.dataset}" t'
    charts = [
        Chart("number", _words(one.name), one, f"select {one.sql('t')} as value from {table}")  # noqa: S608 -- names of contracts
        for one in measures
    ]
    if time is not None:
        charts += [_over_time(one, time.name, table) for one in measures]
    # One measure by each dimension: an amount if there is one, else another number, else the number of rows.
    amounts = [one for one in others if one.column and contract.column(one.column).kind in _FRACTIONS]
    by = next(iter([*amounts, *others, counted]))
    charts += [_by_dimension(by, one, table, database) for one in dimensions]
    name = time.name if time else None
    return Dashboard(contract.dataset, _words(contract.dataset), name, measures, dimensions, tuple(charts))


def _measures(dataset: Dataset) -> list[Measure]:
    declared = dataset.semantics.measures
    found = []
    for column in _shown(dataset):
        by_type = SUM if column.kind in _FRACTIONS else NONE
        aggregate = declared.get(column.name, by_type)  # the least text is no number to draw
        if column.kind in NUMBERS and aggregate != NONE and column.name not in dataset.semantics.dimensions:
            found.append(Measure(column.name, column.name, aggregate))
    return found


def _dimensions(dataset: Dataset) -> list[Dimension]:
    semantics = dataset.semantics
    return [
        Dimension(column.name, column.kind in NUMBERS)
        for column in _shown(dataset)
        if column.name in semantics.dimensions
        or (column.kind in ("string", "boolean") and column.name not in semantics.measures)
    ]


def _referenced(dataset: Dataset, known: list[Dataset]) -> list[Dimension]:
    """The dimensions of the rows that the dataset's rows refer to by their key."""
    by_name = {one.name: one for one in known}
    return [
        Dimension(one.column, one.is_number, reference)
        for reference in references(dataset, known)
        if set(reference.to) == set(by_name[reference.dataset].contract.key)
        for one in _dimensions(by_name[reference.dataset])
    ]


def _shown(dataset: Dataset) -> list[Column]:
    return [
        column
        for column in dataset.contract.columns
        if column.name not in dataset.contract.key
        and not is_restricted(column)
        and (column.kind in ("string", "boolean") or column.kind in NUMBERS)
    ]


def _over_time(measure: Measure, time: str, table: str) -> Chart:
    period = f"date_trunc('{PERIOD}', t.\"{time}\")"
    sql = f"select {period} as period, {measure.sql('t')} as value from {table} group by 1 order by 1"  # noqa: S608 -- names of contracts
    return Chart("line", f"{_words(measure.name)} by {PERIOD}", measure, sql)


def _by_dimension(measure: Measure, dimension: Dimension, table: str, database: str) -> Chart:
    source, alias = table, "t"
    if dimension.reference is not None:
        source, alias = f"{table} {join(dimension.reference, database, 'r')}", "r"
    sql = (
        f'select {alias}."{dimension.column}" as dimension, {measure.sql("t")} as value from {source} '  # noqa: S608 -- names of contracts
        f"group by 1 order by 2 desc, 1 limit {MOST_BARS}"
    )
    return Chart("bar", f"{_words(measure.name)} by {_words(dimension.name)}", measure, sql, dimension)


def join(reference: Reference, database: str, alias: str) -> str:
    """The join of the table `t` with the rows that it refers to, which may not all be there."""
    pairs = zip(reference.columns, reference.to, strict=True)
    on = " and ".join(f'{alias}."{to}" = t."{column}"' for column, to in pairs)
    return f'left join "{database}"."{reference.dataset}" {alias} on {on}'


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ").capitalize()
