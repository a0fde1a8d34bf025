"""A fault of CSV is bounded to its row, and every line is read once or a few times."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.file_dialect import RFC_4180, CsvDialect
from jobs.reading.formats.csv_rows import CsvRows, Fault
from jobs.reading.formats.text_lines import Lines


def rows_of(content: str, width: int = 0, dialect: CsvDialect = RFC_4180) -> list[list[str | None] | str]:
    """The rows with a field; of a faulty one its line."""
    rows = CsvRows(Lines(io.BytesIO(content.encode()), "utf-8", 16 * 1024 * 1024), dialect)
    rows.width = width
    return [row.line if isinstance(row, Fault) else row for row in rows if row]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('1,a\n2,"22" LB"\n3,c\n', [["1", "a"], '2,"22" LB"\n', ["3", "c"]]),
        ('1,"22" LB"\n2,b\n', ['1,"22" LB"\n', ["2", "b"]]),
        ('1,"never closed\n2,b\n3,c', ['1,"never closed\n', ["2", "b"], ["3", "c"]]),
        ('1,"a\n2,"b"\n3,"c"\n', ['1,"a\n', ["2", "b"], ["3", "c"]]),
        ('1,"a\n2,"b\nb"\n3,c\n', ['1,"a\n', ["2", "b\nb"], ["3", "c"]]),
        ('1,"a\n\nb"\n2,""\n', [["1", "a\n\nb"], ["2", ""]]),
        ('1,"a\n2,b\n3,",c"\n4,d\n', ['1,"a\n', ["2", "b"], ["3", ",c"], ["4", "d"]]),
        ('1,"a\nb",2\n3,c\n', [["1", "a\nb", "2"], ["3", "c"]]),
        ('1,"a\r2,b\r', ['1,"a\r', ["2", "b"]]),
        ('1,"a', ['1,"a']),
    ],
)
def test_a_faulty_row_ends_with_its_first_line(content: str, expected: list[list[str] | str]) -> None:
    assert rows_of(content, width=2) == expected


def is_told_apart(text: str) -> bool:
    """Whether the quote before the text can't be one that closes the field of an earlier row."""
    return text.lstrip('"')[:1] not in (",", "\n", "\r")


FIELD = st.none() | st.text(st.sampled_from('ab" ,\n\r;'), max_size=6).filter(is_told_apart)
ROW = st.lists(FIELD, min_size=3, max_size=3).filter(any)
CORRUPTED = st.sampled_from(['x,"a" b,c', 'x,"a,c', 'x,"a"b"', "x,a", "x,a,b,c", '"x', '"x"y,"z', '"a"",""b'])


def written(row: list[str | None]) -> str:
    return ",".join("" if field is None else '"' + field.replace('"', '""') + '"' for field in row)


@given(st.lists(ROW | CORRUPTED), st.sampled_from(["\n", "\r\n", "\r"]))
def test_valid_rows_among_corrupted_ones_come_out(parts: list[list[str | None] | str], end: str) -> None:
    content = "".join((part if isinstance(part, str) else written(part)) + end for part in parts)

    found = rows_of(content, width=3)

    valid = [row for row in found if isinstance(row, list) and len(row) == 3]
    assert valid == [part for part in parts if isinstance(part, list)]


@given(st.text(st.sampled_from('a",\n\r\\;'), max_size=80), st.integers(0, 3))
def test_every_line_is_in_one_row_and_the_same_file_gives_the_same_rows(content: str, width: int) -> None:
    def ranges() -> list[tuple[int, int]]:
        rows = CsvRows(Lines(io.BytesIO(content.encode()), "utf-8", 1_000), RFC_4180)
        rows.width = width
        return [(rows.lines.start, rows.end) for _ in rows]

    found = ranges()

    assert found == ranges()
    assert [number for start, end in found for number in range(start, end)] == list(
        range(len(io.StringIO(content, newline="").readlines()))
    )


@given(st.lists(ROW))
def test_rows_without_faults_are_those_of_pythons_parser(rows: list[list[str | None]]) -> None:
    content = "".join(written(row) + "\n" for row in rows)

    assert rows_of(content, width=3) == list(
        csv.reader(io.StringIO(content, newline=""), quoting=csv.QUOTE_NOTNULL)
    )


HARD = {
    "quotes that close in the next line": 'a","\n',
    "quotes never closed": '1,"abc\n',
    "a fault in each line": '1,"a"b\n',
    "empty quoted fields": '1,""\n',
    "rows that are open and rows that are not": 'a","\n' * 50 + "1,2\n",
}


@pytest.mark.parametrize("lines", HARD.values(), ids=HARD)
@pytest.mark.parametrize("first", ["", '0,"'])
def test_no_file_costs_more_than_a_few_passes(
    lines: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = 0
    real = csv.reader

    def counted(source: object, **options: object) -> object:
        def lines_of() -> object:
            nonlocal parsed
            for line in source:  # type: ignore[attr-defined]
                parsed += 1
                yield line

        return real(lines_of(), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(csv, "reader", counted)
    content = first + lines * (20_000 // lines.count("\n"))

    rows_of(content, width=2)

    assert parsed <= 4 * (content.count("\n") + 1)


@pytest.mark.parametrize(
    ("dialect", "content", "expected"),
    [
        (CsvDialect(delimiter=";", quote="'"), "1;'a;''b'\n", [["1", "a;'b"]]),
        (CsvDialect(quote=None), '1,"a\n2,\n', [["1", '"a'], ["2", None]]),
        (CsvDialect(escape="\\"), '1,"a\\"b"\n2,""\n', [["1", 'a"b'], ["2", ""]]),
        (CsvDialect(comment="#"), '#c "\n1,"a\n#b"\n#d\n2,c\n', [["1", "a\n#b"], ["2", "c"]]),
        (CsvDialect(comment="#"), '1,"a\n#b\n2,c\n', ['1,"a\n', ["2", "c"]]),
        (CsvDialect(delimiter="\t"), "1\t\n", [["1", None]]),
    ],
)
def test_rows_of_other_dialects(
    dialect: CsvDialect, content: str, expected: list[list[str | None] | str]
) -> None:
    assert rows_of(content, 2, dialect) == expected
