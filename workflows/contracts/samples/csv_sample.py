"""Rows of a CSV sample of any usual dialect: encoding, delimiter, lines before the header, repeated names."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from expectations.file_dialect import RFC_4180, CsvDialect
from workflows.contracts.samples.csv_dialect import FieldForms, field_forms
from workflows.contracts.samples.facts import DraftError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_DELIMITERS: Final = (",", ";", "\t", "|")
_SNIFFED: Final = 256 * 1024  # characters
_SNIFFED_ROWS: Final = 200
_CHUNK: Final = 1024 * 1024
_LONGEST_FIELD: Final = 1024 * 1024
_ENCODINGS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UNMARKED: Final = ("utf-8", "cp1252")

type Fields = dict[str, str | None]


class CsvSample:
    """A CSV file: a header, then rows whose fields are text. An unquoted empty field is no value."""

    is_typed = False

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.notes: list[str] = []
        self._file, self._name = file, name
        self._encoding = _encoding(file, name)
        with self._text() as text:
            start = text.read(_SNIFFED)
        self._skipped, declared = _lines_before_header(start)
        self._delimiter, titles = declared or ",", 0
        if declared is None:
            self._delimiter, titles = _delimiter(start.splitlines(keepends=True)[self._skipped :])
            self._skipped += titles
        encoding = codecs.lookup(self._encoding.removesuffix("-sig")).name
        skipped = self._skipped if titles else 0  # drops pass over blank lines and `sep=` by themselves
        dialect = CsvDialect(self._delimiter, encoding, skip_rows=skipped)
        self._forms = FieldForms(dialect, {}, {})

    @property
    def forms(self) -> FieldForms:
        """How its fields are written, as a contract declares it."""
        return self._forms

    def find_forms(self, is_key: Callable[[str], bool]) -> None:
        """Find out how its fields are written; from now on they come as drops read them. Raises DraftError.

        `is_key` says whether a header is that of a key column.
        """
        self._forms = field_forms((row for _, row in self.rows()), self._forms.dialect, is_key)

    def rows(self) -> Iterator[tuple[int, Fields]]:
        """The number of each row after the header, and its fields by name.

        Rows with another number of fields than the header are passed over with a note. Raises DraftError if
        they are more than the others, or if the file isn't CSV.
        """
        csv.field_size_limit(_LONGEST_FIELD)
        with self._text() as text:
            for _ in range(self._skipped):
                text.readline()
            reader = csv.reader(text, delimiter=self._delimiter, quoting=csv.QUOTE_NOTNULL, strict=True)
            rows: Iterator[Any] = reader  # typeshed does not know that fields can be None
            try:
                yield from self._rows(rows)
            except csv.Error as error:
                line = reader.line_num + self._skipped
                raise DraftError(
                    f"{self._name} can't be read as CSV: {error} (line {line}); correct the quotes there."
                ) from error

    def _rows(self, reader: Iterator[list[str | None]]) -> Iterator[tuple[int, Fields]]:
        names, twice = _names([(name or "").strip() for name in next(reader, [])])
        notes = [*self._dialect(), *twice]
        taken, passed = 0, 0
        for number, fields in enumerate((fields for fields in reader if fields), 1):
            if len(fields) < len(names) or any(fields[len(names) :]):
                passed += 1
                if passed == 1:
                    notes.append(
                        f"row {number} has {len(fields)} fields, the header {len(names)}; "
                        "such rows are passed over."
                    )
                continue
            if len(names) > 1 and not any(fields):  # of rows that Excel keeps below the last
                continue
            taken += 1
            row = dict(zip(names, fields, strict=False))
            for header, read in self._forms.readers.items():
                if (text := row[header]) is not None:
                    row[header] = read(text)
            yield number, row
        self.notes = notes
        if passed > taken:
            raise DraftError(
                f"Expected rows of {len(names)} fields in {self._name}, as its header has, separated by "
                f"{self._delimiter!r}; {passed} of {passed + taken} rows have another number. "
                "Correct the header or the rows."
            )

    def _dialect(self) -> Iterator[str]:
        """Notes of what the contract declares."""
        if self._delimiter != ",":
            yield f"fields are separated by {self._delimiter!r}."
        if not self._encoding.startswith("utf-8"):
            yield f"the file is in {self._encoding}."
        if self._skipped:
            yield f"lines before the header: {self._skipped}."
        dialect = self._forms.dialect
        if dialect.decimal != RFC_4180.decimal:
            yield f"numbers are written with {dialect.decimal!r}."
        if dialect.group:
            yield f"{dialect.group!r} is between thousands."
        if dialect.missing:
            yield f"fields with {', '.join(dialect.missing)} have no value."

    @contextmanager
    def _text(self) -> Iterator[io.TextIOWrapper]:
        self._file.seek(0)
        text = io.TextIOWrapper(self._file, encoding=self._encoding, newline="")
        try:
            yield text
        finally:
            text.detach()


def nameless(position: int) -> str:
    """The name of a column whose header is empty."""
    return f"column_{position}"


def _encoding(file: IO[bytes], name: str) -> str:
    """By its byte order mark; without one UTF-8 if the whole file is that, else the code page of Windows."""
    file.seek(0)
    start = file.read(4)
    marked = next((encoding for mark, encoding in _ENCODINGS.items() if start.startswith(mark)), None)
    for encoding in [marked] if marked else _UNMARKED:
        if _can_decode(file, encoding):
            return encoding
    raise DraftError(f"{name} can't be read as CSV: it is not UTF-8; save it as UTF-8.")


def _can_decode(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            if "\0" in decoder.decode(chunk):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _lines_before_header(start: str) -> tuple[int, str | None]:
    """How many lines come before the header, and the delimiter that Excel's line `sep=;` declares."""
    declared, lines = None, start.splitlines()
    for number, line in enumerate(lines):
        if declared is None and line.lower().startswith("sep=") and len(line.rstrip()) <= len("sep=;"):
            declared = line[len("sep=") :][:1] or None
        elif line.strip(" \t,;|"):
            return number, declared
    return 0, declared


