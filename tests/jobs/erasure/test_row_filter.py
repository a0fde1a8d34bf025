"""The rows of erased keys are removed from files, and every other byte stays."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from jobs.erasure.failed_batches import RecordsInStreamOnly
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.row_filter import FAILED_BATCH, RewriteMismatch, filter_rows, rewrite
from jobs.reading.formats import compression, jsonl
from jobs.reading.formats.rows import RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES, EVENTS, record

SEVEN = ErasedKeys.of(ENTITIES, ["7"])


def filtered(form: str, content: bytes, keys: ErasedKeys = SEVEN) -> tuple[RowCounts, bytes]:
    """The counts and the file that is left."""
    target = io.BytesIO()
    return rewrite(form, io.BytesIO(content), keys, target), target.read()


@pytest.mark.parametrize(
    ("content", "left", "counts"),
    [
        (b'{"id": 7}\n{"id": 8}\n', b'{"id": 8}\n', (2, 1)),
        (b'{"id": 8}\r\n\r\n {"id": "7"}', b'{"id": 8}\r\n\r\n', (2, 1)),
        (b'\xef\xbb\xbf{"id":8}\nbroken\n{"id":7,', b'\xef\xbb\xbf{"id":8}\nbroken\n', (3, 1)),
        (b'\xef\xbb\xbf{"id":7}\n', b"", (1, 1)),
        (b"", b"", (0, 0)),
    ],
)
def test_lines_of_json_are_removed_one_by_one(content: bytes, left: bytes, counts: tuple[int, int]) -> None:
    assert filtered("jsonl", content) == (RowCounts(*counts), left)


NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "key", "column", "values"),
    [
        ("string", "1.50", pa.decimal128(10, 2), [Decimal("1.50"), Decimal("1.51")]),
        ("string", "1.5", pa.float32(), [1.5, 2.5]),
        ("string", "7", pa.uint8(), [7, 8]),
        ("string", "3.1198570044E10", pa.float64(), [31198570044.0, 31198570045.0]),
        ("string", "YW5u", pa.binary(), [b"ann", b"bob"]),
        ("string", "ann", pa.binary(), [b"ann", b"bob"]),
        ("string", "ann", pa.large_string(), [" ann", None]),
        ("string", "ann", pa.dictionary(pa.int32(), pa.string()), ["ann", "bob"]),
        ("string", "2026-11-24T12%3A00%3A00%2B00%3A00", pa.timestamp("us", "UTC"), [NOON, None]),
        ("long", "7", pa.float64(), [7.0, 7.5]),
        ("long", "7", pa.string(), [" 007", "8"]),
        ("date", "2026-11-24", pa.date32(), [NOON.date(), None]),
        ("timestamp", "2026-11-24T12%3A00%3A00Z", pa.timestamp("ns", "Nowhere/Unknown"), [NOON, None]),
        ("timestamp", "2026-11-24T12%3A00%3A00Z", pa.timestamp("s"), [NOON.replace(tzinfo=None), None]),
        ("timestamp", "2026-11-24T12%3A00%3A00Z", pa.timestamp("ms", "Asia/Tokyo"), [NOON, None]),
    ],
)
def test_a_key_in_parquet_is_recognized_whatever_the_type_of_its_column(
    kind: str, key: str, column: pa.DataType, values: list[Any]
) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"k": pa.array(values, column), "note": ["erased", "kept"]}), content)
    contract = Contract("things", "1", "", (Column("k", kind),), key=("k",))

    counts, left = filtered("parquet", content.getvalue(), ErasedKeys.of(contract, [key]))

    assert counts == RowCounts(2, 1)
    assert pq.read_table(io.BytesIO(left), columns=["note"]).to_pylist() == [{"note": "kept"}]


@pytest.mark.parametrize(
    ("content", "left", "counts"),
    [
        (b"id,name\n7,Ann\n8,Bob\n", b"id,name\n8,Bob\n", (2, 1)),
        (b'name,id\r\n"Ann,\r\nthe first",7\r\n"B ""b""",8', b'name,id\r\n"B ""b""",8', (2, 1)),
        (b"\xef\xbb\xbfid,name\n007,Ann\n", b"\xef\xbb\xbfid,name\n", (1, 1)),
        (b"id,name\n\n8,Bob\xff\n7,A\xff\n", b"id,name\n\n8,Bob\xff\n", (2, 1)),
        (b"id,name\n7,Ann,too much\n8,7\n", b"id,name\n8,7\n", (2, 1)),
        (b"name,id\nAnn,the first,7\nBob,8\n", b"name,id\nBob,8\n", (2, 1)),
        (b"name,id,colour\n7,8,9\n", b"name,id,colour\n7,8,9\n", (1, 0)),
        (b'id,name\n8,"Bob\n7,Ann\n', b'id,name\n8,"Bob\n', (2, 1)),
        (b'id,name\n7,"A"nn\n8,"x\n7,"y\n9,z', b'id,name\n8,"x\n9,z', (4, 2)),
        (b'id,name\n8,"A,7\n', b"id,name\n", (1, 1)),
        (
            b"sep=;\r\nid;name;\r\n7;Ann;\r\n;;\r\n8;Bob;\r\n",
            b"sep=;\r\nid;name;\r\n;;\r\n8;Bob;\r\n",
            (2, 1),
        ),
        (b"\n\nid,name\n\n7,Ann\n\n", b"\n\nid,name\n\n\n", (1, 1)),
        (b"id,name\r7,Ann\r8,Bob", b"id,name\r8,Bob", (2, 1)),
        (b"id,name\n", b"id,name\n", (0, 0)),
        (b"", b"", (0, 0)),
    ],
)
def test_rows_of_csv_are_removed_with_all_their_lines(
    content: bytes, left: bytes, counts: tuple[int, int]
) -> None:
    assert filtered("csv", content) == (RowCounts(*counts), left)


