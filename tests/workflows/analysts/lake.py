"""A lake of a few rows of the project's datasets, in memory."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tests.workflows.query.tables import Lake, ScannedTable

UTC_TIME = pa.timestamp("us", "UTC")
PRODUCTS = pa.table(
    {
        "product_id": [1, 2],
        "manufacturer_id": [7, 8],
        "department": ["GROCERY", "FLORAL"],
        "brand": ["National", "Private"],
        "product_category": ["SOUP", None],
        "product_type": pa.array([None, None], pa.string()),
        "package_size": pa.array([None, None], pa.string()),
    }
)
HOUSEHOLDS = pa.table(
    {
        "household_id": [5],
        **{
            name: ["one"]
            for name in (
                "age", "income", "home_ownership", "marital_status", "household_size", "household_comp",
                "kids_count",
            )
        },
    }
)  # fmt: skip


def _sales() -> pa.Table:
    times = [datetime(2017, month, 3, 12, tzinfo=UTC) for month in (1, 1, 2)]
    money = pa.decimal128(10, 2)
    values = [Decimal("1.10"), Decimal("2.20"), Decimal("3.30")]
    none = [Decimal(0)] * 3
    return pa.table(
        {
            "basket_id": [1, 2, 3],
            "product_id": [1, 2, 3],  # the last is not among the products
            "household_id": [5, 5, 6],
            "store_id": pa.array([31, 31, 32], pa.int32()),
            "quantity": pa.array([1, 2, 3], pa.int32()),
            "sales_value": pa.array(values, money),
            "retail_disc": pa.array(none, money),
            "coupon_disc": pa.array(none, money),
            "coupon_match_disc": pa.array(none, money),
            "week": pa.array([1, 1, 5], pa.int32()),
            "transaction_timestamp": pa.array(times, UTC_TIME),
            "status": ["settled", "pending", "settled"],
            "updated_at": pa.array(times, UTC_TIME),
        }
    )


def lake_of_sales() -> Any:
    """A catalog with the three tables in the database `lake`."""
    lake = Lake()
    lake.tables = {
        ("lake", "products"): ScannedTable(PRODUCTS),
        ("lake", "households"): ScannedTable(HOUSEHOLDS),
        ("lake", "transactions"): ScannedTable(_sales()),
    }
    return lake
