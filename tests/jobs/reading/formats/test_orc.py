"""ORC: stripe by stripe, each column by its type in contract and file, and written again without rows."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import orc

from expectations.contract import Column, Contract
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.row_filter import rewrite
from jobs.reading.formats import orc as orc_format
from jobs.reading.formats.orc import filter_rows
from jobs.reading.formats.registry import read_rows
from jobs.reading.formats.rows import RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES
from tests.jobs.reading.formats.reading import PRICES, payloads, read

SMALL = {"stripe_size": 1024, "batch_size": 1024}
SEVEN = ErasedKeys.of(ENTITIES, ["7"])


def written(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    orc.write_table(table, file, **options)
    return file.getvalue()


GOOD = written(pa.table({"id": [1, 2], "cost": [1.5, 2.5]}))


def test_each_column_is_read_by_its_types() -> None:
    table = pa.table(
        {
            "price_id": pa.array([1, 2], pa.int32()),
            "code": [b"APPLE", b"\xff"],
            "price": pa.array([19.99, None], pa.float32()),
            "valid_from": [datetime(1883, 1, 1, tzinfo=UTC)] * 2,
            "valid_to": [datetime(9999, 12, 31), datetime(1500, 1, 1)],
            "day": [datetime(2017, 3, 1), datetime(2017, 3, 1, 10)],
            "amounts": pa.array([[Decimal("1.50")], []], pa.list_(pa.decimal128(10, 2))),
            "place": [{"street": "a", "since": date(1, 1, 1)}, None],
        }
    )

    found = list(read_rows("orc", io.BytesIO(written(table)), PRICES))

    assert [json.loads(row.payload or "", parse_float=Decimal) for row in found] == [
        {
            "price_id": 1, "code": "APPLE", "price": Decimal("19.99"),
            "valid_from": "1883-01-01T00:00:00+00:00", "valid_to": "9999-12-31T00:00:00", "day": "2017-03-01",
            "amounts": ["1.50"], "place": {"street": "a", "since": "0001-01-01"},
        },
        {
            "price_id": 2, "code": {"bytes": "/w=="}, "price": None,
            "valid_from": "1883-01-01T00:00:00+00:00", "valid_to": "1500-01-01T00:00:00",
            "day": "2017-03-01T10:00:00", "amounts": [], "place": None,
        },
    ]  # fmt: skip


@pytest.mark.parametrize("codec", ["uncompressed", "zlib", "snappy", "lz4", "zstd"])
def test_rows_of_all_stripes_are_numbered_through(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orc_format, "_READ_ROWS", 7_000)
    table = pa.table({"id": list(range(60_000)), "cost": [f"{number}.5" for number in range(60_000)]})
    content = written(table, compression=codec, **SMALL)
    assert orc.ORCFile(io.BytesIO(content)).nstripes > 1

    found = read("orc", content)

    assert [row.number for row in found] == list(range(1, 60_001))
    assert [json.loads(row.payload or "")["id"] for row in found] == list(range(60_000))


def test_a_file_without_rows_has_none() -> None:
    empty = pa.table({"id": pa.array([], pa.int64()), "cost": pa.array([], pa.string())})

    assert payloads("orc", written(empty)) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "one of zero bytes: its upload failed; drop it again"),
        (b"id,cost\n1,2\n", "one that begins with b'id,' instead of b'ORC'"),
        (b"PAR1", "one that begins with b'PAR' instead of b'ORC'"),
        (b"ORC", "if its upload ended early, drop it again"),
        (GOOD[:-1], "if its upload ended early, drop it again"),
        (GOOD[: len(GOOD) // 2], "if its upload ended early, drop it again"),
    ],
)
def test_a_file_that_is_no_orc_is_told_apart(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile, match="orc: expected an ORC file") as refused:
        read("orc", content)

    assert why in str(refused.value)


def test_old_days_of_javas_writer_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orc_format, "_OF_JULIAN_CALENDAR", ("ORC_CPP",))
    table = pa.table({"id": [1, 2], "cost": [1, 2], "note": [date(1582, 10, 14), date(1582, 10, 15)]})

    assert payloads("orc", written(table)) == [
        {"id": 1, "cost": 1, "note": {"Julian calendar": "1582-10-14"}},
        {"id": 2, "cost": 2, "note": "1582-10-15"},
    ]
    for erased in ("1", "2"):  # Arrow's writer has another calendar
        with pytest.raises(UnreadableFile, match=r"1582-10-15 .*: no rows can be taken out of this file"):
            filter_rows(io.BytesIO(written(table)), ErasedKeys.of(ENTITIES, [erased]))
    target = io.BytesIO()
    assert (
        filter_rows(io.BytesIO(written(table.slice(1))), ErasedKeys.of(ENTITIES, ["2"]), target).erased == 1
    )


def test_another_header_refuses_the_file() -> None:
    with pytest.raises(UnreadableFile, match="missing: id; unknown: identity"):
        read("orc", written(pa.table({"identity": [1], "cost": ["1"]})))


@pytest.mark.parametrize("codec", ["uncompressed", "zlib", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("far", [datetime(9999, 12, 31, 0, 0, 0, 5), datetime(2017, 1, 1, 0, 0, 0, 5)])
def test_rows_of_keys_are_taken_out_and_the_others_stay(codec: str, far: datetime) -> None:
    table = pa.table(
        {
            "id": list(range(3000)),
            "at": [datetime(2017, 1, 1), far, None] * 1000,
            "seen": pa.array([[far.replace(tzinfo=UTC)]] * 3000, pa.list_(pa.timestamp("us", "UTC"))),
            "name": pa.array([Decimal("1.10"), None, Decimal("2.20")] * 1000, pa.decimal128(38, 2)),
            "map": pa.array([[("a", date(1, 1, 1))], [], None] * 1000, pa.map_(pa.string(), pa.date32())),
        }
    )
    content = written(table, compression=codec, **SMALL)
    target = io.BytesIO()

    counts = rewrite("orc", io.BytesIO(content), SEVEN, target)

    before, left = orc.ORCFile(io.BytesIO(content)), orc.ORCFile(io.BytesIO(target.getvalue()))
    assert counts == filter_rows(io.BytesIO(content), SEVEN) == RowCounts(3000, 1)
    assert (left.compression, left.schema) == (before.compression, before.schema)
    contract = Contract(
        "things", "1", "", (Column("id", "long"), *map(any_column, table.schema.names[1:])), ("id",)
    )
    kept = [row.payload for row in read_rows("orc", io.BytesIO(content), contract)]
    del kept[7]
    assert [row.payload for row in read_rows("orc", io.BytesIO(target.getvalue()), contract)] == kept


def any_column(name: str) -> Column:
    return Column(name, "string")


def test_what_arrow_cannot_write_again_is_refused_when_it_is_counted() -> None:
    content = written_by_pyorc("struct<id:bigint,name:uniontype<int,string>>", [(7, 1), (8, "a")])

    assert filter_rows(io.BytesIO(content), ErasedKeys.of(ENTITIES, ["9"])) == RowCounts(2, 0)
    for target in (None, io.BytesIO()):
        with pytest.raises(UnreadableFile, match="no rows can be taken out of this file"):
            filter_rows(io.BytesIO(content), SEVEN, target)


def written_by_pyorc(schema: str, rows: list[Any]) -> bytes:
    import pyorc

    file = io.BytesIO()
    with pyorc.Writer(file, schema) as writer:
        writer.writerows(rows)
    return file.getvalue()


def test_char_and_varchar_are_text() -> None:
    content = written_by_pyorc("struct<id:bigint,cost:char(5),note:varchar(5)>", [(1, "1.5", "ab")])

    assert payloads("orc", content) == [{"id": 1, "cost": "1.5  ", "note": "ab"}]
