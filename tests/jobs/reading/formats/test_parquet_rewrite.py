"""A Parquet file without some of its rows is as it was, value by value, or is not written at all."""

import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.erasure.keys import ErasedKeys
from jobs.reading.formats.parquet_rewrite import filter_rows
from jobs.reading.formats.rows import RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES
from tests.jobs.reading.formats.int96 import file_with_int96, int96_bytes

SEVEN, NINE = ErasedKeys.of(ENTITIES, ["7"]), ErasedKeys.of(ENTITIES, ["9"])
FAR, NEAR = datetime(9999, 12, 31, 0, 0, 0, 5), datetime(2017, 1, 1)


def written(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def without_seven(content: bytes, int96_unit: str = "us") -> pq.ParquetFile:
    """The file without its first row, the one of two or three with the key."""
    target = io.BytesIO()
    counts = filter_rows(io.BytesIO(content), SEVEN, target)
    assert counts.erased == 1
    assert filter_rows(io.BytesIO(content), SEVEN) == counts
    return pq.ParquetFile(target, coerce_int96_timestamp_unit=int96_unit)


def test_int96_stays_int96_with_every_day() -> None:
    micros = pa.timestamp("us")
    table = pa.table(
        {
            "id": [7, 8, 9],
            "at": pa.array([NEAR, FAR, None], micros),
            "all": pa.array([[NEAR], [FAR, None], None], pa.list_(micros)),
        }
    )

    left = without_seven(written(table, use_deprecated_int96_timestamps=True))

    assert [left.schema.column(at).physical_type for at in (1, 2)] == ["INT96"] * 2
    assert left.read().to_pylist() == table.slice(1).to_pylist()


def test_int96_keeps_its_nanoseconds() -> None:
    content = file_with_int96([int96_bytes(NEAR), int96_bytes(NEAR, 1), None], id=[7, 8, 9])

    left = without_seven(content, "ns")

    assert left.schema.column(1).physical_type == "INT96"
    assert left.read()["at"].cast(pa.int64()).to_pylist() == [1_483_228_800_000_000_001, None]


def test_int96_beside_other_timestamps_becomes_one_of_them_with_its_values() -> None:
    seen = pa.array([NEAR, NEAR], pa.timestamp("ms", "UTC"))
    content = file_with_int96([int96_bytes(NEAR), int96_bytes(FAR)], id=[7, 8], seen=seen)

    left = without_seven(content)

    assert [left.schema.column(at).physical_type for at in (1, 2)] == ["INT64"] * 2
    assert left.read()["at"].to_pylist() == [FAR]
    assert left.schema_arrow.field("seen").type == seen.type


def test_int96_that_no_unit_of_arrow_holds_is_not_written() -> None:
    content = file_with_int96([int96_bytes(NEAR), int96_bytes(FAR, 1)], id=[7, 8])

    assert filter_rows(io.BytesIO(content), NINE) == RowCounts(2, 0)
    for target in (None, io.BytesIO()):
        with pytest.raises(UnreadableFile, match=r"INT96 .*: no rows can be taken out of this file"):
            filter_rows(io.BytesIO(content), SEVEN, target)


def test_intervals_are_not_written_as_bytes(tmp_path: Path) -> None:
    path = tmp_path / "entities.parquet"
    duckdb.sql(f"COPY (SELECT 7 AS id, INTERVAL 1 DAY AS name) TO '{path}' (FORMAT parquet)")
    content = path.read_bytes()

    assert filter_rows(io.BytesIO(content), NINE) == RowCounts(1, 0)
    for target in (None, io.BytesIO()):
        with pytest.raises(UnreadableFile, match="INTERVAL: no rows can be taken out of this file"):
            filter_rows(io.BytesIO(content), SEVEN, target)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
@pytest.mark.parametrize("compliant", [True, False])
@pytest.mark.parametrize("as_integer", [True, False])
def test_the_file_is_laid_out_as_it_was(codec: str, compliant: bool, as_integer: bool) -> None:
    table = pa.table(
        {
            "id": pa.array([7, 8], pa.uint32()),
            "price": pa.array([Decimal("1.10"), Decimal("2.20")], pa.decimal128(9, 2)),
            "tags": [["a"], ["b", None]],
            "kind": pa.array(["x", "y"]).dictionary_encode(),
            "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
            "zone": pa.array([NEAR, NEAR], pa.timestamp("ns", "tzutc()")),
        }
    ).replace_schema_metadata({"by": "a partner"})
    content = written(
        table,
        compression=codec,
        use_compliant_nested_type=compliant,
        store_decimal_as_integer=as_integer,
    )

    left = without_seven(content)

    before = pq.ParquetFile(io.BytesIO(content))
    assert left.read().equals(before.read().slice(1))
    assert left.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert left.schema.equals(before.schema)
    assert codecs(left) == codecs(before)


def test_each_column_keeps_its_own_codec() -> None:
    table = pa.table({"id": [7, 8], "name": ["a", "b"]})

    left = without_seven(written(table, compression={"id": "zstd", "name": "gzip"}))

    assert codecs(left) == {"id": "ZSTD", "name": "GZIP"}


def test_a_column_of_the_key_that_comes_twice_counts_in_each_place() -> None:
    names, rows = ["id", "name", "id"], [pa.array([7, 8, 9]), pa.array(["a", "b", "c"]), pa.array([1, 7, 2])]
    content = written(pa.Table.from_arrays(rows, names))
    target = io.BytesIO()

    counts = filter_rows(io.BytesIO(content), SEVEN, target)

    assert counts == filter_rows(io.BytesIO(content), SEVEN) == RowCounts(3, 2)
    assert pq.ParquetFile(target).read().column(1).to_pylist() == ["c"]


def codecs(file: pq.ParquetFile) -> dict[str, str]:
    group = file.metadata.row_group(0)
    columns = [group.column(number) for number in range(file.metadata.num_columns)]
    return {column.path_in_schema: column.compression for column in columns}


def test_the_index_of_pandas_stays() -> None:
    file = io.BytesIO()
    pd.DataFrame({"id": [7, 8], "name": ["a", "b"]}, index=[5, 1]).to_parquet(file)

    assert "__index_level_0__" in without_seven(file.getvalue()).schema_arrow.names
