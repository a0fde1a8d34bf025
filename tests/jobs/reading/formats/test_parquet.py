"""Parquet of any writer: the contract's type and the file's decide how a column is read."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.reading.formats import parquet as parquet_format
from jobs.reading.formats.registry import read_rows
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.reading.formats.reading import PRICES, parquet, payloads, read

FOREVER, LONG_AGO = datetime(9999, 12, 31), datetime(1500, 1, 1)


def rows(content: bytes) -> list[Any]:
    found = list(read_rows("parquet", io.BytesIO(content), PRICES))
    assert [row.problem for row in found] == [None] * len(found)
    return [json.loads(row.payload or "", parse_float=Decimal) for row in found]


def test_parquet_rows_come_as_json_that_loses_no_digit() -> None:
    table = pa.table(
        {
            "id": pa.array([2**62], pa.int64()),
            "cost": pa.array([Decimal("12345678.90")], pa.decimal128(10, 2)),
            "note": pa.array([None], pa.string()),
        }
    )

    assert payloads("parquet", parquet(table)) == [{"id": 2**62, "cost": "12345678.90", "note": None}]


def test_a_value_is_text_where_a_text_is_expected_if_it_has_one() -> None:
    table = pa.table({"id": [1, 2], "cost": [b"1.5", b"\xff"], "note": [date(2024, 2, 29), None],
                      "state": [datetime(2024, 2, 29, tzinfo=UTC)] * 2})  # fmt: skip

    assert payloads("parquet", parquet(table)) == [
        {"id": 1, "cost": "1.5", "note": "2024-02-29", "state": "2024-02-29T00:00:00+00:00"},
        {"id": 2, "cost": {"bytes": "/w=="}, "note": None, "state": "2024-02-29T00:00:00+00:00"},
    ]


def test_a_day_beyond_the_calendar_is_a_value_that_no_column_takes_and_hides_no_other() -> None:
    table = pa.table(
        {
            "id": [1, 2],
            "cost": ["1", "much"],
            "note": pa.array([0, 300_000_000_000_000_000], pa.timestamp("us")),
        }
    )

    assert payloads("parquet", parquet(table)) == [
        {"id": 1, "cost": "1", "note": "1970-01-01T00:00:00"},
        {"id": 2, "cost": "much", "note": {"timestamp": "11476-08-15 05:20:00.000000"}},
    ]


def test_int96_holds_every_day() -> None:
    times = pa.array([FOREVER, LONG_AGO, datetime(2017, 1, 1, 0, 0, 0, 5), None], pa.timestamp("us"))
    file = io.BytesIO()
    pq.write_table(
        pa.table({"price_id": [1, 2, 3, 4], "valid_to": times}), file, use_deprecated_int96_timestamps=True
    )
    assert pq.ParquetFile(file).schema.column(1).physical_type == "INT96"

    assert [row["valid_to"] for row in rows(file.getvalue())] == [
        "9999-12-31T00:00:00", "1500-01-01T00:00:00", "2017-01-01T00:00:00.000005", None,
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["CEST", "GMT+2", "local", "tzutc()", "W. Europe Standard Time", "America"])
def test_an_instant_of_parquet_is_read_whatever_its_zone_is_called(zone: str) -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    times = pa.array([noon], pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone))
    nested = pa.StructArray.from_arrays([times], ["since"])
    listed = pa.ListArray.from_arrays([0, 1], times)

    [row] = rows(
        parquet(pa.table({"price_id": [1], "valid_from": times, "place": nested, "amounts": listed}))
    )

    said = "2026-11-24T12:00:00+00:00"
    assert row == {
        "price_id": 1,
        "valid_from": said,
        "place": {"since": said},
        "amounts": [{"timestamp": said}],
    }


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Amsterdam"])
def test_an_instant_from_before_standard_time_is_in_utc(zone: str) -> None:
    moments = [datetime(1883, 1, 1, tzinfo=UTC), datetime(1937, 1, 1, tzinfo=UTC)]
    times = pa.array(moments, pa.timestamp("us", zone))

    found = rows(parquet(pa.table({"price_id": [1, 2], "valid_from": times})))

    assert [row["valid_from"] for row in found] == ["1883-01-01T00:00:00+00:00", "1937-01-01T00:00:00+00:00"]


def test_midnight_names_a_day_and_ten_o_clock_does_not() -> None:
    times = pa.array([datetime(2017, 3, 1), datetime(2017, 3, 1, 10)], pa.timestamp("ns", "UTC"))

    found = rows(parquet(pa.table({"price_id": [71, 72], "day": times})))

    assert [row["day"] for row in found] == ["2017-03-01", "2017-03-01T10:00:00+00:00"]


def test_files_of_pandas_have_an_index_that_is_no_data() -> None:
    frame = pd.DataFrame(
        {
            "price_id": [3, 1, 2],
            "price": [19.99, None, 1.5],
            "day": pd.to_datetime(["2017-03-01", None, "2017-03-02"]),
            "code": pd.Categorical(["a", "b", None]),
        }
    ).sort_values("price_id")
    file = io.BytesIO()
    frame.to_parquet(file)
    assert "__index_level_0__" in pq.ParquetFile(file).schema_arrow.names

    assert rows(file.getvalue()) == [
        {"price_id": 1, "price": None, "day": None, "code": "b"},
        {"price_id": 2, "price": Decimal("1.5"), "day": "2017-03-02", "code": None},
        {"price_id": 3, "price": Decimal("19.99"), "day": "2017-03-01", "code": "a"},
    ]


def test_an_index_that_is_a_column_of_the_contract_is_data() -> None:
    file = io.BytesIO()
    pd.DataFrame({"price_id": [1.0, 2.0], "code": ["a", "b"]}).set_index("price_id").to_parquet(file)

    assert rows(file.getvalue()) == [{"code": "a", "price_id": 1}, {"code": "b", "price_id": 2}]


def test_an_index_with_a_name_may_be_data_that_the_contract_lacks() -> None:
    file = io.BytesIO()
    pd.DataFrame({"price_id": [1], "order_no": [7]}).set_index("order_no").to_parquet(file)

    with pytest.raises(UnreadableFile, match="unknown: order_no"):
        rows(file.getvalue())


def test_files_of_duckdb_have_intervals_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    duckdb.sql(
        f"""COPY (SELECT 41::bigint AS price_id, INTERVAL 1 MONTH AS code, 'x' AS label,
                         19.99::float AS price, TIMESTAMPTZ '1883-01-01 00:00:00+00' AS valid_from,
                         DATE '9999-12-31' AS day, [1.5::decimal(10,2)] AS amounts,
                         {{'street': 'a', 'since': DATE '1500-01-01'}} AS place)
            TO '{path}' (FORMAT parquet)"""
    )

    assert rows(path.read_bytes()) == [
        {
            "price_id": 41, "code": {"INTERVAL": "P1M0DT0.000S"}, "label": "x", "price": Decimal("19.99"),
            "valid_from": "1883-01-01T00:00:00+00:00", "day": "9999-12-31", "amounts": ["1.50"],
            "place": {"street": "a", "since": "1500-01-01"},
        }
    ]  # fmt: skip


def test_duckdb_calls_text_json_which_is_a_list_by_contract(tmp_path: Path) -> None:
    path = tmp_path / "prices.parquet"
    duckdb.sql(f"""COPY (SELECT 1::bigint AS price_id, '[1.50, 2]'::json AS amounts, '{{}}'::json AS code)
                   TO '{path}' (FORMAT parquet)""")

    assert rows(path.read_bytes()) == [{"price_id": 1, "amounts": [Decimal("1.50"), 2], "code": "{}"}]


@pytest.mark.parametrize("name", ["list", "bags"])
@pytest.mark.parametrize("element", ["element", "array_e", "item_de"])
def test_the_names_inside_of_lists_are_the_writers_own(name: str, element: str) -> None:
    """Hive, Avro and parquet-mr name the groups of a list as they like."""
    file = io.BytesIO()
    table = pa.table({"price_id": [1], "amounts": pa.array([[1.5, None]], pa.list_(pa.float32()))})
    pq.write_table(table, file, store_schema=False)
    content = file.getvalue().replace(b"element", element.encode()).replace(b"list", name.encode())
    assert pq.ParquetFile(io.BytesIO(content)).schema.column(1).path == f"amounts.{name}.{element}"

    assert rows(content) == [{"price_id": 1, "amounts": [Decimal("1.5"), None]}]


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
def test_every_codec_of_arrow_is_read(codec: str) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"price_id": list(range(100)), "code": ["a"] * 100}), file, compression=codec)

    assert len(rows(file.getvalue())) == 100


def test_rows_of_several_batches_are_numbered_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_format, "_READ_ROWS", 3)

    found = read("parquet", parquet(pa.table({"id": list(range(8)), "cost": ["1"] * 8})))

    assert [row.number for row in found] == list(range(1, 9))


def test_a_file_whose_later_rows_are_broken_keeps_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_format, "_READ_ROWS", 50)
    file = io.BytesIO()
    table = pa.table({"id": list(range(100)), "cost": [f"{number}.5" for number in range(100)]})
    pq.write_table(table, file, row_group_size=50, compression="none", use_dictionary=False)
    second = pq.ParquetFile(file).metadata.row_group(1).column(0).data_page_offset
    content = bytearray(file.getvalue())
    content[second : second + 8] = b"\xff" * 8

    found = read("parquet", bytes(content))

    assert [row.number for row in found if row.problem is None] == list(range(1, 51))
    assert (found[-1].number, found[-1].payload) == (51, None)
    assert str(found[-1].problem).startswith("parquet: ")


def test_what_is_not_parquet_has_no_rows_but_a_reason() -> None:
    with pytest.raises(UnreadableFile, match="parquet: expected a Parquet file"):
        read("parquet", "id,cost\n1,2\n")
