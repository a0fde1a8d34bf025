"""What is wrong with a CSV file that is not in the dialect of its contract, and what to declare instead."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO

from expectations.contract import Contract
from expectations.file_dialect import CsvDialect
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.csv_header import CsvFile, open_csv
from jobs.reading.formats.csv_rows import Fields, parser_options
from jobs.reading.formats.rows import UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
_QUOTES = ('"', "'")
_ENCODINGS = ("utf-16-le", "utf-16-be", "cp1252")
_LOOKED_AT = 32 * 1024  # bytes
_MOST_SKIPPED = 20  # lines before a header
_NO_TEXT = re.compile("[\ud800-\udfff]")
_ESCAPED = 0xDC00  # and the byte, in Python's `surrogateescape`
_LINE, _SKIPPED = "<line>", "<skipped>"  # of a header, once it is found
_VALUE = re.compile(r"[+-]?[0-9][0-9.,:/ -]*|[0-9]{4}-[0-9]{2}-[0-9]{2}.*")


def header_hint(file: IO[bytes], opened: CsvFile, contract: Contract) -> str | None:
    """What to declare in the contract so that the file has its columns; None if nothing would help."""
    file.seek(0)
    start = file.read(_LOOKED_AT)
    known = columns_by_spelling(contract.columns)
    best, hint = sum(name in known for name in opened.names if contract.csv.columns is None), None
    for dialect, differences in _alternatives(opened.dialect):
        try:
            other = open_csv(io.BytesIO(start), dialect)
        except UnreadableFile:
            continue
        found = sum(name in known for name in other.names)
        if found > best:
            line = other.source.lines.start
            best, hint = found, differences.replace(_LINE, str(line + 1)).replace(_SKIPPED, str(line))
    if hint is not None:
        return hint
    has_header = contract.csv.columns is None
    if has_header and best == 0 and any(_VALUE.fullmatch((field or "").strip()) for field in opened.first):
        return "the first row looks like data: declare header: false if the files have no header"
    return None


def _alternatives(dialect: CsvDialect) -> Iterator[tuple[CsvDialect, str]]:
    """Other dialects that a file may have, those with one difference first, and what would declare them."""
    headed = replace(dialect, columns=None)
    delimited = [
        (
            replace(headed, delimiter=delimiter),
            f"the file uses {delimiter!r}: declare delimiter: {delimiter!r}",
        )
        for delimiter in DELIMITERS
        if delimiter != dialect.delimiter
    ]
    yield from delimited
    for one, said in [(headed, ""), *delimited]:
        before = f"{said}, and " if said else ""
        for quote in _QUOTES:
            if quote != dialect.quote:
                advice = f"{before}the file quotes with {quote}: declare quoteChar: {quote!r}"
                yield replace(one, quote=quote), advice
        for encoding in _ENCODINGS:
            if encoding != dialect.encoding:
                advice = f"{before}the file looks like {encoding}: declare encoding: {encoding}"
                yield replace(one, encoding=encoding), advice
        for skipped in range(_MOST_SKIPPED + 1):
            if skipped != dialect.skip_rows:
                advice = f"{before}line {_LINE} names the columns: declare skipRows: {_SKIPPED}"
                yield replace(one, skip_rows=skipped), advice


def encoding_fault(fields: Fields, names: Sequence[str], encoding: str) -> str:
    """What a row has that is no text in the encoding of its file."""
    expected = f"encoding: expected {encoding.upper()}"
    for name, field in zip(names, fields, strict=True):
        found = _NO_TEXT.search(field or "")
        if found is None:
            continue
        if encoding.startswith("utf-16"):
            return f"{expected}, got half of a surrogate pair in column {name}"
        got = f"got byte 0x{ord(found[0]) - _ESCAPED:02x} in column {name}"
        return f"{expected}, {got}{_advice(str(field), encoding)}"
    return expected


def _advice(field: str, encoding: str) -> str:
    for other in ("cp1252", "iso-8859-1"):
        if other == encoding:
            continue
        try:
            field.encode(encoding, "surrogateescape").decode(other)
        except UnicodeError:
            continue
        return f", which looks like {other}; declare encoding: {other}"
    return "; declare the encoding of the file"


def parts_of(line: str, dialect: CsvDialect) -> Fields:
    """The fields of a line that is no row, as far as they can be told apart.

    They are what is between delimiters, and what a lenient parser reads: a value that has a delimiter in it,
    or one behind a quote that is not closed, is among them.
    """
    text = line.rstrip("\r\n")
    parts = text.split(dialect.delimiter)
    if dialect.quote:
        parts = [part.strip().strip(dialect.quote) for part in parts]
    options = {**parser_options(dialect), "strict": False}
    try:
        read = next(csv.reader([text], **options), [])
    except csv.Error:
        read = []
    return [*parts, *(field for field in read if field and field not in parts)]
