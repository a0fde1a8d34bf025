"""Types of a Parquet file become types of a contract without loss."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflows.contracts.samples.facts import DraftError, SampleColumn
from workflows.contracts.samples.parquet_sample import ParquetSample


def columns_of(**columns: Any) -> dict[str, SampleColumn]:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return {column.header: column for column in ParquetSample(file, "sample.parquet").columns()}


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1], pa.int16(), "int"),
        ([1], pa.uint8(), "int"),
        ([1], pa.uint32(), "long"),
        ([1], pa.int64(), "long"),
        ([1], pa.uint64(), "decimal(20,0)"),
        ([1.5], pa.float32(), "float"),
        ([1.5], pa.float64(), "double"),
        ([True], pa.bool_(), "boolean"),
        (["a"], pa.large_string(), "string"),
        (["a"], pa.dictionary(pa.int8(), pa.string()), "string"),
        ([b"a"], pa.binary(), "binary"),
        ([0], pa.date32(), "date"),
        ([0], pa.timestamp("ns"), "timestamp"),
        ([0], pa.timestamp("us", "Europe/Berlin"), "timestamp"),
        ([None], pa.decimal128(38, 10), "decimal(38,10)"),
        ([None], pa.null(), "string"),
        ([{"a": 1}], pa.struct([("a", pa.int64())]), "struct"),
        ([[1]], pa.list_(pa.int64()), "list"),
    ],
)
def test_the_type_of_a_column(values: list[Any], kind: Any, expected: str) -> None:
    assert columns_of(x=pa.array(values, kind))["x"].type == expected


def test_columns_without_a_null_are_required_and_few_texts_are_valid_values() -> None:
    columns = columns_of(a=["x", "y"] * 5, b=[1, None] * 5)

    assert (columns["a"].required, columns["a"].values) == (True, ("x", "y"))
    assert (columns["b"].required, columns["b"].rows_without) == (False, 5)


def test_the_index_of_pandas_is_left_out_with_a_note() -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": [1], "__index_level_0__": [7]}), file)
    sample = ParquetSample(file, "sample.parquet")

    assert [column.header for column in sample.columns()] == ["id"]
    assert "index=False" in sample.notes[0]


def test_whole_doubles_can_be_a_key_as_long() -> None:
    columns = columns_of(a=[1.0, 2.0], b=[1.0, 2.5])

    assert (columns["a"].key_type, columns["b"].key_type) == ("long", None)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "x, got map.*list of structs"),
        (pa.array([None], pa.decimal256(50, 2)), "at most 38 digits"),
        (pa.array([], pa.int64()), "Expected rows"),
    ],
)
def test_types_that_no_contract_has_are_refused(column: Any, message: str) -> None:
    with pytest.raises(DraftError, match=message):
        columns_of(x=column)


def test_a_file_that_is_not_parquet_is_refused() -> None:
    with pytest.raises(DraftError, match=r"sample\.parquet can't be read as Parquet"):
        ParquetSample(io.BytesIO(b"not Parquet"), "sample.parquet").columns()
