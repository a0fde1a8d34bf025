"""Rows of erased keys are removed from CSV of every dialect, and every other byte stays."""

import gzip
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from expectations.file_dialect import RFC_4180, CsvDialect
from jobs.erasure.keys import ErasedKeys
from jobs.erasure.row_filter import rewrite
from jobs.reading.formats.registry import read_rows
from jobs.reading.formats.rows import RowCounts, UnreadableFile
from tests.jobs.builders import ENTITIES

GERMAN = CsvDialect(delimiter=";", encoding="cp1252", decimal=",", group=".")
NAMES = Contract(
    "names", "1", "", (Column("name", "string", aliases=("Näme",)), Column("note", "string")), key=("name",)
)
DAYS = Contract("days", "1", "", (Column("day", "date", format="dd.MM.yyyy"),), key=("day",))


def filtered(contract: Contract, key: str, content: bytes, form: str = "csv") -> tuple[RowCounts, bytes]:
    target = io.BytesIO()
    return rewrite(form, io.BytesIO(content), ErasedKeys.of(contract, [key]), target), target.read()


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp932"])
def test_every_other_byte_stays_in_every_encoding(encoding: str) -> None:
    text = (
        'note;Name\r\n"größer\r\n;";ann\r\n;;\r\nx;Änn\r\n"„";bob'
        if encoding != "cp932"
        else "note;name\nあ;ann\nい;bob"
    )
    text = text.replace("Name", "name")
    declared = encoding.removesuffix("-sig")
    contract = replace(NAMES, csv=CsvDialect(delimiter=";", encoding=declared))
    content = text.encode(encoding)
    ann = "あ;ann\n" if encoding == "cp932" else '"größer\r\n;";ann\r\n'

    counts, left = filtered(contract, "ann", content)

    assert counts == ((2, 1) if encoding == "cp932" else (3, 1))
    assert left == content.replace(ann.encode("utf-16-le" if encoding == "utf-16" else declared), b"")


@pytest.mark.parametrize(
    ("contract", "key", "content", "left"),
    [
        (replace(ENTITIES, csv=GERMAN), "1234", b"id;name\n1.234;a\n1.235;b\n", b"id;name\n1.235;b\n"),
        (DAYS, "2026-12-31", b"day,x\n31.12.2026,a\n30.12.2026,b\n", b"day,x\n30.12.2026,b\n"),
        (DAYS, "2026-12-31", b"day,x\n2026-12-31,a\n30.12.2026,b\n", b"day,x\n30.12.2026,b\n"),
        (replace(ENTITIES, csv=CsvDialect(columns=("id", "name"))), "7", b"7,a\n8,b\n", b"8,b\n"),
        (replace(ENTITIES, csv=CsvDialect(columns=("name", "id"))), "7",
         b"id,name\n7,8\n8,7\n", b"id,name\n8,7\n"),
        (replace(ENTITIES, csv=CsvDialect(comment="#", skip_rows=1)), "7",
         b"7,title\n#7,8\nid,name\n#7,\n7,a\n8,b\n", b"7,title\n#7,8\nid,name\n#7,\n8,b\n"),
    ],
)  # fmt: skip
def test_a_key_is_found_in_the_declared_form(
    contract: Contract, key: str, content: bytes, left: bytes
) -> None:
    assert filtered(contract, key, content)[1] == left


@pytest.mark.parametrize(
    "content", [b"id,name\n7,a\n8,b\n", b"id;name\n7;a\n8;b\n", b"id\tname\n7\ta\n8\tb\n"]
)
@pytest.mark.parametrize("declared", [RFC_4180, GERMAN, CsvDialect(delimiter="|", quote="'", skip_rows=3)])
def test_a_file_that_is_older_than_its_dialect_is_searched_too(declared: CsvDialect, content: bytes) -> None:
    counts, left = filtered(replace(ENTITIES, csv=declared), "7", content)

    assert (counts, left) == ((2, 1), b"".join(content.splitlines(keepends=True)[::2]))


@pytest.mark.parametrize("written", ["utf-8", "cp1252", "iso8859-1"])
@pytest.mark.parametrize("declared", ["utf-8", "cp1252"])
def test_a_key_is_found_in_the_encoding_of_an_older_file(written: str, declared: str) -> None:
    contract = replace(NAMES, csv=CsvDialect(encoding=declared))

    counts, left = filtered(contract, "J%C3%B6rg", "name,note\nJörg,1\nJürg,2\n".encode(written))

    assert (counts, left) == ((2, 1), "name,note\nJürg,2\n".encode(written))


def test_a_file_whose_header_lacks_the_key_in_every_dialect_is_unreadable() -> None:
    with pytest.raises(UnreadableFile, match="header: expected the key's columns, id missing"):
        filtered(replace(ENTITIES, csv=GERMAN), "7", b"identity;name\n7;a\n")


def test_a_line_that_is_too_long_makes_the_file_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.reading.formats.csv_header.LONGEST_ROW", 1000)

    with pytest.raises(UnreadableFile, match="expected rows of at most 1000 bytes"):
        filtered(ENTITIES, "7", b"id,name\n7,a\n8," + b"x" * 2_000_000 + b"\n")


def test_a_compressed_file_of_another_dialect_is_searched() -> None:
    content = gzip.compress("id;name\n7;ä\n8;ö\n".encode("cp1252"))

    counts, left = filtered(replace(ENTITIES, csv=GERMAN), "7", content, "csv.gz")

    assert (counts, gzip.decompress(left)) == ((2, 1), "id;name\n8;ö\n".encode("cp1252"))


@given(st.text(st.sampled_from('78",\n\r;#ab'), max_size=60))
def test_what_is_read_is_what_is_counted_and_no_row_of_the_key_is_left(body: str) -> None:
    content = f"id,name\n{body}".encode()
    received = list(read_rows("csv", io.BytesIO(content), ENTITIES))

    counts, left = filtered(ENTITIES, "7", content)

    assert counts.rows == len(received)
    assert not [
        row for row in read_rows("csv", io.BytesIO(left), ENTITIES) if '"id": "7"' in str(row.payload)
    ]


PIECES = ('7,"', '8,"', '"', "\n", "7,a\n", "8,b\n", '""', ",", "x", "7", '"\n"', 'a","\n', '7,","\n')


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_rows_of_other_keys_stay_what_they_are_or_the_file_is_unreadable(body: str) -> None:
    content = f"id,name\n{body}".encode()
    before = [row.payload for row in read_rows("csv", io.BytesIO(content), ENTITIES)]
    try:
        counts, left = filtered(ENTITIES, "7", content)
    except UnreadableFile:
        return

    after = [row.payload for row in read_rows("csv", io.BytesIO(left), ENTITIES)]

    assert len(after) == len(before) - counts.erased
    rest = iter(before)
    assert all(any(row == one for one in rest) for row in after)


def test_a_quote_that_would_reach_farther_without_the_erased_row_makes_the_file_unreadable() -> None:
    content = b'id,name\n8,"Bob\n7,"Ann"\n9,"Cid"",\n'

    with pytest.raises(UnreadableFile, match="got a quote that is not closed in line 2"):
        filtered(ENTITIES, "7", b'id,name\n8,"\n"7"\n"\n')
    assert filtered(ENTITIES, "7", content)[1] == b'id,name\n8,"Bob\n9,"Cid"",\n'