def _delimiter(lines: Sequence[str]) -> tuple[str, int]:
    """The delimiter by which most rows have the same number of fields, at least two; and the lines of titles.

    A title is a line above the header that has one field, while most rows have more.
    """
    csv.field_size_limit(_LONGEST_FIELD)

    def fit(delimiter: str) -> tuple[float, int, int]:
        widths = _widths(lines, delimiter)
        width, times = Counter(widths).most_common(1)[0] if widths else (0, 0)
        titles = next((at for at, one in enumerate(widths) if one > 1), 0)
        return (times / len(widths), width, titles) if width > 1 else (0, 0, 0)

    fits = {delimiter: fit(delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: fits[delimiter][:2])
    return best, fits[best][2]


def _widths(lines: Sequence[str], delimiter: str) -> list[int]:
    """The number of fields of each of the first rows."""
    try:
        reader = csv.reader(lines, delimiter=delimiter)
        return [len(fields) for fields, _ in zip(reader, range(_SNIFFED_ROWS), strict=False)]
    except csv.Error:
        return []


def _names(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """A name of its own for each column, and notes of those that the header does not tell apart."""
    if not any(header):
        return [], []
    while header and not header[-1] and len(header) > 1:  # of empty columns that Excel keeps
        header = header[:-1]
    names: list[str] = []
    notes: list[str] = []
    for position, given in enumerate(header, 1):
        name, times = given or nameless(position), 1
        while name in names or (name != given and name in header):
            times += 1
            name = f"{given or nameless(position)}_{times}"
        if name != given:
            what = f"has the name {given!r} again" if given else "has no name"
            notes.append(f"column {position} {what}; name it {name} in the file.")
        names.append(name)
    return names, notes
