"""A lake of two small tables in memory, which records what is read of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions.visitors import bind
from pyiceberg.io.pyarrow import expression_to_pyarrow, pyarrow_to_schema
from pyiceberg.table.name_mapping import NameMapping

if TYPE_CHECKING:
    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.schema import Schema

SALES = pa.table(
    {
        "product_id": [1, 1, 2],
        "day": ["2017-03-01", "2017-03-02", "2017-03-02"],
        "amount": pa.array([Decimal("1.10"), Decimal("2.20"), Decimal("3.30")], pa.decimal128(10, 2)),
    }
)
PRODUCTS = pa.table({"product_id": [1, 2], "department": ["GROCERY", "FLORAL"]})


@dataclass
class ScannedTable:
    """A table that records which columns and how many rows were read."""

    data: pa.Table
    reads: list[tuple[str, ...]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def schema(self) -> Schema:
        names, width = self.data.column_names, self.data.num_columns
        named = [
            {
                "field-id": number,
                "names": [name],
                "fields": [{"field-id": width + number, "names": ["element"]}],
            }
            for number, name in enumerate(names)
        ]
        return pyarrow_to_schema(self.data.schema, NameMapping.model_validate(named))

    def scan(self, row_filter: BooleanExpression, selected_fields: tuple[str, ...]) -> Any:
        rows = self.data.filter(expression_to_pyarrow(bind(self.schema(), row_filter, case_sensitive=True)))
        self.reads.append(selected_fields)
        self.rows.append(rows.num_rows)
        return SimpleNamespace(plan_files=list, to_arrow=lambda: rows.select(list(selected_fields)))


class Lake:
    """A catalog of tables in memory."""

    def __init__(self) -> None:
        self.tables = {
            ("lake", "sales"): ScannedTable(SALES),
            ("lake_ops", "products"): ScannedTable(PRODUCTS),
        }

    def load_table(self, identifier: tuple[str, str]) -> ScannedTable:
        if identifier not in self.tables:
            raise NoSuchTableError(str(identifier))
        return self.tables[identifier]

    def list_tables(self, database: str) -> list[tuple[str, str]]:
        return [identifier for identifier in self.tables if identifier[0] == database]
