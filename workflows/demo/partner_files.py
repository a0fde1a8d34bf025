"""Files of a partner in the demo.

They contain all products and households of the sample data, a few broken rows, and there is one broken file.
"""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from workflows.demo.sample_data import sample_table

if TYPE_CHECKING:
    from workflows.demo.baskets import Key, Row


@dataclass(frozen=True, slots=True)
class PartnerFile:
    """One file: rows to be accepted, and the number to be quarantined (a broken file counts as one)."""

    dataset: str
    key_column: str
    name: str
    content: bytes
    rows: dict[Key, Row]
    broken: int


def partner_files(run_id: str) -> list[PartnerFile]:
    """All products in two CSV files, one truncated CSV file, and all households in a Parquet file."""
    products = sample_table("products").to_pylist()
    half = len(products) // 2
    broken_rows = [
        {"product_id": "none", "manufacturer_id": 2, "department": "GROCERY", "brand": "National"},
        {"product_id": 1, "manufacturer_id": 2, "department": "GROCERY", "brand": "Nationale"},
        {"product_id": None, "manufacturer_id": 2, "department": "GROCERY", "brand": "Private"},
    ]
    first, second = products[:half], products[half:]
    cut_off = gzip.compress(_csv(second[:1000]), mtime=0)[:-500]
    return [
        PartnerFile(
            "products",
            "product_id",
            f"{run_id}-1.csv",
            _csv(first + broken_rows),
            _rows_by_key(first, "product_id"),
            len(broken_rows),
        ),
        PartnerFile(
            "products",
            "product_id",
            f"{run_id}-2.csv.gz",
            gzip.compress(_csv(second), mtime=0),
            _rows_by_key(second, "product_id"),
            0,
        ),
        PartnerFile("products", "product_id", f"{run_id}-3.csv.gz", cut_off, {}, 1),
        _households(run_id),
    ]


def _households(run_id: str) -> PartnerFile:
    good = sample_table("demographics")
    broken = pa.Table.from_pylist([good.to_pylist()[0] | {"household_id": None}], schema=good.schema)
    buffer = io.BytesIO()
    pq.write_table(pa.concat_tables([good, broken]), buffer)
    rows = _rows_by_key(good.to_pylist(), "household_id")
    return PartnerFile(
        "households", "household_id", f"{run_id}.parquet", buffer.getvalue(), rows, broken.num_rows
    )


def _csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _rows_by_key(rows: list[Row], key: str) -> dict[Key, Row]:
    return {(row[key],): row for row in rows}
