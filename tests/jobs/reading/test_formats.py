"""Files are split into rows as received; what is wrong with one is told, and the others come all the same."""

import gzip
import io
import json
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.contract import Column, Contract
from jobs.reading import formats
from jobs.reading.fetch import UnreadableFile
from jobs.reading.formats import LONGEST_ROW, ReceivedRow, check_header, read_rows
from tests.jobs.builders import ENTITIES

CONTRACT = Contract(
    dataset="things",
    version="1",
    description="",
    columns=(
        Column("id", "long", required=True),
        Column("unit_price", "decimal(10,2)", required=True, aliases=("cost",)),
        Column("state", "string", required=True, default="new", has_default=True),
        Column("note", "string"),
    ),
    key=("id",),
)


def read(file_format: str, content: bytes | str) -> list[ReceivedRow]:
    body = content.encode() if isinstance(content, str) else content
    return list(read_rows(file_format, io.BytesIO(body), CONTRACT))


def payloads(file_format: str, content: bytes | str) -> list[object]:
    return [json.loads(row.payload or "null") for row in read(file_format, content)]


def test_csv_rows_come_as_json_with_null_told_from_the_empty_text() -> None:
    text = '\ufeffid,cost,note\r\n1,2.50,"a ""b"",\nc"\r\n2,3,\r\n3,4,""\r\n'

    assert payloads("csv", text) == [
        {"id": "1", "cost": "2.50", "note": 'a "b",\nc'},
        {"id": "2", "cost": "3", "note": None},
        {"id": "3", "cost": "4", "note": ""},
    ]


def test_a_csv_row_with_another_number_of_fields_is_a_problem_of_its_own() -> None:
    found = read("csv", "id,cost\n1,2\n3\n\n4,5,6\n7,8\n")

    assert [(row.number, row.problem) for row in found] == [
        (1, None),
        (2, "csv: expected 2 fields, got 1"),
        (3, "csv: expected 2 fields, got 3"),
        (4, None),
    ]
    assert found[2].payload == '["4", "5", "6"]'


def test_a_quote_that_is_never_closed_ends_the_file_with_one_problem() -> None:
    found = read("csv", 'id,cost\n1,2\n2,"3\n4,5\n')

    assert [row.number for row in found] == [1, 2]
    assert "from row 2 on nothing was read" in str(found[1].problem)


def test_bytes_that_are_not_utf8_are_a_problem_of_their_row() -> None:
    of_csv = read("csv", b"id,cost,note\n1,2,gr\xfcn\n2,3,ok\n")
    of_lines = read("jsonl", b'{"id": "\xfc"}\n{"id": 2}\n')

    for found in (of_csv, of_lines):
        assert [bool(row.problem) for row in found] == [True, False]
        assert "expected UTF-8" in str(found[0].problem)
        assert "\\xfc" in str(found[0].payload)


HEADERS = [
    ("id,unit_price", None),
    ("id,unitPrice,state,note", None),
    ("note,cost,id", None),
    ("id,_op", None),
    ("id,note", "missing: unit_price"),
    ("unit_price", "missing: id"),
    ("id,unit_price,colour,size", "unknown: colour, size"),
    ("id,unit_price,cost", "twice: unit_price"),
    ("id;unit_price", "missing: id, unit_price; unknown: id;unit_price"),
]


@pytest.mark.parametrize(("names", "fault"), HEADERS)
def test_a_header_must_name_what_a_row_needs_and_nothing_unknown(names: str, fault: str | None) -> None:
    if fault is None:
        check_header(CONTRACT, names.split(","))
    else:
        with pytest.raises(UnreadableFile, match=f"got {fault}$"):
            check_header(CONTRACT, names.split(","))


def test_a_file_with_another_header_has_no_rows_but_a_reason() -> None:
    with pytest.raises(UnreadableFile, match="header: expected the columns of contract things"):
        read("csv", "a,b\n1,2\n")


