"""A lake of a few baskets, products and households, of which the answers of Athena's engine were taken."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from tests.workflows.query.tables import Lake, ScannedTable

_PRICE: Final = pa.decimal128(10, 2)
_TIME: Final = pa.timestamp("us", "UTC")
_PRODUCTS: Final = pa.schema({
    "product_id": pa.int64(), "manufacturer_id": pa.int32(), "department": pa.string(), "brand": pa.string(),
    "product_category": pa.string(), "product_type": pa.string(), "package_size": pa.string(),
})  # fmt: skip
_TRANSACTIONS: Final = pa.schema({
    "basket_id": pa.int64(), "product_id": pa.int64(), "household_id": pa.int64(), "store_id": pa.int32(),
    "quantity": pa.int32(), "sales_value": _PRICE, "retail_disc": _PRICE, "week": pa.int32(),
    "transaction_timestamp": _TIME, "status": pa.string(), "updated_at": _TIME,
})  # fmt: skip
_HOUSEHOLDS: Final = pa.schema({
    "household_id": pa.int64(), "age": pa.string(), "income": pa.string(), "home_ownership": pa.string(),
    "marital_status": pa.string(), "household_size": pa.string(), "household_comp": pa.string(),
    "kids_count": pa.string(),
})  # fmt: skip


def _price(text: str) -> Decimal:
    return Decimal(text)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _table(schema: pa.Schema, *rows: tuple[Any, ...]) -> ScannedTable:
    return ScannedTable(
        pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
    )


def baskets() -> Lake:
    """The tables of database `lake`."""
    morning, night, march = (
        _time("2017-01-01 11:53:26"),
        _time("2017-01-01 23:30:00"),
        _time("2017-03-05 04:15:00"),
    )
    tables = {
        "products": _table(
            _PRODUCTS,
            (25671, 2, "GROCERY", "National", "FRZN ICE", "ICE - CRUSHED/CUBED", "22 LB"),
            (26081, 2, "MISCELLANEOUS", "National", None, None, None),
            (26093, 69, "PASTRY", "Private", "BREAD", "BREAD:ITALIAN/FRENCH", None),
            (26190, 69, "GROCERY", "Private", "FRUIT - SHELF STABLE", "APPLE SAUCE", "50 OZ"),
        ),
        "transactions": _table(
            _TRANSACTIONS,
            (31198570044, 25671, 900, 330, 1, _price("0.50"), _price("0.00"), 1, morning, "settled",
             _time("2017-01-01 12:53:25")),
            (31198570044, 26093, 900, 330, 2, _price("1.00"), _price("0.10"), 1, morning, "pending",
             _time("2017-01-02 10:00:00")),
            (31198570047, 25671, 1228, 406, 7, _price("3.33"), _price("0.00"), 1, night, "settled",
             _time("2017-01-02 00:15:00")),
            (31198570049, 26190, 1228, 406, 3, _price("10.00"), _price("1.00"), 9, march, "corrected",
             _time("2017-03-05 05:00:00")),
            (31198570049, 26081, 7, 406, 2, _price("2.05"), _price("0.00"), 9, march, "pending",
             _time("2017-03-06 04:15:00")),
        ),
        "households": _table(
            _HOUSEHOLDS,
            (7, "35-44", "35-49K", "Homeowner", "Married", "2", "2 Adults No Kids", "0"),
            (900, "65+", "Under 15K", None, None, "1", "1 Adult No Kids", "0"),
            (1228, "45-54", "100-124K", "Renter", "Unmarried", "5+", "2 Adults Kids", "3+"),
        ),
    }  # fmt: skip
    lake = Lake()
    lake.tables = {("lake", name): table for name, table in tables.items()}
    return lake
