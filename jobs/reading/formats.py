"""Splits an open file into rows, each as JSON text just as it was received; types are read later, in Spark.

Pure Python, streaming. A row that can't be told apart or decoded comes with its problem; the rest goes on.
"""

import base64
import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn

from pydantic_core import from_json

from expectations.contract import Column, Contract
from expectations.spellings import columns_by_spelling
from jobs.reading.fetch import UnreadableFile
from jobs.reading.parquet_zones import known_zones

if TYPE_CHECKING:
    import pyarrow as pa

OP = "_op"  # the optional column of a drop: upsert or delete
LONGEST_ROW = 16 * 1024 * 1024  # bytes; a DynamoDB item has at most 400 KB
_LONGEST_FIELD = _LONGEST_HEADER = 1024 * 1024
_PARQUET_ROWS = 2_000
_NAMES_SHOWN = 10  # of a header's faults
_NUMBERS = ("int", "long", "decimal", "float", "double")
_OTHER_ENCODINGS = {  # by the mark that a file begins with; UTF-32's begins with UTF-16's
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
# A number that Spark would make a double of, though no double is that number: of more digits than a decimal
# has, of many with an exponent, or with a large exponent. Most lines have no array, and the search for a
# colon alone, with no text or object behind it, takes a third of the time.
_NUMBER = rb"\s*-?(?:(?=[0-9.]{39})|(?=[0-9.]{17})[0-9.]+[eE]|[0-9.]+[eE][+-]?[0-9]{3})"
_LONG_MEMBER = re.compile(rb':(?!["{])' + _NUMBER)
_LONG_NUMBER = re.compile(rb"[:\[,]" + _NUMBER)


class ReceivedRow(NamedTuple):
    """One row as received; `number` counts from 1: lines in JSON Lines, rows after the header in CSV."""

    number: int
    payload: str | None
    problem: str | None = None


def read_rows(file_format: str, file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows of a file. UnreadableFile, at the first one, if none can be read.

    A format that names its columns once for all rows must name the contract's. A file of zero bytes has no
    rows if that is what the format makes of none; in Parquet no rows are a footer, so an upload has failed.
    """
    start = file.read(4)
    if not start:
        if file_format == "parquet":
            raise UnreadableFile(
                "parquet: expected a Parquet file, got one of zero bytes: its upload failed; drop it again"
            )
        return iter(())
    for mark, encoding in _OTHER_ENCODINGS.items():
        if start.startswith(mark):
            raise UnreadableFile(f"encoding: expected UTF-8, got {encoding}; save the file as UTF-8")
    file.seek(0)
    return _READERS[file_format.removesuffix(".gz")](file, contract)


def check_header(contract: Contract, names: Sequence[str]) -> None:
    """UnreadableFile unless the names are the contract's, each once, and none that a row needs is missing.

    With an `_op` column, the file may hold deletes alone, which need their key and place in the order only.
    """
    column_of = columns_by_spelling(contract.columns)
    found = [column_of.get(name, name) for name in names]
    known = {column.name for column in contract.columns}
    needed = [
        column.name
        for column in contract.columns
        if column.name in {*contract.key, contract.sequence_column}
        or (column.required and not column.has_default and OP not in found)
    ]
    faults = {
        "missing": [name for name in needed if name not in found],
        "unknown": [name for name in names if column_of.get(name, name) not in {*known, OP}],
        "twice": sorted(name for name, times in Counter(found).items() if times > 1),
    }
    if any(faults.values()):
        got = "; ".join(f"{fault}: {_listed(names)}" for fault, names in faults.items() if names)
        raise UnreadableFile(f"header: expected the columns of contract {contract.dataset}, got {got}")


def _listed(names: Sequence[str]) -> str:
    """The first of the names, which may be anything: a file of the wrong kind has a header too."""
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(name[:100] for name in names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return readable(shown)


def readable(text: str) -> str:
    """With bytes that were no UTF-8, kept by surrogateescape, as escapes: all behind this is UTF-8."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _read_csv(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    csv.field_size_limit(_LONGEST_FIELD)
    source = _Bounded(file, _LONGEST_HEADER)
    # Any: typeshed wants a name of what is wrapped, which nobody asks for.
    wrapped: Any = source
    text = io.TextIOWrapper(wrapped, encoding="utf-8-sig", errors="surrogateescape", newline="")
    # An empty field is null, a quoted empty one is the empty text.
    reader = csv.reader(text, quoting=csv.QUOTE_NOTNULL, strict=True)
    number = 0
    try:
        header = [(name or "").strip() for name in next(reader, ())]
        check_header(contract, header)
        source.most = LONGEST_ROW
        for fields in reader:
            source.taken = 0
            if not fields:
                continue
            number += 1
            if len(fields) == len(header):
                yield _row(number, dict(zip(header, fields, strict=True)))
            else:
                problem = f"csv: expected {len(header)} fields, got {len(fields)}"
                yield ReceivedRow(number, _row(number, fields).payload, problem)
    except csv.Error as problem:
        yield _remainder(number, f"csv: {problem} (line {reader.line_num})")
    except _RowTooLong:
        what = "rows" if source.most == LONGEST_ROW else "a header"
        yield _remainder(number, f"csv: expected {what} of at most {source.most} bytes, got a longer one")


class _RowTooLong(Exception):
    """Raised when more was read for one row than a row may have."""


class _Bounded(io.BufferedIOBase):
    """A file as it is read, in pieces, and how much was since its reader last set `taken` to zero.

    What counts is bytes of the file, not characters of a line: neither a line without an end nor a row of
    quoted line ends fills the memory, and a row costs no more than that assignment.
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


def _read_jsonl(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    number = 0
    while line := file.readline(LONGEST_ROW):
        number += 1
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if len(line) == LONGEST_ROW and not line.endswith(b"\n"):
            yield _remainder(
                number - 1, f"json: expected lines of at most {LONGEST_ROW} bytes, got a longer one"
            )
            return
        if not text:
            continue
        try:
            received = text.decode()
        except UnicodeDecodeError as problem:
            readable = text.decode(errors="backslashreplace")
            yield ReceivedRow(number, readable, f"encoding: expected UTF-8, got {problem.reason}")
            continue
        fault = None if _is_json(text) else _strictly(received)
        if fault is None and (_LONG_NUMBER if b"[" in text else _LONG_MEMBER).search(text):
            received = _with_exact_numbers(received, contract.columns)
        yield ReceivedRow(number, received, fault)


def _is_json(text: bytes) -> bool:
    """Whether a line is JSON to the letter, as far as a fast parser can tell.

    Spark's passes over what stands behind the object of a line, and takes single quotes, NaN and half of a
    surrogate pair for something else.
    """
    try:
        from_json(text, allow_inf_nan=False, cache_strings="none")
    except ValueError:
        return False
    return True


def _strictly(line: str) -> str | None:
    """What is wrong with a line as JSON (RFC 8259), None if nothing is."""
    try:
        value = json.loads(line, parse_int=str, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "encoding: expected text, got half of a surrogate pair"
    except RecursionError:
        return "json: expected a row of reasonable depth"
    except ValueError as problem:
        return f"json: expected one JSON object on the line: {problem}"
    return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _with_exact_numbers(line: str, columns: Sequence[Column]) -> str:
    """The same JSON with the numbers of number columns as text: Spark would make doubles of long ones."""
    try:
        row = json.loads(line, parse_float=_Number, parse_int=_Number, object_pairs_hook=_once_each)
        return json.dumps(_exact_members(columns, row), ensure_ascii=False)
    except (RecursionError, _Twice):
        return line  # for the parser to name


class _Number(str):
    """The digits of a number in JSON."""

    __slots__ = ()


def _exact_members(columns: Sequence[Column], members: Any) -> Any:
    if not isinstance(members, dict):
        return members
    names = columns_by_spelling(columns)
    by_name = {column.name: column for column in columns}
    return {name: _exact(by_name.get(names.get(name, "")), value) for name, value in members.items()}


def _exact(column: Column | None, value: Any) -> Any:
    """The value with its numbers as text; one for another type, which is refused, stays a number."""
    if isinstance(value, Decimal) or (isinstance(value, float) and not isfinite(value)):
        value = _Number(value)
    if isinstance(value, _Number):
        if column is not None and column.kind in _NUMBERS:
            return str(value)
        rounded = float(value)
        return rounded if isfinite(rounded) else [str(value)]
    if column is not None and column.kind == "struct":
        return _exact_members(column.fields, value)
    if isinstance(value, list):
        element = column.fields[0] if column is not None and column.kind == "list" else None
        return [_exact(element, item) for item in value]
    if isinstance(value, dict):
        return {name: _exact(None, inner) for name, inner in value.items()}
    return value


class _Twice(Exception):
    """Raised when an object has a name twice, which a dict would hide."""


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Twice
    return members


def _read_parquet(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(file)
        names = parquet.schema_arrow.names
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile(f"parquet: expected a Parquet file: {problem}") from None
    check_header(contract, names)
    number, exact = 0, _columns_of_exact_numbers(parquet.schema_arrow, contract)
    try:
        schema = known_zones(parquet.schema_arrow)
        for batch in parquet.iter_batches(_PARQUET_ROWS):
            readable_batch = batch if schema is None else batch.cast(schema)
            for row in parquet_rows(readable_batch, number + 1, exact):
                yield row
                number = row.number
    except (pa.ArrowException, OSError) as problem:
        yield _remainder(number, f"parquet: {problem}")


def _columns_of_exact_numbers(schema: "pa.Schema", contract: Contract) -> dict[str, Column]:
    """Columns of the file that have to be read with care, by their names in the file.

    A decimal is written as text, which a column of another type would take for one; and JSON has no NaN.
    """
    names = columns_by_spelling(contract.columns)
    columns = {field.name: contract.column(names[field.name]) for field in schema if field.name in names}
    return {
        name: column
        for name, column in columns.items()
        if any(kind in str(schema.field(name).type) for kind in ("float", "double", "halffloat"))
        or ("decimal" in str(schema.field(name).type) and column.kind not in _NUMBERS)
    }


def parquet_rows(
    batch: "pa.RecordBatch", first: int, exact: Mapping[str, Column] = MappingProxyType({})
) -> Iterator[ReceivedRow]:
    """The rows of a batch; one by one if one of them holds what Python has no value for (the year 10000)."""
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError):
        for place in range(batch.num_rows):
            try:
                (row,) = batch.slice(place, 1).to_pylist()
            except (ValueError, OverflowError) as problem:
                yield ReceivedRow(
                    first + place, None, f"parquet: expected values that can be told, got {problem}"
                )
            else:
                yield _row(first + place, row | _exact_values(exact, row))
        return
    for number, row in enumerate(rows, first):
        yield _row(number, row | _exact_values(exact, row))


def _exact_values(exact: Mapping[str, Column], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _exact(column, row[name]) for name, column in exact.items()}


_READERS: Mapping[str, Callable[[IO[bytes], Contract], Iterator[ReceivedRow]]] = {
    "csv": _read_csv,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
}


def _row(number: int, values: Mapping[str, Any] | Sequence[str | None]) -> ReceivedRow:
    payload = json.dumps(values, ensure_ascii=False, default=_to_json)
    try:
        payload.encode()
    except UnicodeEncodeError:  # bytes that were no UTF-8, kept by surrogateescape
        return ReceivedRow(number, readable(payload), "encoding: expected UTF-8")
    return ReceivedRow(number, payload)


def _remainder(read: int, problem: str) -> ReceivedRow:
    """What stands for the rest of a file that can't be split into rows behind the `read` ones before."""
    if not read:
        raise UnreadableFile(problem)
    number = read + 1
    return ReceivedRow(
        number, None, f"{problem}; from row {number} on nothing was read: drop a corrected file"
    )


def _to_json(value: object) -> str:
    """A Parquet value that JSON does not have, as the text that a contract's types are read from."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case Decimal():
            return f"{value:f}"
    return str(value)
