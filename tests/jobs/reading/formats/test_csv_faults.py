"""A CSV file that is not in the declared dialect is refused with what to declare."""

from dataclasses import replace

import pytest

from expectations.file_dialect import RFC_4180, CsvDialect
from jobs.reading.formats.csv_faults import parts_of
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.reading.formats.reading import CONTRACT, read

SEMICOLONS = CsvDialect(delimiter=";")


@pytest.mark.parametrize(
    ("content", "hint", "dialect"),
    [
        ("id;unit_price\n1;2\n", "the file uses ';': declare delimiter: ';'", RFC_4180),
        ("id\tunit_price\n1\t2\n", r"the file uses '\t': declare delimiter: '\t'", RFC_4180),
        ("id,unit_price\n1,2\n", "the file uses ',': declare delimiter: ','", SEMICOLONS),
        ("'id','unit_price'\n'1','2'\n", "the file quotes with ': declare quoteChar: \"'\"", RFC_4180),
        ("'id';'cost'\n",
         "uses ';': declare delimiter: ';', and the file quotes with ': declare quoteChar: \"'\"", RFC_4180),
        ("id,unit_price\n1,2\n".encode("utf-16-le"), "declare encoding: utf-16-le", RFC_4180),
        ("id,unit_price\n1,2\n".encode("utf-16-be"), "declare encoding: utf-16-be", RFC_4180),
        ("Prices\n\nid,cost\n1,2\n", "line 3 names the columns: declare skipRows: 2", RFC_4180),
        ("Prices\nid;cost\n1;2\n",
         "uses ';': declare delimiter: ';', and line 2 names the columns: declare skipRows: 1", RFC_4180),
        ("1,2,open,\n", "looks like data: declare header: false if the files have no header", RFC_4180),
    ],
)  # fmt: skip
def test_the_reason_says_what_to_declare(content: str | bytes, hint: str, dialect: CsvDialect) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read("csv", content, replace(CONTRACT, csv=dialect))

    assert str(refused.value).startswith("header: expected the columns of contract things, got missing: ")
    assert str(refused.value).endswith(hint)


@pytest.mark.parametrize("content", ["id,colour\n", "<html>\n<head>\n", "a,b\nc,d\n", "id\n1\n"])
def test_nothing_is_advised_that_would_not_help(content: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read("csv", content)

    assert "declare" not in str(refused.value)


def test_a_column_in_another_code_page_is_found_by_its_header() -> None:
    columns = tuple(
        replace(column, aliases=("Größe",)) if column.name == "note" else column
        for column in CONTRACT.columns
    )

    with pytest.raises(UnreadableFile, match="looks like cp1252: declare encoding: cp1252"):
        read("csv", "id,cost,Größe\n1,2,3\n".encode("cp1252"), replace(CONTRACT, columns=columns))


@pytest.mark.parametrize(
    ("content", "dialect", "got"),
    [
        (b"id,cost,note\n1,2,\x80 5\n", RFC_4180,
         "UTF-8, got byte 0x80 in column note, which looks like cp1252; declare encoding: cp1252 (line 2)"),
        (b"id,cost,note\n1,2,\x81\n", RFC_4180,
         "UTF-8, got byte 0x81 in column note, which looks like iso-8859-1; "
         "declare encoding: iso-8859-1 (line 2)"),
        (b"id,cost,note\n\n1,2,\x81\n", CsvDialect(encoding="cp1252"),
         "CP1252, got byte 0x81 in column note, which looks like iso-8859-1; "
         "declare encoding: iso-8859-1 (line 3)"),
        ("id,cost,note\n1,2,\ud83d\n".encode("utf-16-le", "surrogatepass"), CsvDialect(encoding="utf-16-le"),
         "UTF-16-LE, got half of a surrogate pair in column note (line 2)"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_text_are_a_problem_of_their_row(
    content: bytes, dialect: CsvDialect, got: str
) -> None:
    (found,) = read("csv", content, replace(CONTRACT, csv=dialect))

    assert found.problem == f"encoding: expected {got}"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ('952,2,"22" LB"\n', ["952", "2", '22" LB', '22 LB"']),
        ('952,"never closed,7\r\n', ["952", "never closed", "7", "never closed,7"]),
        ('"Smith, Ann" x,7', ["Smith", 'Ann" x', "7", "Smith, Ann x"]),
    ],
)
def test_a_faulty_line_keeps_its_parts_however_they_are_read(line: str, parts: list[str]) -> None:
    assert parts_of(line, RFC_4180) == parts
