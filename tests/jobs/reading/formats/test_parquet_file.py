"""A file that is no Parquet, or not one that can be read, has a reason that says what to do."""

import io
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.reading.formats.parquet_file import open_parquet
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.reading.formats.reading import parquet, read

GOOD = parquet(pa.table({"id": [1, 2]}))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "one of zero bytes: its upload failed; drop it again"),
        (GOOD[:-1], "one that breaks off, without a footer"),
        (GOOD[: len(GOOD) // 2], "one that breaks off, without a footer"),
        (b"PAR1", "one that breaks off, without a footer"),
        (b"PAR1PAR1", "one that breaks off, without a footer"),
        (b"id,cost\n1,2\n", "one that begins with b'id,cost"),
        (b"PK\x03\x04 a workbook", "one that begins with b'PK"),
        (b"PARE" + GOOD[4:-4] + b"PARE", "an encrypted one"),
        (GOOD[:4] + b"\xff" * 20 + GOOD[-8:], "Parquet file: "),
    ],
)
def test_a_file_that_is_no_parquet_is_told_apart(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile, match="parquet: expected a Parquet file") as refused:
        open_parquet(io.BytesIO(content))

    assert why in str(refused.value)


def test_a_codec_that_arrow_lacks_is_named_with_advice() -> None:
    with pytest.raises(UnreadableFile, match=r"LZO.*; write the file with snappy, gzip, brotli, zstd or lz4"):
        read("parquet", lzo())


def lzo() -> bytes:
    """A file that says of its column that its codec is LZO, number 3 in Parquet's list; zstd is number 6."""
    file = io.BytesIO()
    table = pa.table({"id": [1], "cost": ["1"]})
    pq.write_table(table, file, compression={"id": "zstd", "cost": "none"}, store_schema=False)
    content = file.getvalue()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for at in range(footer, len(content) - 8):
        if content[at] != 12:  # as numbers are written
            continue
        changed = content[:at] + b"\x06" + content[at + 1 :]
        try:
            found = pq.ParquetFile(io.BytesIO(changed)).metadata.row_group(0).column(0).compression
        except (OSError, pa.ArrowException):
            continue
        if found == "LZO":
            return changed
    raise AssertionError("expected the codec in the footer")


@pytest.mark.parametrize("described", [b"no json", b'{"index_columns": [{"kind": "range"}, "id", 7]}'])
def test_an_index_that_is_no_column_without_a_name_stays(described: bytes) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": [1]}).replace_schema_metadata({b"pandas": described}), file)

    assert open_parquet(file).index_columns == []


def test_intervals_are_marked_wherever_they_are(tmp_path: Path) -> None:
    path = tmp_path / "intervals.parquet"
    day = "INTERVAL 1 DAY"
    duckdb.sql(f"""COPY (SELECT 1 AS id, {day} AS a, {{'b': [{day}], 'c': 'x'}} AS s, MAP {{'k': {day}}} AS m)
                   TO '{path}' (FORMAT parquet)""")

    with path.open("rb") as file:
        kinds = [str(one) for one in open_parquet(file).schema.types]

    opaque = "opaque"
    assert [kind.count(opaque) for kind in kinds] == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("notes", "is_julian"),
    [
        ({}, False),
        ({"org.apache.spark.version": "4.1.1"}, False),
        ({"org.apache.spark.version": "2.4.8"}, True),
        ({"org.apache.spark.version": "3.5.0", "org.apache.spark.legacyDateTime": ""}, True),
        ({"org.apache.spark.version": "3.5.0", "org.apache.spark.legacyINT96": ""}, True),
        ({"writer.date.proleptic": "false"}, True),
        ({"writer.date.proleptic": "true"}, False),
    ],
)
def test_old_days_of_writers_with_the_julian_calendar_are_marked(
    notes: dict[str, str], is_julian: bool
) -> None:
    days = pa.table({"day": [date(1500, 1, 1)]}).replace_schema_metadata(notes)

    found = open_parquet(io.BytesIO(parquet(days))).schema.field("day").type

    assert ("Julian" in str(found)) == is_julian
