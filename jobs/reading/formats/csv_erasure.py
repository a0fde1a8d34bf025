"""Writes a CSV file again without the rows of erased keys, and keeps every other byte as it is.

Rows are told apart as they are when they are read, so each row that was accepted is judged by its fields. The
file may be older than the dialect that its contract declares now: if the header does not name the key's
columns in that dialect, the usual other ones are tried. A value counts as it is and in the declared form,
without quotes around it, and in the usual encodings if it is not ASCII. Of a line that is no row, all parts
count for each column.
"""

import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, cast

from expectations.file_dialect import RFC_4180, CsvDialect
from expectations.file_values import FieldFault, field_reader
from jobs.reading.formats.csv_faults import DELIMITERS, parts_of
from jobs.reading.formats.csv_header import LONGEST_HEADER, CsvFile, fitted, is_blank, open_csv
from jobs.reading.formats.csv_rows import CsvRows, Fault, Fields
from jobs.reading.formats.header import key_positions
from jobs.reading.formats.rows import LONGEST_ROW, KeysToErase, RowCounts, UnreadableFile
from jobs.reading.formats.text_lines import Lines

_ENCODINGS = ("utf-8", "cp1252", "iso8859-1")
_QUOTES = "\"'"
_PLAIN = re.compile("[0-9A-Za-z_.:+-]+")  # a value that is the same in every dialect
_IN_MEMORY = 4 * 1024 * 1024  # bytes


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Removes the rows of the keys, with all of their lines."""
    begin = source.read(LONGEST_HEADER)
    opened = open_csv(source, _dialect_of(begin, keys), begin=begin, keeps_bytes=True)
    judge = _Judge(opened, keys)
    rows = erased = 0
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as aside:
        copy = _Copy(opened, target, cast("IO[bytes]", aside))
        for fields in opened.rows:
            is_row = bool(fields) and (fields[0] is not None or _is_row(fields))
            is_erased = is_row and judge.is_of_keys(fields)
            rows, erased = rows + is_row, erased + is_erased
            copy.add(fields, is_kept=not is_erased)
        copy.finish(erased)
    return RowCounts(rows, erased)


def _identity(fields: Fields | Fault) -> int:
    return hash(fields.line if isinstance(fields, Fault) else tuple(fields))


def _is_row(fields: Fields | Fault) -> bool:
    return isinstance(fields, Fault) or not is_blank(fields)


class _Copy:
    """The file without the rows of the keys, as it is written to the target, if there is one.

    Without an erased row, an unclosed quote in a row before may reach farther than it did. What is behind the
    first such quote is kept aside and read again, to see that all rows are what they were.
    """

    def __init__(self, opened: CsvFile, target: IO[bytes] | None, aside: IO[bytes]) -> None:
        self._opened, self._target, self._aside = opened, target, aside
        self._rows: list[int] = []  # hashes of the rows that are kept aside
        self._line: int | None = None  # of the first of them
        self._count = 0  # lines that were read when rows were written; many rows are written at once
        if target is not None:
            target.write(opened.source.lines.mark)
        if opened.dialect.columns is None:
            self._write(opened.source.end)

    def add(self, fields: Fields | Fault, *, is_kept: bool) -> None:
        """Add the row that came last, or only what is before it."""
        lines, end = self._opened.source.lines, self._opened.source.end
        if self._line is None and self._opened.source.has_spanning_fault:
            self._write(lines.start)
            self._line = lines.start + 1
        if not is_kept:
            self._write(lines.start)
            lines.kept_from = end
        elif self._line is not None or lines.count != self._count:
            self._write(end)
        self._count = lines.count
        if self._line is not None and is_kept and _is_row(fields):
            self._rows.append(_identity(fields))

    def _write(self, end: int) -> None:
        lines = self._opened.source.lines
        for file in (self._target, None if self._line is None else self._aside):
            if file is not None:
                file.write(lines.raw_between(lines.kept_from, end))
        lines.kept_from = end

    def finish(self, erased: int) -> None:
        """Write the rest. UnreadableFile if rows are not what they were without those of the keys."""
        self._write(self._opened.source.end)
        if self._line is None or not erased:
            return
        self._aside.seek(0)
        lines = Lines(self._aside, self._opened.source.lines.encoding, LONGEST_ROW)
        again = CsvRows(lines, self._opened.dialect)
        again.width = self._opened.source.width
        if [_identity(fields) for fields in again if _is_row(fields)] != self._rows:
            raise UnreadableFile(
                "csv: expected rows that stay the same without those of the erased keys, got a quote that is "
                f"not closed in line {self._line}"
            )


def _dialect_of(begin: bytes, keys: KeysToErase) -> CsvDialect:
    """The dialect in which a file that begins so names the key's columns. UnreadableFile if there is none.

    Without a header, that is the declared one, if it says that files have none.
    """
    declared = keys.contract.csv
    headed = replace(declared, columns=None)
    others = [replace(one, delimiter=other) for one in (headed, RFC_4180) for other in DELIMITERS]
    problem: UnreadableFile | None = None
    for dialect in dict.fromkeys([headed, RFC_4180, *others]):
        try:
            names = open_csv(io.BytesIO(begin), dialect).names
            key_positions(names, keys)
        except UnreadableFile as error:
            problem = problem or error
        else:
            if names:
                return dialect
    if problem is not None and declared.columns is None:
        raise problem
    return declared


class _Judge:
    """Tells which rows of a file are of one of the keys."""

    def __init__(self, opened: CsvFile, keys: KeysToErase) -> None:
        self._opened, self._keys = opened, keys
        self._positions = key_positions(opened.names, keys)
        self._width = len(opened.names)
        contract = keys.contract
        self._readers = {column.name: field_reader(column, contract.csv) for column in contract.columns}

    def is_of_keys(self, fields: Fields | Fault) -> bool:
        """Whether a row is of one of the keys. A field too many or too few may shift those after it."""
        if isinstance(fields, Fault):
            if not fields.line:
                raise UnreadableFile(f"{fields.problem} (line {self._opened.source.lines.start + 1})")
            parts = parts_of(fields.line, self._opened.dialect)
            return self._keys.own_values({column: self._values(column, parts) for column in self._positions})
        if len(fields) == self._width:
            given = {column: [fields[at] for at in found] for column, found in self._positions.items()}
        else:
            row = fitted(fields, self._opened.names) or fields
            shifts = {0, len(row) - self._width}
            given = {
                column: [row[at + shift] for at in found for shift in shifts if 0 <= at + shift < len(row)]
                for column, found in self._positions.items()
            }
        return self._keys.own_values({column: self._values(column, found) for column, found in given.items()})

    def _values(self, column: str, fields: Fields) -> list[str]:
        """All that the fields may have been read as."""
        read = self._readers[column]
        if read is None and all(field is not None and _PLAIN.fullmatch(field) for field in fields):
            return [field for field in fields if field is not None]
        values = list[str]()
        for text in (text for field in fields for text in self._texts(field)):
            values.append(text)
            if read is not None:
                try:
                    value = read(text)
                except FieldFault:
                    continue
                if value is not None and value != text:
                    values.append(value)
        return values

    def _texts(self, field: str | None) -> Iterator[str]:
        if field is None:
            return
        yield field
        if (bare := field.strip().strip(_QUOTES)) != field:
            yield bare
        if not field.isascii() and self._opened.source.lines.has_code_page:
            raw = field.encode(self._opened.source.lines.encoding, "surrogateescape")
            for encoding in _ENCODINGS:
                if encoding != self._opened.source.lines.encoding:
                    yield raw.decode(encoding, "surrogateescape")