def test_json_lines_pass_as_they_are_numbered_by_line() -> None:
    text = '\ufeff{"id": 1.10}\n\n  [3] \r\n{"id":2}'

    assert read("jsonl", text) == [
        ReceivedRow(1, '{"id": 1.10}'),
        ReceivedRow(3, "[3]"),
        ReceivedRow(4, '{"id":2}'),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id":1}{"id":2}', "json: expected one JSON object on the line"),
        ('{"id":1},{"id":2}', "json: expected one JSON object on the line"),
        ('{"id":1} and more', "json: expected one JSON object on the line"),
        ("{'id':1}", "json: expected one JSON object on the line"),
        ("not json", "json: expected one JSON object on the line: Expecting value"),
        ('{"id":12345678901234567.5', "json: expected one JSON object on the line: Expecting ','"),
        ("[" * 100_000 + "12345678901234567.5", "json: expected a row of reasonable depth"),
        ('{"id": NaN}', "json: expected one JSON object on the line: NaN is not a number"),
        ('{"id":[-Infinity]}', "json: expected one JSON object on the line: -Infinity is not a number"),
        ('{"note":"\\ud800"}', "encoding: expected text, got half of a surrogate pair"),
        ('{"note":"\\ud83c\\udf4e"}', None),
        ('{"note":"a} b, \\"NaN\\" \'c\'","id":1}', None),
        ('{"list":[{"id":1},{"id":2}]}', None),
    ],
)
def test_what_is_not_json_to_the_letter_is_a_problem_of_its_line(line: str, problem: str | None) -> None:
    (row,) = read("jsonl", line)

    assert row.payload == line
    assert (row.problem or "").startswith(problem or "")
    assert (row.problem is None) == (problem is None)


def test_a_line_that_has_a_name_twice_is_left_to_the_door_to_refuse() -> None:
    line = '{"id":12345678901234567.5,"id":1}'

    assert read("jsonl", line) == [ReceivedRow(1, line)]


@pytest.mark.parametrize(
    "number", ["0." + "1234567890" * 4, "12345678901234567.5e1", "1e400", "-1.5E-130", "9" * 5000 + ".5"]
)
def test_a_number_that_no_double_holds_is_kept_as_text(number: str) -> None:
    assert payloads("jsonl", f'{{"id":{number}}}') == [{"id": number}]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_another_encoding_is_named_by_its_mark(file_format: str, encoding: str) -> None:
    with pytest.raises(UnreadableFile, match=f"expected UTF-8, got {encoding.upper()}"):
        read(file_format, "id,unit_price\n1,2\n".encode(encoding))


def test_a_header_of_any_bytes_and_length_is_told_in_a_readable_line() -> None:
    names = ["gr\xfc\xdf", *(f"c{number}" for number in range(10_000))]

    with pytest.raises(UnreadableFile, match=r"unknown: gr\\xfc\\xdf, c0, .*, c8 and 9991 more$") as told:
        read("csv", ",".join(names).encode("latin-1"))
    assert str(told.value).encode()


def test_a_line_too_long_for_any_row_ends_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LONGEST_ROW", 20)

    found = read("jsonl", '{"id":1}\n{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}\n{"id":2}\n')

    assert [bool(row.problem) for row in found] == [False, True]


def test_parquet_rows_come_as_json_that_loses_no_digit() -> None:
    table = pa.table(
        {
            "id": pa.array([2**62], pa.int64()),
            "cost": pa.array([Decimal("12345678.90")], pa.decimal128(10, 2)),
            "note": pa.array([None], pa.string()),
        }
    )

    assert payloads("parquet", _parquet(table)) == [{"id": 2**62, "cost": "12345678.90", "note": None}]


def test_parquet_values_that_json_lacks_become_text() -> None:
    row = formats._row(1, {"day": date(2024, 2, 29), "at": datetime(2024, 2, 29, tzinfo=UTC), "blob": b"hi"})

    assert row.payload == '{"day": "2024-02-29", "at": "2024-02-29T00:00:00+00:00", "blob": "aGk="}'


def test_a_parquet_value_that_python_has_not_is_a_problem_of_its_row() -> None:
    table = pa.table(
        {
            "id": [1, 2, 3],
            "cost": ["1", "2", "3"],
            "note": pa.array([0, 300_000_000_000_000_000, 0], pa.timestamp("us")),
        }
    )

    found = read("parquet", _parquet(table))

    assert [(row.number, bool(row.problem)) for row in found] == [(1, False), (2, True), (3, False)]
    assert str(found[1].problem).startswith("parquet: expected values that can be told")