def test_a_field_too_many_between_the_columns_of_a_key_hides_no_row() -> None:
    content = b"shop,happened_at,number\nnorth,today,at noon,3\nnorth,today,4\n"

    counts, left = filtered("csv", content, ErasedKeys.of(EVENTS, ["north,3"]))

    assert (counts, left) == (RowCounts(2, 1), b"shop,happened_at,number\nnorth,today,4\n")


def test_a_compressed_file_is_compressed_again_and_always_to_the_same_bytes() -> None:
    content = gzip.compress(b'{"id":7}\n') + gzip.compress(b'{"id":8}\n')  # in two parts, as some writers do

    (counts, left), (_, again) = filtered("jsonl.gz", content), filtered("jsonl.gz", content)

    assert counts == (2, 1)
    assert gzip.decompress(left) == b'{"id":8}\n'
    assert left == again


def test_a_format_that_is_read_at_any_place_is_unpacked_first_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"id": [7, 8]}), content)
    packed = gzip.compress(content.getvalue())

    counts, left = filtered("parquet.gz", packed)

    assert counts == RowCounts(2, 1)
    assert pq.read_table(io.BytesIO(gzip.decompress(left))).to_pylist() == [{"id": 8}]
    monkeypatch.setattr(compression, "SMALL", 0)
    monkeypatch.setattr(compression, "MOST_TIMES", 1)
    with pytest.raises(UnreadableFile, match="gzip: expected at most"):
        filtered("parquet.gz", gzip.compress(content.getvalue() + bytes(100_000)))


@pytest.mark.parametrize("codec", ["zstd", "snappy", "none"])
def test_rows_of_parquet_are_removed_and_the_schema_stays(codec: str) -> None:
    rows = [
        {"id": n, "price": Decimal("1.10"), "at": datetime(2026, 11, 24, n, tzinfo=UTC), "tags": ["a", None]}
        for n in range(10)
    ]
    schema = pa.schema(
        [
            pa.field("id", pa.int32(), nullable=False, metadata={"told": "yes"}),
            ("price", pa.decimal128(10, 2)),
            ("at", pa.timestamp("us", "UTC")),
            ("tags", pa.list_(pa.string())),
        ],
        metadata={"by": "a partner"},
    )
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), content, compression=codec, row_group_size=4)

    counts, left = filtered("parquet", content.getvalue())

    table = pq.read_table(io.BytesIO(left))
    assert counts == (10, 1)
    assert table.to_pylist() == [row for row in rows if row["id"] != 7]
    assert table.schema.equals(pq.read_schema(io.BytesIO(content.getvalue())), check_metadata=True)
    assert table.schema.metadata == schema.metadata
    column = pq.ParquetFile(io.BytesIO(left)).metadata.row_group(0).column(0)
    assert column.compression.lower() == codec.replace("none", "uncompressed")


def test_data_files_of_exports_are_lines_of_items() -> None:
    lines = [{"Item": {"_key": {"S": key}, "id": {"N": key}}} for key in ("7", "8")]
    content = gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())

    counts, left = filtered("jsonl.gz", content)

    assert counts == (2, 1)
    assert json.loads(gzip.decompress(left)) == lines[1]


