"""Results of queries as CSV and Parquet."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from workflows.query.dialect.errors import QueryError
from workflows.query.output import write_csv, write_file

if TYPE_CHECKING:
    from pathlib import Path

TABLE = pa.table(
    {
        "id": [1, 2],
        "price": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
        "is_new": [True, None],
        "note": ['say "hi", twice', ""],
        "tags": pa.array([{"a": 1}, None], pa.map_(pa.string(), pa.int64())),
        "raw": [b"\xff", None],
    }
)


def test_csv_has_a_header_exact_numbers_and_json_of_nested_values() -> None:
    target = io.StringIO()

    write_csv(TABLE, target)

    assert target.getvalue().splitlines() == [
        "id,price,is_new,note,tags,raw",
        '1,1.50,true,"say ""hi"", twice","{""a"": 1}",ff',
        "2,,,,,",
    ]


def test_the_name_of_a_file_chooses_its_format(tmp_path: Path) -> None:
    write_file(TABLE, tmp_path / "rows.parquet")
    write_file(TABLE, tmp_path / "rows.csv")

    assert parquet.read_table(tmp_path / "rows.parquet").equals(TABLE)
    assert (tmp_path / "rows.csv").read_text().startswith("id,price")
    with pytest.raises(QueryError, match=r"ends in \.csv or \.parquet, got rows\.txt"):
        write_file(TABLE, tmp_path / "rows.txt")
