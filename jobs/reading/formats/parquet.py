"""Apache Parquet. pyarrow reads it, and is imported only when there is a Parquet file."""

import base64
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from expectations.contract import Column, Contract
from expectations.spelled_keys import JsonNumber
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.exact_numbers import NUMBER_KINDS, exact_value
from jobs.reading.formats.header import check_header, key_positions
from jobs.reading.formats.parquet_zones import known_zones
from jobs.reading.formats.rows import (
    FileFormat,
    KeysToErase,
    ReceivedRow,
    RowCounts,
    UnreadableFile,
    received_row,
    remainder,
)

if TYPE_CHECKING:
    import pyarrow as pa

_READ_ROWS = 2_000  # at a time
_WRITTEN_ROWS = 65_536  # of a row group: small ones are slow to read


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows; a value that JSON does not have becomes text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not file.read(1):  # no rows are a footer without row groups
        raise UnreadableFile(
            "parquet: expected a Parquet file, got one of zero bytes: its upload failed; drop it again"
        )
    file.seek(0)
    try:
        parquet = pq.ParquetFile(file)
        names = parquet.schema_arrow.names
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile(f"parquet: expected a Parquet file: {problem}") from None
    check_header(contract, names)
    number, exact = 0, _columns_of_exact_numbers(parquet.schema_arrow, contract)
    try:
        schema = known_zones(parquet.schema_arrow)
        for batch in parquet.iter_batches(_READ_ROWS):
            readable_batch = batch if schema is None else batch.cast(schema)
            for row in _rows(readable_batch, number + 1, exact):
                yield row
                number = row.number
    except (pa.ArrowException, OSError) as problem:
        yield remainder(number, f"parquet: {problem}")


def _columns_of_exact_numbers(schema: "pa.Schema", contract: Contract) -> dict[str, Column]:
    """Name in the file -> column, of columns whose numbers may not pass as they are.

    A decimal is written as text, which a column of another type would accept; and JSON has no NaN.
    """
    names = columns_by_spelling(contract.columns)
    columns = {field.name: contract.column(names[field.name]) for field in schema if field.name in names}
    return {
        name: column
        for name, column in columns.items()
        if any(kind in str(schema.field(name).type) for kind in ("float", "double", "halffloat"))
        or ("decimal" in str(schema.field(name).type) and column.kind not in NUMBER_KINDS)
    }


def _rows(
    batch: "pa.RecordBatch", first: int, exact: Mapping[str, Column] = MappingProxyType({})
) -> Iterator[ReceivedRow]:
    """The rows of a batch; one by one if one of them has a value that Python has not (the year 10000)."""
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError):
        for position in range(batch.num_rows):
            try:
                (row,) = batch.slice(position, 1).to_pylist()
            except (ValueError, OverflowError) as problem:
                yield ReceivedRow(
                    first + position, None, f"parquet: expected values that can be told, got {problem}"
                )
            else:
                yield received_row(first + position, row | _exact_values(exact, row))
        return
    for number, row in enumerate(rows, first):
        yield received_row(number, row | _exact_values(exact, row))


def _exact_values(exact: Mapping[str, Column], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: exact_value(column, row[name]) for name, column in exact.items()}


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Removes the rows of the keys; the schema with its metadata and the compression stay."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(source)
        names = parquet.schema_arrow.names
        positions = sorted({at for found in key_positions(names, keys).values() for at in found})
        needed = [names[at] for at in positions] if target is None else None
        rows = erased = 0
        writer = (
            None
            if target is None
            else pq.ParquetWriter(target, parquet.schema_arrow, compression=_codec(parquet))
        )
        for batch in parquet.iter_batches(_WRITTEN_ROWS, columns=needed):
            kept = [not is_erased for is_erased in _are_of_keys(batch, keys)]
            rows, erased = rows + len(kept), erased + kept.count(False)
            if writer is not None:
                writer.write_batch(batch.filter(pa.array(kept, pa.bool_())))
        if writer is not None:
            writer.close()
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile(f"parquet: expected a Parquet file: {problem}") from None
    return RowCounts(rows, erased)


def _are_of_keys(batch: "pa.RecordBatch", keys: KeysToErase) -> Iterator[bool]:
    """Of each row, whether it is of one of the keys."""
    names = batch.schema.names
    given = {
        column: [_possible_values(batch.column(at)) for at, name in enumerate(names) if name in spelled]
        for column, spelled in keys.names.items()
    }
    for row in range(batch.num_rows):
        yield keys.own_values(
            {column: [one for values in found for one in values[row]] for column, found in given.items()}
        )


def _possible_values(column: "pa.Array[Any]") -> list[list[Any]]:
    """Of each value of a column, the values that JSON would have for it: as a door may have read it.

    A time is also given in UTC: its zone may be one that Python does not know.
    """
    import pyarrow as pa

    read = [list(_json_values(value)) for value in _python_values(column)]
    if pa.types.is_timestamp(column.type):
        in_utc = _python_values(column.cast(pa.timestamp("us"), safe=False))
        return [[*some, *_json_values(value)] for some, value in zip(read, in_utc, strict=True)]
    return read


def _python_values(column: "pa.Array[Any]") -> list[Any]:
    """The values; None for one that Python does not have, such as the year 10000 or an unknown zone."""

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
            yield value.decode(errors="surrogateescape")  # texts of writers that don't mark them as UTF-8
        case datetime() | date() | time():
            yield value.isoformat()
        case _:
            yield str(value)


def _codec(parquet: Any) -> str:
    metadata = parquet.metadata
    if metadata.num_row_groups and metadata.num_columns:
        return str(metadata.row_group(0).column(0).compression).replace("UNCOMPRESSED", "NONE")
    return "NONE"


PARQUET = FileFormat("parquet", read, filter_rows, may_be_empty=False, seeks=True)
