"""How CSV files begin and how wide their rows are, as spreadsheets write them."""

from dataclasses import replace

import pytest

from expectations.file_dialect import CsvDialect
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.reading.formats.reading import CONTRACT, read

FIRST = [(1, '{"id": "1", "cost": "2"}', None)]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\r\nid;cost\r\n1;2\r\n",
        '"sep=;"\nid;cost\n1;2\n',
        "SEP=\t\nid\tcost\n1\t2\n",
        "sep=,\nid,cost\n1,2\n",
        "\n\r\n,,\nid,cost\n1,2\n",
        "id,cost,,\n1,2,,\n,,,\n,,,\n",
        "id,cost,,\n1,2\n",
        "id,cost\n1,2,,\n,,,,,\n",
        "\ufeffid,cost\n1,2\n",
        "sep=;\nid;cost\n1;2\n".encode("utf-16"),
        "id,cost\n1,2\n".encode("utf-32"),
        "\ufeffid,cost\n1,2\n".encode("utf-16-be"),
        ' id ,"cost"\n1,2\n',
        "id,cost\r1,2\r",
        "id,cost\n1,2",
    ],
)
def test_the_habits_of_spreadsheets_change_nothing(content: str | bytes) -> None:
    assert read("csv", content) == FIRST


def test_a_quoted_empty_text_makes_a_row() -> None:
    found = read("csv", 'id,cost\n"",\n,\n')

    assert [(row.number, row.payload) for row in found] == [(1, '{"id": "", "cost": null}')]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("id,cost,\n1,2,\n3,4,x\n", "got none for column 3, which has 'x' in line 3; name it"),
        ("id,,cost\n1,x,2\n", "got none for column 2, which has 'x' in line 2; name it"),
    ],
)
def test_a_column_without_a_name_that_has_values_is_named_by_its_place(content: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=f"^header: expected a name for each column, {reason}$"):
        read("csv", content)


def test_an_empty_column_without_a_name_may_be_anywhere() -> None:
    assert read("csv", "id,,cost\n1,,2\n") == FIRST


@pytest.mark.parametrize(
    ("dialect", "content"),
    [
        (CsvDialect(columns=("id", "cost")), "1,2\n"),
        (CsvDialect(columns=("id", "cost")), "\ufeff\n1,2,\n,\n"),
        (CsvDialect(skip_rows=2), "Prices of the year\n\nid,cost\n1,2\n"),
        (CsvDialect(skip_rows=1, columns=("id", "cost")), 'The "prices\n1,2\n'),
        (CsvDialect(delimiter=";", skip_rows=1, comment="#"), "sep=,\nPrices\n# in EUR\nid,cost\n#\n1,2\n"),
    ],
)
def test_what_comes_before_the_rows_is_declared(dialect: CsvDialect, content: str) -> None:
    assert read("csv", content, replace(CONTRACT, csv=dialect)) == FIRST


def test_a_header_where_none_is_declared_is_not_taken_for_a_row() -> None:
    with pytest.raises(
        UnreadableFile, match="header: expected none, as contract things declares, got id, cost;"
    ):
        read("csv", "id,cost\n1,2\n", replace(CONTRACT, csv=CsvDialect(columns=("id", "cost"))))


def test_a_header_with_a_fault_is_a_reason() -> None:
    with pytest.raises(UnreadableFile, match=r"^csv: .* \(line 2\); correct the header$"):
        read("csv", '\n"id"x,cost\n1,2\n')
