"""Which tables a statement reads, which of their columns, and at which snapshot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType, StructType

from tests.workflows.query.tables import Lake, ScannedTable
from workflows.query.dialect.errors import QueryError
from workflows.query.dialect.parser import parse
from workflows.query.local_engine import query_here
from workflows.query.sources import sources_of

if TYPE_CHECKING:
    from pyiceberg.expressions import BooleanExpression

SHOPS = pa.table({"id": [1], "address": pa.array([{"city": "Bonn", "zip": "53111"}])})


class VersionedTable(ScannedTable):
    """A table with one old snapshot, 7, that was current until the year 2026."""

    def schema(self) -> Schema:
        text = StringType()
        address = StructType(NestedField(3, "city", text), NestedField(4, "zip", text))
        return Schema(NestedField(1, "id", LongType()), NestedField(2, "address", address))

    def snapshot_by_id(self, number: int) -> Any:
        return SimpleNamespace(snapshot_id=7) if number == 7 else None

    def snapshot_as_of_timestamp(self, milliseconds: int) -> Any:
        return SimpleNamespace(snapshot_id=7) if milliseconds < 1_767_225_600_000 else None

    def name(self) -> tuple[str, ...]:
        return ("lake", "shops")

    def scan(
        self, row_filter: BooleanExpression, selected_fields: tuple[str, ...], snapshot_id: int | None = None
    ) -> Any:
        self.snapshot = snapshot_id
        return super().scan(row_filter, selected_fields)


@pytest.fixture
def shops() -> VersionedTable:
    return VersionedTable(SHOPS)


@pytest.fixture
def lake(shops: VersionedTable) -> Any:
    lake = Lake()
    lake.tables[("lake", "shops")] = shops
    return lake


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select 1", []),
        ("select * from A join ops.b on true", ["lake.a", "ops.b"]),
        ("with a as (select * from a) select * from a", ["lake.a"]),
        ("with recursive n(i) as (select 1 union all select i + 1 from n where i < 3) select * from n", []),
        (
            "select * from a where x in (select y from b) union select 1 from c",
            ["lake.a", "lake.b", "lake.c"],
        ),
        ("select * from a cross join unnest(a.x) as t(y)", ["lake.a"]),
    ],
)
def test_the_tables_of_a_statement_are_those_that_no_with_clause_hides(sql: str, tables: list[str]) -> None:
    assert sorted(f"{source.database}.{source.name}" for source in sources_of(parse(sql), "lake")) == tables


def test_a_field_of_a_struct_is_selected_by_its_path(lake: Any, shops: VersionedTable) -> None:
    table, _ = query_here(lake, "select address.city from shops where shops.address.zip = '53111'", "lake")

    assert table.to_pylist() == [{"city": "Bonn"}]
    assert shops.reads == [("address",)]


@pytest.mark.parametrize(
    "version", ["VERSION AS OF 7", "TIMESTAMP AS OF timestamp '2025-06-01 00:00:00 UTC'"]
)
def test_an_older_snapshot_is_read_where_the_statement_asks_for_it(
    lake: Any, shops: VersionedTable, version: str
) -> None:
    table, _ = query_here(lake, f"select id from shops FOR {version}", "lake")

    assert table.num_rows == 1
    assert shops.snapshot == 7


def test_a_snapshot_that_is_not_kept_is_named(lake: Any) -> None:
    with pytest.raises(QueryError, match=r'The snapshots that are kept are the rows of "shops\$snapshots"'):
        query_here(lake, "select id from shops for version as of 8", "lake")
