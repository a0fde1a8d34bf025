"""CSV with a header (RFC 4180). A field is text; an empty one is null, a quoted empty one is empty text."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from expectations.contract import Column, Contract
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.exact_numbers import with_exact_value
from jobs.reading.formats.header import check_header, key_positions
from jobs.reading.formats.rows import (
    LONGEST_ROW,
    FileFormat,
    KeysToErase,
    ReceivedRow,
    RowCounts,
    UnreadableFile,
    received_row,
    remainder,
)

_LONGEST_FIELD = _LONGEST_HEADER = 1024 * 1024


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows after the header, which has to name the contract's columns."""
    csv.field_size_limit(_LONGEST_FIELD)
    source = _Bounded(file, _LONGEST_HEADER)
    # Any: typeshed wants a name of what is wrapped, which nothing reads.
    wrapped: Any = source
    text = io.TextIOWrapper(wrapped, encoding="utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(text, quoting=csv.QUOTE_NOTNULL, strict=True)
    number = 0
    try:
        header = [(name or "").strip() for name in next(reader, ())]
        check_header(contract, header)
        source.most = LONGEST_ROW
        nested = _nested_columns(header, contract)
        for fields in reader:
            source.taken = 0
            if not fields:
                continue
            number += 1
            if len(fields) == len(header):
                for position, column in nested.items():
                    if field := fields[position]:
                        fields[position] = with_exact_value(field, column)
                yield received_row(number, dict(zip(header, fields, strict=True)))
            else:
                problem = f"csv: expected {len(header)} fields, got {len(fields)}"
                yield ReceivedRow(number, received_row(number, fields).payload, problem)
    except csv.Error as problem:
        yield remainder(number, f"csv: {problem} (line {reader.line_num})")
    except _RowTooLong:
        what = "rows" if source.most == LONGEST_ROW else "a header"
        yield remainder(number, f"csv: expected {what} of at most {source.most} bytes, got a longer one")


def _nested_columns(header: Sequence[str], contract: Contract) -> dict[int, Column]:
    """The structs and lists of the contract, by the positions of the fields that have their JSON."""
    nested = {column.name: column for column in contract.columns if column.kind in ("struct", "list")}
    names = columns_by_spelling(contract.columns) if nested else {}
    return {
        position: nested[names[name]] for position, name in enumerate(header) if names.get(name) in nested
    }


class _RowTooLong(Exception):
    """Raised when more was read for one row than a row may have."""


class _Bounded(io.BufferedIOBase):
    """A file as it is read, in pieces, and how much was read since its reader last set `taken` to zero.

    It counts bytes of the file, not characters of a line: neither a line without an end nor a row of quoted
    line ends fills the memory, and a row costs no more than that assignment.
    """

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self.most = most
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        some = self._file.read(size)
        if self.taken > self.most:
            raise _RowTooLong
        self.taken += len(some)
        return some

    def read(self, size: int | None = -1, /) -> bytes:
        return self.read1(-1 if size is None else size)


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Removes the rows of the keys, with all of their lines."""
    csv.field_size_limit(LONGEST_ROW)
    lines = _Lines(source)
    reader = csv.reader(lines, quoting=csv.QUOTE_NOTNULL, strict=True)
    rows = erased = 0
    try:
        header = [(name or "").removeprefix("\ufeff").strip() for name in next(reader, ())]
        positions = key_positions(header, keys)
        _write(target, lines.taken())
        for fields in reader:
            is_erased = bool(fields) and _is_of_keys(fields, len(header), positions, keys)
            rows, erased = rows + bool(fields), erased + is_erased
            taken = lines.taken()
            _write(target, b"" if is_erased else taken)
    except csv.Error as problem:
        raise UnreadableFile(f"csv: {problem} (line {reader.line_num})") from None
    finally:
        lines.detach()
    return RowCounts(rows, erased)


class _Lines(Iterator[str]):
    """The lines of a text file; it keeps those that were read since it was last asked for them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        self._taken: list[str] = []

    def __next__(self) -> str:
        line = next(self._text)
        self._taken.append(line)
        return line

    def taken(self) -> bytes:
        """The bytes of the lines that were read."""
        text, self._taken = "".join(self._taken), []
        return text.encode(errors="surrogateescape")

    def detach(self) -> None:
        """Leave the file open."""
        self._text.detach()


def _is_of_keys(
    fields: Sequence[Any], expected: int, positions: Mapping[str, list[int]], keys: KeysToErase
) -> bool:
    """Whether the row is of one of the keys. A field too many or too few may shift those after it."""
    shifts = {0, len(fields) - expected}
    return keys.own_values(
        {
            column: [fields[at + shift] for at in found for shift in shifts if 0 <= at + shift < len(fields)]
            for column, found in positions.items()
        }
    )


def _write(target: IO[bytes] | None, content: bytes) -> None:
    if target is not None:
        target.write(content)


CSV = FileFormat("csv", read, filter_rows, is_untyped=True)