def test_what_is_not_parquet_has_no_rows_but_a_reason() -> None:
    with pytest.raises(UnreadableFile, match="parquet: expected a Parquet file"):
        read("parquet", "id,cost\n1,2\n")


def test_parquet_with_other_columns_has_no_rows_but_a_reason() -> None:
    with pytest.raises(UnreadableFile, match="got missing: id, unit_price; unknown: a"):
        read("parquet", _parquet(pa.table({"a": [1]})))


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "jsonl"])
def test_an_empty_file_has_no_rows(file_format: str) -> None:
    assert read(file_format, b"") == []


def _parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def test_gzip_is_undone_before_rows_are_read() -> None:
    assert read("jsonl.gz", gzip.decompress(gzip.compress(b'{"id":1}'))) == [ReceivedRow(1, '{"id":1}')]


ENDLESS = {
    "a line without an end": b"id,name\n1,a\n2," + b"x" * 100 + b",b" * 100_000_000,
    "a row of quoted line ends": b"id,name\n1,a\n2," + b'"\n",' * 50_000_000,
    "a quoted field without an end": b'id,name\n1,a\n2,"' + b"x\n" * 50_000_000,
}


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS)
def test_a_csv_row_without_an_end_is_given_up_in_time_and_in_little_memory(content: bytes) -> None:
    file = io.BytesIO(content)
    tracemalloc.start()

    first, last = read_rows("csv", file, ENTITIES)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (first.payload, last.number, last.payload) == ('{"id": "1", "name": "a"}', 2, None)
    assert "from row 2 on nothing was read" in str(last.problem)
    assert most < 10 * LONGEST_ROW


def test_a_header_without_an_end_is_given_up_before_it_fills_the_memory() -> None:
    file = io.BytesIO(b"name" + b",name" * 40_000_000)
    tracemalloc.start()

    with pytest.raises(UnreadableFile, match="csv: expected a header of at most 1048576 bytes"):
        list(read_rows("csv", file, ENTITIES))

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < LONGEST_ROW


def test_rows_of_a_long_csv_file_are_bounded_one_by_one() -> None:
    line = b"1," + b"x" * 999_990 + b"\n"

    formats = list(read_rows("csv", io.BytesIO(b"id,name\n" + line * 40), ENTITIES))

    assert [row.number for row in formats] == list(range(1, 41))
    assert {row.problem for row in formats} == {None}


def test_parquet_of_no_bytes_is_an_upload_that_failed() -> None:
    with pytest.raises(UnreadableFile, match="parquet: expected a Parquet file, got one of zero bytes"):
        read("parquet", b"")


@pytest.mark.parametrize("zone", ["CEST", "GMT+2", "local", "tzutc()", "W. Europe Standard Time", "America"])
def test_an_instant_of_parquet_is_read_whatever_its_zone_is_called(zone: str) -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    times = pa.array([noon], pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone))
    nested = pa.StructArray.from_arrays([times], ["at"])
    listed = pa.ListArray.from_arrays([0, 1], times)
    columns = {"id": [1], "unit_price": ["1"], "state": times, "note": nested, "_op": listed}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)

    [row] = payloads("parquet", file.getvalue())

    said = "2026-11-24T12:00:00+00:00"
    assert row == {"id": 1, "unit_price": "1", "state": said, "note": {"at": said}, "_op": [said]}


def test_a_long_number_stays_a_number_where_a_text_is_expected() -> None:
    line = '{"id":1,"note":0.12345678901234567890123456789012345678901,"unitPrice":1.50}'

    assert payloads("jsonl", line) == [{"id": "1", "note": 0.12345678901234568, "unitPrice": "1.50"}]


def test_parquet_numbers_for_a_text_stay_numbers_and_nan_is_told() -> None:
    table = pa.table(
        {
            "id": pa.array([1.0, float("nan")]),
            "cost": pa.array([Decimal("1.50"), Decimal("2")], pa.decimal128(10, 2)),
            "note": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "state": pa.array([float("inf"), 2.5]),
        }
    )

    assert payloads("parquet", _parquet(table)) == [
        {"id": 1.0, "cost": "1.50", "note": 1.5, "state": ["inf"]},
        {"id": "nan", "cost": "2.00", "note": None, "state": 2.5},
    ]
