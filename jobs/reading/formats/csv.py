"""CSV in the dialect of its contract, by default RFC 4180 with a header. A field is text.

An empty field is null, a quoted empty one is empty text. Numbers, booleans, dates and times become the texts
that every door reads (`expectations.file_values`).
"""

from collections.abc import Iterator
from typing import IO

from expectations.contract import Contract
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.csv_erasure import filter_rows
from jobs.reading.formats.csv_faults import encoding_fault, header_hint, parts_of
from jobs.reading.formats.csv_header import CsvFile, fitted, is_blank, open_csv
from jobs.reading.formats.csv_rows import Fault, Fields
from jobs.reading.formats.csv_values import row_values
from jobs.reading.formats.header import check_header
from jobs.reading.formats.rows import FileFormat, ReceivedRow, UnreadableFile, readable, received_row

_SHOWN = 80  # characters of a value


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows after the header, which has to name the contract's columns; or of a file without a header."""
    opened = _open(file, contract)
    names = [name for name in opened.names if name]
    width = len(names) if len(names) == len(opened.names) else None
    values = row_values(names, contract)
    lines, number = opened.source.lines, 0
    for fields in opened.rows:
        if not fields or (fields[0] is None and is_blank(fields)):
            continue
        number += 1
        if len(fields) == width and not isinstance(fields, Fault):
            row = fields
        else:
            row, problem = _fitted(fields, opened)
            if problem is not None:
                yield received_row(number, row)._replace(problem=f"{problem} (line {lines.start + 1})")
                continue
        problem = None if values is None else values.rewrite(row)
        received = received_row(number, dict(zip(names, row, strict=True)))
        if problem is not None or received.problem is not None:
            problem = problem or encoding_fault(row, names, lines.encoding)
            received = received._replace(problem=f"{problem} (line {lines.start + 1})")
        yield received


def _open(file: IO[bytes], contract: Contract) -> CsvFile:
    """The file at its first row. UnreadableFile if it does not have the contract's columns."""
    opened = open_csv(file, contract.csv)
    try:
        check_header(contract, [name for name in opened.names if name])
    except UnreadableFile as problem:
        hint = header_hint(file, opened, contract)
        raise UnreadableFile(f"{problem}; {hint}" if hint else str(problem)) from None
    if contract.csv.columns is not None:
        _refuse_header(opened.first, contract)
    if not all(opened.names):
        _refuse_unnamed(opened)
        file.seek(0)
        opened = open_csv(file, contract.csv)
    return opened


def _refuse_header(first: Fields, contract: Contract) -> None:
    """UnreadableFile if the first row of a file without a header has names of columns."""
    known = columns_by_spelling(contract.columns)
    if first and all((name or "").strip() in known for name in first):
        got = ", ".join(map(str, first))
        raise UnreadableFile(
            f"header: expected none, as contract {contract.dataset} declares, got {got}; declare header: "
            "true, or leave the first line out"
        )


def _refuse_unnamed(opened: CsvFile) -> None:
    """UnreadableFile if a column without a name has a value. One without a value has nothing to lose."""
    unnamed = [position for position, name in enumerate(opened.names) if not name]
    for fields in opened.rows:
        if isinstance(fields, Fault):
            continue
        for position in unnamed:
            if position < len(fields) and (field := fields[position]):
                line = opened.source.lines.start + 1
                raise UnreadableFile(
                    f"header: expected a name for each column, got none for column {position + 1}, which has "
                    f"'{readable(field[:_SHOWN])}' in line {line}; name it"
                )


def _fitted(fields: Fields | Fault, opened: CsvFile) -> tuple[Fields, str | None]:
    """The fields of the columns that have names; or all parts of the row, and what is wrong with it."""
    if isinstance(fields, Fault):
        return parts_of(fields.line, opened.dialect), fields.problem
    row = fitted(fields, opened.names)
    if row is None:
        return fields, f"csv: expected {len(opened.names)} fields, got {len(fields)}"
    return [field for field, name in zip(row, opened.names, strict=True) if name], None


CSV = FileFormat("csv", read, filter_rows, is_untyped=True, knows_encodings=True)
