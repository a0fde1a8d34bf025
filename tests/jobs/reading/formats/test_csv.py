"""CSV: fields are text, rows are told apart or end the file, and no row fills the memory."""

import io
import tracemalloc
from itertools import chain, islice, repeat
from typing import IO, cast

import pytest

from jobs.reading.formats import csv_header
from jobs.reading.formats.registry import read_rows
from jobs.reading.formats.rows import LONGEST_ROW, UnreadableFile
from tests.jobs.builders import ENTITIES
from tests.jobs.reading.formats.reading import payloads, read


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
        (2, "csv: expected 2 fields, got 1 (line 3)"),
        (3, "csv: expected 2 fields, got 3 (line 5)"),
        (4, None),
    ]
    assert found[2].payload == '["4", "5", "6"]'


def test_a_quote_that_is_never_closed_is_a_problem_of_its_row() -> None:
    found = read("csv", 'id,cost\n1,2\n2,"3\n4,5\n')

    assert [(row.number, row.payload) for row in found if row.problem is None] == [
        (1, '{"id": "1", "cost": "2"}'),
        (3, '{"id": "4", "cost": "5"}'),
    ]
    assert found[1] == (
        2, '["2", "3"]', 'csv: expected a second " that closes the field, got none (line 3)'
    )  # fmt: skip


class Endless(io.RawIOBase):
    """A file that begins so and then repeats itself without an end."""

    def __init__(self, start: bytes, repeated: bytes) -> None:
        self._parts = (start, repeated * (64 * 1024 // len(repeated)))
        self.seek(0)

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        assert (offset, whence) == (0, io.SEEK_SET)
        self._rest, self._next = b"", chain(self._parts[:1], repeat(self._parts[1]))
        return 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size > 0, "the file has no end"
        while len(self._rest) < size:
            self._rest += next(self._next)
        some, self._rest = self._rest[:size], self._rest[size:]
        return some


ENDLESS = {
    "a row of quoted line ends": Endless(b"id,name\n1,a\n2,", b'"\n",'),
    "a quoted field without an end": Endless(b'id,name\n1,a\n2,"', b"x\n"),
}


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
def test_a_csv_row_without_an_end_is_given_up_in_time_and_in_little_memory(
    endless: Endless, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = 2 * 1024 * 1024
    monkeypatch.setattr(csv_header, "LONGEST_ROW", longest)
    tracemalloc.start()

    first, bad, *_ = islice(read_rows("csv", cast("IO[bytes]", endless), ENTITIES), 1000)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (first.payload, bad.number) == ('{"id": "1", "name": "a"}', 2)
    assert bad.problem is not None
    assert bad.problem.endswith(" (line 3)")
    assert most < 20 * longest


def test_a_line_that_is_too_long_is_a_problem_of_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_header, "LONGEST_ROW", 1_000_000)

    first, long, last = read_rows(
        "csv", io.BytesIO(b"id,name\n1,a\n" + b"x," * 1_000_000 + b"\n3,c\n"), ENTITIES
    )

    assert (first.payload, last) == ('{"id": "1", "name": "a"}', (3, '{"id": "3", "name": "c"}', None))
    assert (
        long.problem
        == "csv: expected rows of at most 1000000 bytes and 100000 lines, got a longer one (line 3)"
    )


def test_a_header_without_an_end_is_given_up_before_it_fills_the_memory() -> None:
    tracemalloc.start()

    with pytest.raises(UnreadableFile, match="csv: expected a header of at most 1048576 bytes"):
        list(read_rows("csv", cast("IO[bytes]", Endless(b"name", b",name")), ENTITIES))

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < LONGEST_ROW


def test_rows_of_a_long_csv_file_are_bounded_one_by_one() -> None:
    line = b"1," + b"x" * 999_990 + b"\n"

    rows = list(read_rows("csv", io.BytesIO(b"id,name\n" + line * 40), ENTITIES))

    assert [row.number for row in rows] == list(range(1, 41))
    assert {row.problem for row in rows} == {None}
