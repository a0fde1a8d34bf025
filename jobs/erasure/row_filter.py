"""Removes the rows of erased keys from a file, whatever its format, and keeps every other byte as it is.

Pure Python, streaming, for Spark's executors. One pass either counts (without a target) or rewrites (with
one), so what is counted is what is removed: rows = rows kept + rows erased.

A row that its door would refuse is judged as well as possible (`jobs.erasure.keys`). A file whose rows cannot
be separated, or that does not name the key's columns, is an `UnreadableFile`: whether it contains a key is
unknown. No door has accepted a row of it either.
"""

import base64
import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from expectations.spelled_keys import JsonNumber
from jobs.erasure.failed_batches import RecordsInStreamOnly, is_stream_of, read_failed_batch
from jobs.erasure.keys import ErasedKeys
from jobs.reading.fetch import UnreadableFile
from jobs.reading.formats import LONGEST_ROW

if TYPE_CHECKING:
    import pyarrow as pa

FAILED_BATCH = "failure"  # Lambda's record of a stream batch that was given up
_BOM = b"\xef\xbb\xbf"
_PARQUET_ROWS = 65_536  # of a row group that is written; small ones are slow to read
_LONGEST_FIELD = 16 * 1024 * 1024


class RowCounts(NamedTuple):
    """The rows of a file, and those of erased keys among them."""

    rows: int
    erased: int


class RewriteMismatch(Exception):
    """Raised when a rewritten file is not the original less the erased rows; nothing was replaced."""


def filter_rows(form: str, source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None = None) -> RowCounts:
    """Count the file's rows, and write those of other keys to `target`. Raises UnreadableFile.

    `source` is the file as it is stored in S3, at its start; `form` is one of `FORMS`, those of text also
    with .gz.
    """
    reader = _FILTERS[form.removesuffix(".gz")]
    if not form.endswith(".gz"):
        return reader(source, keys, target)
    plain = cast("IO[bytes]", gzip.GzipFile(fileobj=source, mode="rb"))
    try:
        if target is None:
            return reader(plain, keys, None)
        # Without a time, so that the same rows give the same bytes.
        with gzip.GzipFile(fileobj=target, mode="wb", filename="", mtime=0) as packed:
            return reader(plain, keys, cast("IO[bytes]", packed))
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise UnreadableFile(f"gzip: expected a complete gzip file: {problem}") from None


def rewrite(form: str, source: IO[bytes], keys: ErasedKeys, target: IO[bytes]) -> RowCounts:
    """Filter the rows to `target`, and read it again to check it. Raises UnreadableFile, RewriteMismatch."""
    counts = filter_rows(form, source, keys, target)
    target.seek(0)
    left = filter_rows(form, target, keys)
    if left != (counts.rows - counts.erased, 0):
        raise RewriteMismatch(
            f"expected {counts.rows} rows less {counts.erased}, got {left.rows}, {left.erased} to erase"
        )
    target.seek(0)
    return counts


def _filter_lines(source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None) -> RowCounts:
    rows = erased = 0
    while line := source.readline(LONGEST_ROW):
        if len(line) == LONGEST_ROW and not line.endswith(b"\n"):
            raise UnreadableFile(f"json: expected lines of at most {LONGEST_ROW} bytes, got a longer one")
        text = line.removeprefix(_BOM).strip() if not rows else line.strip()
        is_erased = bool(text) and keys.own_line(text)
        rows, erased = rows + bool(text), erased + is_erased
        if target is not None and not is_erased:
            target.write(line)
    return RowCounts(rows, erased)


