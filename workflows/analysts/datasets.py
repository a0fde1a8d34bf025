"""The datasets of a folder of contracts as analysts see them: columns and rules, and what these mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from expectations.odcs.reader import contract_files, load_contracts
from expectations.odcs.semantics import Reference, Semantics, load_semantics

if TYPE_CHECKING:
    from pathlib import Path

    from expectations.contract import Column, Contract

RESTRICTED: Final = "restricted"
_NAMES: Final = {"long": "bigint", "float": "real", "binary": "varbinary", "string": "varchar"}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A contract and its semantics. `name` is that of its table."""

    contract: Contract
    semantics: Semantics = field(default_factory=Semantics)

    @property
    def name(self) -> str:
        return self.contract.dataset


def load_datasets(folder: Path | None = None) -> list[Dataset]:
    """The datasets of the contracts of a folder (default: those of the checkout). Raises ContractError."""
    contracts = load_contracts(folder)
    return [Dataset(contracts[path.stem], load_semantics(path)) for path in contract_files(folder)]


def references(dataset: Dataset, known: list[Dataset]) -> list[Reference]:
    """The dataset's references to columns that one of the known datasets has."""
    columns = {one.name: {column.name for column in one.contract.columns} for one in known}
    return [
        reference
        for reference in dataset.semantics.references
        if set(reference.to) <= columns.get(reference.dataset, set())
        and set(reference.columns) <= columns[dataset.name]
    ]


def time_column(contract: Contract) -> Column | None:
    """The time of a row for analysts: what it is partitioned by, else its first date or time; None without.

    The partition's time is that of what happened, and seldom changes. The sequence column is the last
    choice, as it changes with each version. A restricted column is none.
    """
    partitioned = [partition.column for partition in contract.partitions]
    times = [
        column
        for column in contract.columns
        if column.kind in ("timestamp", "date") and not is_restricted(column)
    ]
    times.sort(key=lambda one: (one.name not in partitioned, one.name == contract.sequence_column))
    return times[0] if times else None


def is_restricted(column: Column) -> bool:
    """Whether the values of a column, or of a field inside of it, are classified as restricted."""
    return (column.classification or "").lower() == RESTRICTED or any(map(is_restricted, column.fields))


def athena_type(column: Column) -> str:
    """The column's type in Athena's SQL.

    >>> from expectations.contract import Column
    >>> athena_type(Column("tags", "list<string>", fields=(Column("element", "string"),)))
    'array(varchar)'
    """
    if column.kind == "struct":
        inner = ", ".join(f"{part.name} {athena_type(part)}" for part in column.fields)
        return f"row({inner})"
    if column.kind == "list":
        return f"array({athena_type(column.fields[0])})"
    if column.kind == "timestamp":
        return "timestamp(6) with time zone"
    return _NAMES.get(column.kind, column.type)
