"""Compares the lake's tables in the catalog with the contracts, before they are deployed.

The rules are those by which the check job changes the tables (`expectations.evolution`), so what is refused
here is what would stop a dataset there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import IsNull, Reference
from pyiceberg.types import IcebergType, ListType, NestedField, StructType, TimestamptzType

from expectations.contract import Column
from expectations.declared import Declared
from expectations.evolution import Addition, Declaration, LiveTable, Plan, partition, plan
from expectations.problems import GluelineError
from workflows.query.catalog import lake_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

    from expectations.contract import Contract
    from expectations.evolution import TableChange
    from workflows.stack.target import Target


class ContractsRefused(GluelineError):
    """Raised when live data can't follow its contracts; the message has all reasons."""

    def __init__(self, refusals: Iterable[str]) -> None:
        reasons = dict.fromkeys(refusals)
        super().__init__("\n".join(("The live tables can't be changed to match the contracts.", *reasons)))


def compare(target: Target, contracts: Mapping[str, Contract]) -> dict[str, Plan]:
    """The changes that each existing table needs, by table.

    Raises ContractsRefused if one is not possible.
    """
    found = plans(target, contracts)
    if refusals := [refusal for one in found.values() for refusal in one.refusals]:
        raise ContractsRefused(refusals)
    return found


def plans(target: Target, contracts: Mapping[str, Contract]) -> dict[str, Plan]:
    """The changes that each existing table needs and those that are refused, by table."""
    catalog, database = lake_catalog(target), target.output("LakeDatabase")
    return {
        name: planned
        for contract in contracts.values()
        for name, planned in _plans(catalog, database, contract)
    }


def live(table: Table) -> LiveTable:
    """A table in the form that `expectations.evolution` compares."""
    schema = table.schema()
    columns = tuple(_column(field) for field in schema.fields if not field.name.startswith("_"))
    partitions = tuple(
        partition(str(schema.find_column_name(field.source_id)), str(field.transform))
        for field in table.spec().fields
    )
    return LiveTable(columns, partitions, Declared.from_properties(table.properties))


def describe(change: TableChange) -> str:
    """A change in words."""
    if isinstance(change, Declaration):
        return "stores the order, required columns and aliases of its contract"
    path = ".".join(change.path)
    if isinstance(change, Addition):
        return f"adds {path} {change.column.type}"
    return f"widens {path} to {change.column.type}"


def has_null(table: Table, column: str) -> bool:
    """Whether a row of the table has no value in a column. File statistics answer for most files, unread."""
    lacking = table.scan(row_filter=IsNull(term=Reference(column)), selected_fields=(column,), limit=1)
    return bool(lacking.to_arrow().num_rows)


def _plans(catalog: Catalog, database: str, contract: Contract) -> Iterable[tuple[str, Plan]]:
    tables = dict(_tables(catalog, database, contract))
    rows = tables.get(contract.dataset)
    for name, table in tables.items():
        yield name, plan(live(table), contract, lambda column: rows is not None and has_null(rows, column))


def _tables(catalog: Catalog, database: str, contract: Contract) -> Iterable[tuple[str, Table]]:
    for name in (contract.dataset, f"{contract.dataset}_changes"):
        try:
            yield name, catalog.load_table((database, name))
        except NoSuchTableError:
            continue


def _column(field: NestedField) -> Column:
    kind = field.field_type
    inner: tuple[Column, ...] = ()
    if isinstance(kind, StructType):
        inner = tuple(map(_column, kind.fields))
    elif isinstance(kind, ListType):
        inner = (_column(kind.element_field),)
    return Column(field.name, _spelled(kind), field.required, inner)


def _spelled(kind: IcebergType) -> str:
    """The type in the spelling of contracts, whose timestamps have a zone."""
    return "timestamp" if isinstance(kind, TimestamptzType) else str(kind).replace(", ", ",")
