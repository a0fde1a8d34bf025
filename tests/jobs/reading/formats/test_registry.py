"""Every format that a door takes is registered; what holds for all formats: empty files, other encodings."""

import pytest

from jobs.intake.doors import DOORS
from jobs.reading.formats.registry import FORMATS, format_named
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.reading.formats.reading import read


def test_each_format_that_a_door_takes_is_registered_and_each_registered_one_is_taken() -> None:
    taken = {name for door in DOORS.values() for name in door.formats.values()}

    assert {format_named(name).name for name in taken} == set(FORMATS)
    assert [one.name for one in FORMATS.values()] == list(FORMATS)


def test_bytes_that_are_not_utf8_are_a_problem_of_their_row() -> None:
    of_csv = read("csv", b"id,cost,note\n1,2,gr\xfcn\n2,3,ok\n")
    of_lines = read("jsonl", b'{"id": "\xfc"}\n{"id": 2}\n')

    for found in (of_csv, of_lines):
        assert [bool(row.problem) for row in found] == [True, False]
        assert "expected UTF-8" in str(found[0].problem)
        assert "\\xfc" in str(found[0].payload)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_encoding_is_named_by_its_mark(encoding: str) -> None:
    with pytest.raises(UnreadableFile, match=f"expected UTF-8, got {encoding.upper()}"):
        read("jsonl", '{"id": 1}\n'.encode(encoding))


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "jsonl"])
def test_an_empty_file_has_no_rows(file_format: str) -> None:
    assert read(file_format, b"") == []
