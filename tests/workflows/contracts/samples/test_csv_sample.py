"""CSV of any usual dialect is read as its author meant it."""

import io

import pytest

from workflows.contracts.samples.csv_sample import CsvSample
from workflows.contracts.samples.facts import DraftError


def sample(content: str | bytes) -> CsvSample:
    return CsvSample(io.BytesIO(content.encode() if isinstance(content, str) else content), "sample.csv")


@pytest.mark.parametrize(
    "content",
    [
        "id,name\n1,a\n",
        "\ufeffid,name\r\n1,a\r\n",
        "id;name\n1;a\n",
        "id\tname\n1\ta\n",
        "id|name\n1|a\n",
        "sep=;\nid;name\n1;a\n",
        "\n\nid,name\n1,a\n",
        "People of the year\nid,name\n1,a\n2,b\n3,c\n",
        "id,name,,\n1,a,,\n,,,\n",
        "id , name\n1,a\n",
        "id;name\n1;a\n".encode("utf-16"),
    ],
)
def test_each_dialect_gives_the_same_first_row(content: str | bytes) -> None:
    assert next(sample(content).rows()) == (1, {"id": "1", "name": "a"})


def test_fields_are_kept_as_they_are_and_only_a_bare_empty_one_is_no_value() -> None:
    (_, row), *_ = sample('a,b,c,d\n" x ",,"","1,\n2"\n').rows()

    assert row == {"a": " x ", "b": None, "c": "", "d": "1,\n2"}


def test_a_file_that_is_not_utf8_is_in_the_code_page_of_windows() -> None:
    read = sample("id,straße\n1,€\n".encode("cp1252"))

    assert list(read.rows()) == [(1, {"id": "1", "straße": "€"})]
    assert read.notes == ["the file is in cp1252."]


def test_names_that_come_twice_or_are_empty_are_numbered_with_a_note() -> None:
    read = sample("id,,a,a\n1,2,3,4\n")

    assert list(read.rows()) == [(1, {"id": "1", "column_2": "2", "a": "3", "a_2": "4"})]
    assert read.notes == [
        "column 2 has no name; name it column_2 in the file.",
        "column 4 has the name 'a' again; name it a_2 in the file.",
    ]


def test_a_row_of_another_width_is_passed_over_with_a_note() -> None:
    read = sample("id,name\n1,a\n2\n3,c\n")

    assert [number for number, _ in read.rows()] == [1, 3]
    assert read.notes == ["row 2 has 1 fields, the header 2; such rows are passed over."]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('id,name\n1,"a" b\n', r"line 2\); correct the quotes"),
        (b"PK\x03\x04\0\0", "not UTF-8"),
        ("id,name,more\n1,a\n2,b\n", "2 of 2 rows have another number"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: str | bytes, message: str) -> None:
    with pytest.raises(DraftError, match=message):
        list(sample(content).rows())