class _Lines(Iterator[str]):
    """The lines of a text file. It keeps the lines that were read since `taken` was last called."""

    def __init__(self, file: IO[bytes]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        self._taken: list[str] = []

    def __next__(self) -> str:
        line = next(self._text)
        self._taken.append(line)
        return line

    def taken(self) -> bytes:
        """The bytes of these lines."""
        text, self._taken = "".join(self._taken), []
        return text.encode(errors="surrogateescape")

    def detach(self) -> None:
        """Leave the file open when this object is deleted."""
        self._text.detach()


def _filter_csv(source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None) -> RowCounts:
    csv.field_size_limit(_LONGEST_FIELD)
    lines = _Lines(source)
    reader = csv.reader(lines, quoting=csv.QUOTE_NOTNULL, strict=True)
    rows = erased = 0
    try:
        header = [(name or "").removeprefix("\ufeff").strip() for name in next(reader, ())]
        places = _places(header, keys)
        _write(target, lines.taken())
        for fields in reader:
            is_erased = bool(fields) and _owns(fields, header, places, keys)
            rows, erased = rows + bool(fields), erased + is_erased
            taken = lines.taken()
            _write(target, b"" if is_erased else taken)
    except csv.Error as problem:
        raise UnreadableFile(f"csv: {problem} (line {reader.line_num})") from None
    finally:
        lines.detach()
    return RowCounts(rows, erased)


def _places(header: Sequence[str], keys: ErasedKeys) -> dict[str, list[int]]:
    """The positions of the key's columns in a row. An empty file has no header and no rows.

    A column that the header names twice has several positions: which one is meant is unknown, and no door
    takes the file.
    """
    places = {
        column: [place for place, name in enumerate(header) if name in names]
        for column, names in keys.names.items()
    }
    if header and not all(places.values()):
        missing = ", ".join(sorted(column for column, found in places.items() if not found))
        raise UnreadableFile(f"header: expected the key's columns, {missing} missing")
    return places


def _owns(
    fields: Sequence[Any], header: Sequence[str], places: Mapping[str, list[int]], keys: ErasedKeys
) -> bool:
    """Whether the row is of one of the keys. After a missing or surplus field, its fields may be shifted."""
    shifts = {0, len(fields) - len(header)}
    return keys.own_values(
        {
            column: [fields[at + shift] for at in found for shift in shifts if 0 <= at + shift < len(fields)]
            for column, found in places.items()
        }
    )


def _filter_parquet(source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None) -> RowCounts:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(source)
        names = parquet.schema_arrow.names
        places = sorted({place for found in _places(names, keys).values() for place in found})
        needed = [names[place] for place in places] if target is None else None
        rows = erased = 0
        writer = (
            None
            if target is None
            else pq.ParquetWriter(target, parquet.schema_arrow, compression=_codec(parquet))
        )
        for batch in parquet.iter_batches(_PARQUET_ROWS, columns=needed):
            kept = [not own for own in _owned(batch, keys)]
            rows, erased = rows + len(kept), erased + kept.count(False)
            if writer is not None:
                writer.write_batch(batch.filter(pa.array(kept, pa.bool_())))
        if writer is not None:
            writer.close()
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile(f"parquet: expected a Parquet file: {problem}") from None
    return RowCounts(rows, erased)


def _owned(batch: "pa.RecordBatch", keys: ErasedKeys) -> Iterator[bool]:
    """For each row, whether it is of one of the keys."""
    names = batch.schema.names
    given = {
        column: [_column_values(batch.column(place)) for place, name in enumerate(names) if name in spelled]
        for column, spelled in keys.names.items()
    }
    for row in range(batch.num_rows):
        yield keys.own_values(
            {column: [one for values in found for one in values[row]] for column, found in given.items()}
        )


def _column_values(column: "pa.Array[Any]") -> list[list[Any]]:
    """For each value of a Parquet column, its values in JSON, in which a door may have read it.

    A time is also given in UTC, since Python may not know its zone.
    """
    import pyarrow as pa

    read = [list(_json_values(value)) for value in _python_values(column)]
    if pa.types.is_timestamp(column.type):
        in_utc = _python_values(column.cast(pa.timestamp("us"), safe=False))
        return [[*some, *_json_values(value)] for some, value in zip(read, in_utc, strict=True)]
    return read


def _python_values(column: "pa.Array[Any]") -> list[Any]:
    """The values; None for one that Python cannot represent, such as the year 10000 or an unknown zone."""

    def value_of(scalar: Any) -> Any:
        try:
            return scalar.as_py()
        except (ValueError, OverflowError, LookupError):
            return None

    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, LookupError):
        return [value_of(scalar) for scalar in column]
    return values


def _json_values(value: Any) -> Iterator[Any]:
    match value:
        case None:
            return
        case bool() | str():
            yield value
        case int() | float():
            yield JsonNumber(repr(value))
        case Decimal():
            yield JsonNumber(f"{value:f}")
        case bytes():
            yield base64.b64encode(value).decode()
            yield value.decode(errors="surrogateescape")  # text of a writer that does not mark it as UTF-8
        case datetime() | date() | time():
            yield value.isoformat()
        case _:
            yield str(value)


def _codec(parquet: Any) -> str:
    metadata = parquet.metadata
    if metadata.num_row_groups and metadata.num_columns:
        return str(metadata.row_group(0).column(0).compression).replace("UNCOMPRESSED", "NONE")
    return "NONE"


def _filter_failed_batch(source: IO[bytes], keys: ErasedKeys, target: IO[bytes] | None) -> RowCounts:
    """The records of the dataset's table in a batch that Lambda gave up. Those of other tables are kept."""
    batch = read_failed_batch(source.read())
    if not batch.records and is_stream_of(keys.contract.dataset, batch.stream):
        raise RecordsInStreamOnly(
            "failure: expected the batch's records, got none; run glueline redrive first"
        )
    records = batch.records
    kept = [one for one in records if not (batch.is_of(keys.contract.dataset, one) and keys.own_record(one))]
    if target is not None:
        target.write(batch.with_records(kept))
    return RowCounts(len(records), len(records) - len(kept))


def _write(target: IO[bytes] | None, content: bytes) -> None:
    if target is not None:
        target.write(content)


_FILTERS: Mapping[str, Callable[[IO[bytes], ErasedKeys, IO[bytes] | None], RowCounts]] = {
    "csv": _filter_csv,
    "jsonl": _filter_lines,
    "json": _filter_lines,  # the data files of exports: JSON Lines all the same
    "parquet": _filter_parquet,
    FAILED_BATCH: _filter_failed_batch,
}
FORMS = frozenset(_FILTERS)
