"""A contract drafted from a sample is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.odcs import load_contract
from workflows.contracts.draft import DraftError, draft

if TYPE_CHECKING:
    from pathlib import Path

CSV = "order_id,at,amount,note\n1,2020-01-01 10:00:00,1.5,a\n2,2020-01-02 10:00:00,2.5,\n"


def test_a_draft_from_csv_is_a_contract_with_the_samples_types(tmp_path: Path) -> None:
    sample, path = tmp_path / "sample.csv", tmp_path / "orders.yaml"
    sample.write_text(CSV)

    path.write_text(draft("orders", ["order_id"], "at", sample))

    contract = load_contract(path)
    assert (contract.dataset, contract.key, contract.sequence_column) == ("orders", ("order_id",), "at")
    assert [(column.name, column.type, column.required) for column in contract.columns] == [
        ("order_id", "long", True),
        ("at", "timestamp", True),
        ("amount", "double", True),
        ("note", "string", False),
    ]


def test_a_draft_from_parquet_keeps_exact_decimals_and_a_composite_key(tmp_path: Path) -> None:
    sample, path = tmp_path / "sample.parquet", tmp_path / "lines.yaml"
    pq.write_table(
        pa.table(
            {"order_id": ["a"], "line": [1], "price": [None]},
            schema=pa.schema(
                [("order_id", pa.string()), ("line", pa.int32()), ("price", pa.decimal128(38, 10))]
            ),
        ),
        sample,
    )

    path.write_text(draft("lines", ["order_id", "line"], None, sample))

    contract = load_contract(path)
    assert contract.key == ("order_id", "line")
    assert contract.column("price").type == "decimal(38,10)"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("sample.csv", CSV.encode(), "no column id; it has order_id, at, amount, note"),
        ("sample.parquet", b"not Parquet", "can't be read"),
    ],
)
def test_a_sample_without_the_key_or_unreadable_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    sample = tmp_path / name
    sample.write_bytes(content)

    with pytest.raises(DraftError, match=message):
        draft("orders", ["id"], None, sample)
