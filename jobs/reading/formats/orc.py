"""Apache ORC. pyarrow reads it stripe by stripe, and is imported only when there is an ORC file."""

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from expectations.contract import Contract
from jobs.reading.formats.arrow_rows import are_of_keys, rows_reader
from jobs.reading.formats.arrow_schema import has_days, leaves_of, of_julian_calendar
from jobs.reading.formats.arrow_times import are_before_gregorian
from jobs.reading.formats.header import check_header, key_positions
from jobs.reading.formats.orc_stripes import has_far_times, in_micros, read_stripe
from jobs.reading.formats.rows import (
    FileFormat,
    KeysToErase,
    ReceivedRow,
    RowCounts,
    UnreadableFile,
    remainder,
)

if TYPE_CHECKING:
    import pyarrow as pa

_MAGIC = b"ORC"
_READ_ROWS = 2_000  # whose JSON is made at once
# Java's writer counts days before 1582-10-15 by the Julian calendar if it is not told to do otherwise. The
# file says which calendar it has, but Arrow does not.
_OF_JULIAN_CALENDAR = ("ORC_JAVA",)
_CODECS = ("UNCOMPRESSED", "ZLIB", "SNAPPY", "LZ4", "ZSTD")  # that Arrow writes


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows; each value by its type in the file and in the contract (`arrow_values`)."""
    import pyarrow as pa

    orc = _open(file)
    check_header(contract, orc.schema.names)
    schema = of_julian_calendar(orc.schema) if orc.writer in _OF_JULIAN_CALENDAR else orc.schema
    rows, number = rows_reader(schema, contract), 0
    try:
        for stripe in range(orc.nstripes):
            for batch in _batches(read_stripe(file, orc, stripe)):
                for row in rows(batch, number + 1):
                    yield row
                    number = row.number
    except (pa.ArrowException, OSError) as problem:
        yield remainder(number, f"orc: {problem}")


def _open(file: IO[bytes]) -> Any:
    import pyarrow as pa
    from pyarrow.orc import ORCFile

    start = file.read(len(_MAGIC))
    file.seek(0)
    if not start:
        raise UnreadableFile(
            "orc: expected an ORC file, got one of zero bytes: its upload failed; drop it again"
        )
    if start != _MAGIC:
        raise UnreadableFile(
            f"orc: expected an ORC file, got one that begins with {start!r} instead of {_MAGIC!r}; "
            "name it by its format"
        )
    try:
        return ORCFile(pa.PythonFile(file, mode="r"))
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile(
            f"orc: expected an ORC file: {problem}; if its upload ended early, drop it again"
        ) from None


def _batches(stripe: "pa.RecordBatch") -> "Iterator[pa.RecordBatch]":
    for first in range(0, stripe.num_rows, _READ_ROWS):
        yield stripe.slice(first, _READ_ROWS)


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Counts the rows and those of the keys; writes the others to the target, if there is one.

    Types, values and the codec stay. What a writer wrote about itself does not: Arrow writes no metadata.
    """
    import pyarrow as pa

    orc = _open(source)
    names = orc.schema.names
    positions = key_positions(names, keys)
    try:
        if target is not None:
            return _write_others(orc, source, keys, target)
        of_keys = [names[at] for at in sorted({at for found in positions.values() for at in found})]
        counts = _count(orc, source, keys, of_keys)
        if counts.erased:
            _writable_schema(orc, source)
        return counts
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile(f"orc: expected an ORC file: {problem}") from None


def _count(orc: Any, source: IO[bytes], keys: KeysToErase, columns: list[str]) -> RowCounts:
    rows = erased = 0
    for stripe in range(orc.nstripes):
        batch = read_stripe(source, orc, stripe, columns)
        rows, erased = rows + batch.num_rows, erased + sum(are_of_keys(batch, keys))
    return RowCounts(rows, erased)


def _write_others(orc: Any, source: IO[bytes], keys: KeysToErase, target: IO[bytes]) -> RowCounts:
    import pyarrow as pa

    schema = _writable_schema(orc, source)
    rows = erased = 0
    with _writer(orc, target) as writer:
        writer.write(schema.empty_table())
        for stripe in range(orc.nstripes):
            batch = read_stripe(source, orc, stripe, exact=True)
            are_erased = are_of_keys(batch, keys)
            rows, erased = rows + batch.num_rows, erased + sum(are_erased)
            kept = batch.filter(pa.array([not one for one in are_erased], pa.bool_()))
            writer.write(pa.Table.from_batches([kept]).cast(schema))
    return RowCounts(rows, erased)


def _writable_schema(orc: Any, source: IO[bytes]) -> "pa.Schema":
    """The types in which all values can be written. UnreadableFile if there are none."""
    import pyarrow as pa

    schema = orc.schema
    if orc.writer in _OF_JULIAN_CALENDAR and _has_old_days(orc, source):
        raise UnreadableFile(
            "orc: expected days that can be written again, got some before 1582-10-15 of the Julian "
            "calendar: no rows can be taken out of this file"
        )
    if has_far_times(source, orc):
        schema = in_micros(schema)
    try:
        with _writer(orc, io.BytesIO()) as writer:
            writer.write(schema.empty_table())
    except pa.ArrowException as problem:
        raise UnreadableFile(
            f"orc: expected types that can be written again, got {problem}: no rows can be taken out of "
            "this file"
        ) from None
    return schema


def _has_old_days(orc: Any, source: IO[bytes]) -> bool:
    import pyarrow.compute as pc

    return any(
        pc.any(are_before_gregorian(leaf)).as_py()
        for stripe in range(orc.nstripes)
        for column in read_stripe(source, orc, stripe).columns
        for leaf in leaves_of(column)
        if has_days(leaf.type)
    )


def _writer(orc: Any, target: IO[bytes]) -> Any:
    import pyarrow as pa
    from pyarrow.orc import ORCWriter

    codec = orc.compression if orc.compression in _CODECS else "ZLIB"
    return ORCWriter(
        pa.PythonFile(target, mode="w"), compression=codec, row_index_stride=orc.row_index_stride
    )


ORC = FileFormat("orc", read, filter_rows, may_be_empty=False, seeks=True)