def given_up(payload: Any, table: str = "glueline-entities") -> dict[str, Any]:
    stream = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}/stream/2026-11-24T00:48:05.899"
    payload = payload if payload is None else payload(stream)
    return {"DDBStreamBatchInfo": {"streamArn": stream}, **({} if payload is None else {"payload": payload})}


def records(stream: str) -> list[dict[str, Any]]:
    return [{**record("INSERT", key), "eventSourceARN": stream} for key in ("7", "8")]


@pytest.mark.parametrize("form", ["text", "object", "list"])
def test_the_records_of_a_failed_batch_are_removed_one_by_one(form: str) -> None:
    forms: Any = {
        "text": lambda stream: json.dumps({"Records": records(stream)}),
        "object": lambda stream: {"Records": records(stream)},
        "list": records,
    }
    failure = given_up(forms[form])

    counts, left = filtered(FAILED_BATCH, json.dumps(failure).encode())

    [kept] = [one for one in records(failure["DDBStreamBatchInfo"]["streamArn"]) if one["dynamodb"]["Keys"] ==
              {"_key": {"S": "8"}}]  # fmt: skip
    payload = json.loads(left)["payload"]
    event = json.loads(payload) if form == "text" else payload
    assert counts == (2, 1)
    assert event == ([kept] if form == "list" else {"Records": [kept]})


@pytest.mark.parametrize("table", ["glueline-events", "glueline-old_entities"])
def test_records_of_other_tables_stay_whatever_their_keys(table: str) -> None:
    content = json.dumps(given_up(records, table)).encode()

    assert filter_rows(FAILED_BATCH, io.BytesIO(content), SEVEN) == (2, 0)


def test_a_failed_batch_of_the_dataset_without_its_records_is_an_error() -> None:
    ours, other = (json.dumps(given_up(None, table)).encode() for table in ("g-entities", "g-events"))

    assert filtered(FAILED_BATCH, other) == (RowCounts(0, 0), other)
    with pytest.raises(RecordsInStreamOnly, match="redrive"):
        filter_rows(FAILED_BATCH, io.BytesIO(ours), SEVEN)


@pytest.mark.parametrize(
    ("form", "content", "why"),
    [
        ("csv", b"identity,name\n7,Ann\n", "header"),
        ("csv", b'"id,name\n7,Ann\n', "csv"),
        ("csv.gz", gzip.compress(b"id,name\n" * 100, mtime=0)[:-9], "gzip"),
        ("jsonl.gz", b'{"id": 7}', "gzip"),
        ("parquet", b"PAR1 this is no Parquet PAR1", "parquet"),
        (FAILED_BATCH, b"no json", "failure"),
        (FAILED_BATCH, b'{"payload": "{\\"Other\\": 1}"}', "failure"),
    ],
)
def test_a_file_whose_rows_cannot_be_separated_is_unreadable(form: str, content: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile, match=f"^{why}: "):
        filter_rows(form, io.BytesIO(content), SEVEN)


def test_a_line_over_the_limit_makes_the_file_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_ROW", 20)

    assert filter_rows("jsonl", io.BytesIO(b'{"id":7,"name":"A"}\n'), SEVEN) == (1, 1)
    with pytest.raises(UnreadableFile, match="longer"):
        filter_rows("jsonl", io.BytesIO(b'{"id":7,"name":"Ann"}\n'), SEVEN)


def test_a_rewritten_file_that_lacks_a_row_is_not_used() -> None:
    class Forgetful(io.BytesIO):
        def write(self, content: Any) -> int:
            return super().write(content) if b"9" not in content else len(content)

    with pytest.raises(RewriteMismatch, match="3 rows less 1, got 1"):
        rewrite("jsonl", io.BytesIO(b'{"id":7}\n{"id":8}\n{"id":9}\n'), SEVEN, Forgetful())


@given(
    rows=st.lists(
        st.tuples(
            st.integers(5, 9),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
        ),
        max_size=20,
    ),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_the_rows_of_other_keys_always_stay_as_they_are(rows: list[tuple[int, str]], ending: str) -> None:
    def lines(of: list[tuple[int, str]]) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=ending)
        writer.writerows([("id", "name"), *of])
        return text.getvalue().encode()

    counts, left = filtered("csv", lines(rows))

    others = [row for row in rows if row[0] != 7]
    assert counts == (len(rows), len(rows) - len(others))
    assert left == lines(others)
