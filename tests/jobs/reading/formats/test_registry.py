"""Every format that a door takes is registered; what holds for all formats: empty files, other encodings."""

import io
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.erasure.keys import ErasedKeys
from jobs.erasure.row_filter import rewrite
from jobs.intake.doors import DOORS
from jobs.reading.formats.compression import COMPRESSIONS, compression_of, uncompressed
from jobs.reading.formats.registry import FORMATS, format_named, read_rows
from jobs.reading.formats.rows import RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES
from tests.jobs.reading.formats.example_files import ALL_FORMATS, EXAMPLES, FIRST_ROW, example
from tests.jobs.reading.formats.reading import read
from tests.properties import examples


def test_each_format_and_compression_that_a_door_takes_is_registered_and_each_registered_one_is_taken() -> (
    None
):
    taken = {name for door in DOORS.values() for name in door.formats.values()}

    assert {format_named(name, "a.csv").name for name in taken} == set(FORMATS)
    assert {*taken} >= {f"{name}.{packed}" for name in FORMATS for packed in COMPRESSIONS}
    assert [one.name for one in FORMATS.values()] == list(FORMATS)


@pytest.mark.parametrize(
    ("name", "member", "found"),
    [
        ("csv", "", "csv"),
        ("csv.gz", "", "csv"),
        ("csv.zip", "data.txt", "csv"),
        ("zip", "folder/Data.CSV", "csv"),
        ("zip", "data.parquet", "parquet"),
    ],
)
def test_the_name_tells_the_format_or_that_of_the_file_inside(name: str, member: str, found: str) -> None:
    assert format_named(name, member).name == found


@pytest.mark.parametrize("member", ["data.txt", "csv", "data.csv.gz", "\udcff"])
def test_a_file_inside_that_tells_no_format_is_a_reason(member: str) -> None:
    with pytest.raises(
        UnreadableFile, match=r"^zip: expected a file inside that is named .*csv.*name it so"
    ) as told:
        format_named("zip", member)
    assert str(told.value).encode()


def test_bytes_that_are_not_utf8_are_a_problem_of_their_row() -> None:
    of_csv = read("csv", b"id,cost,note\n1,2,gr\xfcn\n2,3,ok\n")
    of_lines = read("jsonl", b'{"id": "\xfc"}\n{"id": 2}\n')

    for found in (of_csv, of_lines):
        assert [bool(row.problem) for row in found] == [True, False]
        assert "expected UTF-8" in str(found[0].problem)
        assert "\\xfc" in str(found[0].payload)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("file_format", ["json", "jsonl"])
def test_another_encoding_is_named_by_its_mark(file_format: str, encoding: str) -> None:
    with pytest.raises(UnreadableFile, match=f"expected UTF-8, got {encoding.upper()}"):
        read("jsonl", '{"id": 1}\n'.encode(encoding))


@pytest.mark.parametrize("file_format", ["csv", "json", "jsonl"])
def test_an_empty_file_has_no_rows(file_format: str) -> None:
    assert read(file_format, b"") == []


def test_heavy_readers_are_imported_only_when_a_file_needs_them() -> None:
    heavy = ("fastavro", "openpyxl", "pyarrow", "backports.zstd", "lz4", "cramjam")
    program = f"""
import sys
before = set(sys.modules)
import jobs.reading.formats.registry
print([name for name in {heavy} if name in set(sys.modules) - before])
"""

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def content_of(file_format: str, body: bytes) -> bytes:
    compression = compression_of(file_format)
    if compression is None:
        return body
    with compression.unpacked(io.BytesIO(body)) as (content, _):
        return content.read()


def test_there_is_an_example_of_each_format() -> None:
    assert set(EXAMPLES) == set(FORMATS)


@pytest.mark.parametrize("file_format", ALL_FORMATS)
def test_each_row_of_a_file_of_each_format_is_read_with_its_values(file_format: str) -> None:
    rows = [
        {"id": str(number), "unit_price": "1.50", "note": None if number % 2 else 'gr\u00fcn,\n"x"'}
        for number in range(20)
    ]
    first = FIRST_ROW.get(uncompressed(file_format), 1)

    found = read(uncompressed(file_format), content_of(file_format, example(file_format, [*rows[0]], rows)))

    assert [row.problem for row in found] == [None] * len(rows)
    assert [row.number for row in found] == list(range(first, first + len(rows)))
    assert [json.loads(str(row.payload)) for row in found] == rows


SEVEN = ErasedKeys.of(ENTITIES, ["7"])
texts = st.none() | st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5)


@pytest.mark.parametrize("file_format", ALL_FORMATS)
@settings(max_examples=examples(15), deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from(["6", "7", "8", "x"]), texts), max_size=12))
def test_the_rows_of_other_keys_are_read_as_before_from_an_erased_file(
    file_format: str, rows: list[tuple[str, str | None]]
) -> None:
    body = example(file_format, ["id", "name"], [{"id": key, "name": name} for key, name in rows])
    target = io.BytesIO()

    counts = rewrite(file_format, io.BytesIO(body), SEVEN, target)

    plain = uncompressed(file_format)
    left, before = (
        [
            json.loads(str(row.payload))
            for row in read_rows(plain, io.BytesIO(content_of(file_format, one)), ENTITIES)
        ]
        for one in (target.getvalue(), body)
    )
    assert left == [row for row in before if row["id"] != "7"]
    assert counts == RowCounts(len(rows), len(rows) - len(left))
