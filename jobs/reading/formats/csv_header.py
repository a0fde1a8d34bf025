"""How a CSV file begins: Excel's line `sep=`, lines to skip, and the header or its lack."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import IO

from expectations.file_dialect import CsvDialect
from jobs.reading.formats.csv_rows import CsvRows, Fault, Fields
from jobs.reading.formats.rows import LONGEST_ROW, UnreadableFile
from jobs.reading.formats.text_lines import Lines, LineTooLong

LONGEST_HEADER = 1024 * 1024  # bytes
_SEPARATOR = re.compile(r'"?sep=([^\w\r\n"])"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file that is open at its first row."""

    names: Sequence[str]  # of the columns; empty for a column without a name, and if there is no header
    rows: Iterator[Fields | Fault]
    source: CsvRows  # of the rows, with their places
    dialect: CsvDialect  # the delimiter may be that of a line `sep=`
    first: Fields  # the fields of the header, or of the first row if files have none


def open_csv(
    file: IO[bytes], dialect: CsvDialect, begin: bytes = b"", *, keeps_bytes: bool = False
) -> CsvFile:
    """The file at its first row. UnreadableFile if its header is no row.

    `begin` is what was read of the file already.
    """
    lines = Lines(file, dialect.encoding, LONGEST_HEADER, begin)
    if keeps_bytes:
        lines.kept_from = 0
    try:
        separator = _SEPARATOR.fullmatch(next(iter(lines.peek()), ""))
    except LineTooLong:
        raise UnreadableFile(
            f"csv: expected a header of at most {LONGEST_HEADER} bytes, got a longer one"
        ) from None
    if separator and separator[1] not in (dialect.quote, dialect.escape):
        dialect = replace(dialect, delimiter=separator[1])
    source = CsvRows(lines, dialect, dialect.skip_rows + bool(separator))
    rows = iter(source)
    first = next((row for row in rows if isinstance(row, Fault) or not is_blank(row)), [])
    if isinstance(first, Fault) and dialect.columns is None:
        raise UnreadableFile(f"{first.problem} (line {lines.start + 1}); correct the header")
    lines.longest = LONGEST_ROW
    fields = [] if isinstance(first, Fault) else first
    if dialect.columns is not None:
        source.width = len(dialect.columns)
        return CsvFile(dialect.columns, chain([first], rows), source, dialect, fields)
    source.width = len(first)
    return CsvFile([(name or "").strip() for name in first], rows, source, dialect, fields)


def is_blank(fields: Fields) -> bool:
    """Whether it is no row: a blank line, or one of empty fields alone, as spreadsheets keep them."""
    return not fields or (fields[0] is None and fields.count(None) == len(fields))


def fitted(fields: Fields, names: Sequence[str]) -> Fields | None:
    """The fields of a row as one for each column; None if that is not possible.

    Spreadsheets keep empty fields behind the last column, and some writers end each row with a delimiter.
    """
    width = len(names)
    if len(fields) > width and not any(field is not None for field in fields[width:]):
        return fields[:width]
    if len(fields) < width and not any(names[len(fields) :]):
        return fields + [None] * (width - len(fields))
    return fields if len(fields) == width else None
