"""Writes a CSV file again without the rows of erased keys, and keeps every other byte as it is.

Rows are told apart as they are when they are read, so each row that was accepted is judged by its fields. The
file may be older than the dialect that its contract declares now: if the header does not name the key's
columns in that dialect, the usual other ones are tried. A value counts as it is and in the declared form,
without quotes around it, and in the usual encodings if it is not ASCII. Of a line that is no row, all parts
count for each column.
"""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from expectations.file_dialect import RFC_4180, CsvDialect
from expectations.file_values import FieldFault, field_reader
from jobs.reading.formats.csv_faults import DELIMITERS, parts_of
from jobs.reading.formats.csv_header import LONGEST_HEADER, CsvFile, fitted, is_blank, open_csv
from jobs.reading.formats.csv_rows import Fault, Fields
from jobs.reading.formats.header import key_positions
from jobs.reading.formats.rows import KeysToErase, RowCounts, UnreadableFile

_ENCODINGS = ("utf-8", "cp1252", "iso8859-1")
_QUOTES = "\"'"


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Removes the rows of the keys, with all of their lines."""
    begin = source.read(LONGEST_HEADER)
    opened = open_csv(source, _dialect_of(begin, keys), begin=begin, keeps_bytes=True)
    judge, lines = _Judge(opened, keys), opened.source.lines
    if target is not None:
        target.write(lines.mark)
    rows = erased = 0
    if opened.dialect.columns is None:
        _copy(opened, target)
    for fields in opened.rows:
        is_row = isinstance(fields, Fault) or not is_blank(fields)
        is_erased = is_row and judge.is_of_keys(fields)
        rows, erased = rows + is_row, erased + is_erased
        _copy(opened, target, but_row=is_erased)
    return RowCounts(rows, erased)


def _copy(opened: CsvFile, target: IO[bytes] | None, *, but_row: bool = False) -> None:
    """Write the lines up to the end of the row that came last, or up to its start."""
    lines = opened.source.lines
    if target is not None:
        target.write(lines.raw_between(lines.kept_from, lines.start if but_row else opened.source.end))
    lines.kept_from = opened.source.end


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
        contract = keys.contract
        self._readers = {column.name: field_reader(column, contract.csv) for column in contract.columns}

    def is_of_keys(self, fields: Fields | Fault) -> bool:
        """Whether a row is of one of the keys. A field too many or too few may shift those after it."""
        if isinstance(fields, Fault):
            if not fields.line:
                raise UnreadableFile(f"{fields.problem} (line {self._opened.source.lines.start + 1})")
            parts = parts_of(fields.line, self._opened.dialect)
            return self._keys.own_values({column: self._values(column, parts) for column in self._positions})
        row = fitted(fields, self._opened.names) or fields
        shifts = {0, len(row) - len(self._opened.names)}
        return self._keys.own_values(
            {
                column: self._values(
                    column,
                    [row[at + shift] for at in found for shift in shifts if 0 <= at + shift < len(row)],
                )
                for column, found in self._positions.items()
            }
        )

    def _values(self, column: str, fields: Fields) -> list[str]:
        """All that the fields may have been read as."""
        read = self._readers[column]
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
