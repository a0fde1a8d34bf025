"""The parts of a contract that its tables' columns do not show, stored as a table property.

These are the column that orders the rows, the required columns, and the aliases: existing rows were accepted
under them. Standard library only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from expectations.contract import Column, Contract

DECLARED = "glueline.contract"  # the table property


@dataclass(frozen=True, slots=True)
class Declared:
    """The parts of a contract that its tables' columns do not show."""

    sequence_column: str | None
    required: tuple[str, ...]  # dotted paths of required columns and fields, sorted
    aliases: tuple[tuple[str, str], ...] = ()  # alias, column; sorted

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """These parts of the contract."""
        aliases = {alias: column.name for column in contract.columns for alias in column.aliases}
        required = (path for path, column in column_paths(contract.columns) if column.required)
        return cls(contract.sequence_column, tuple(sorted(required)), tuple(sorted(aliases.items())))

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> Self | None:
        """What the table's properties say; None if the table was created before the property existed."""
        if DECLARED not in properties:
            return None
        stored = json.loads(properties[DECLARED])
        aliases = tuple(sorted(stored["aliases"].items()))
        return cls(stored["sequenceColumn"], tuple(stored["required"]), aliases)

    def to_json(self) -> str:
        """The value of the table property."""
        stored = {
            "sequenceColumn": self.sequence_column,
            "required": self.required,
            "aliases": dict(self.aliases),
        }
        return json.dumps(stored)


def column_paths(columns: Sequence[Column], parent: str = "") -> Iterator[tuple[str, Column]]:
    """Every column and nested field with its dotted path; the element of a list is named `element`."""
    for column in columns:
        yield f"{parent}{column.name}", column
        yield from column_paths(column.fields, f"{parent}{column.name}.")
