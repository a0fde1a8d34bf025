"""Every format that a door takes is registered; what holds for all formats: empty files, other encodings."""

import pytest

from jobs.intake.doors import DOORS
from jobs.reading.formats.compression import COMPRESSIONS
from jobs.reading.formats.registry import FORMATS, format_named
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.reading.formats.reading import read


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
@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_another_encoding_is_named_by_its_mark(file_format: str, encoding: str) -> None:
    with pytest.raises(UnreadableFile, match=f"expected UTF-8, got {encoding.upper()}"):
        read(file_format, "id,unit_price\n1,2\n".encode(encoding))


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_an_empty_file_has_no_rows(file_format: str) -> None:
    assert read(file_format, b"") == []
