"""Damage of a table outside the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from workflows.query.catalog import lake_catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflows.stack.target import Target

ADDED: Final = 999_999  # a product that nobody sold


def damage_lines(
    target: Target, lost: Mapping[str, Any], altered: Mapping[str, Any], aged: Mapping[str, Any]
) -> None:
    """Damage three rows of `transactions` in these ways, and add one: the first with the product `ADDED`."""
    table = lake_catalog(target).load_table("lake.transactions")

    def row(line: Mapping[str, Any]) -> pa.Table:
        return table.scan(row_filter=_key_of(line)).to_arrow()

    damaged = [
        _with(row(lost), "product_id", ADDED),
        _with(row(altered), "quantity", 1_000),
        _with(row(aged), "_version", 1),
    ]
    assert [rows.num_rows for rows in damaged] == [1, 1, 1]
    table.delete(" or ".join(f"({_key_of(line)})" for line in (lost, altered, aged)))
    table.append(pa.concat_tables(damaged))


def _key_of(line: Mapping[str, Any]) -> str:
    return f"basket_id == {line['basket_id']} and product_id == {line['product_id']}"


def _with(rows: pa.Table, column: str, value: int) -> pa.Table:
    index = rows.schema.get_field_index(column)
    changed = pc.cast(pa.array([value] * rows.num_rows), rows.schema.field(column).type)
    return rows.set_column(index, rows.schema.field(column), changed)
