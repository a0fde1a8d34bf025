"""Writes a Parquet file again without the rows of certain keys: schema, metadata and compression stay.

No value changes. A file that Arrow can't write again so is an UnreadableFile, when its rows are counted too.
"""

from itertools import chain
from typing import IO, Any, NamedTuple

from jobs.reading.formats.arrow_rows import are_of_keys
from jobs.reading.formats.arrow_schema import leaves_of
from jobs.reading.formats.arrow_values import INTERVAL
from jobs.reading.formats.header import key_positions
from jobs.reading.formats.parquet_file import Opened, open_parquet
from jobs.reading.formats.rows import KeysToErase, RowCounts, UnreadableFile

_WRITTEN_ROWS = 65_536  # of a row group: small ones are slow to read
_INT96 = "INT96"


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Counts the rows and those of the keys; writes the others to the target, if there is one."""
    import pyarrow as pa

    opened = open_parquet(source)
    names = opened.schema.names
    positions = key_positions(names, keys)
    of_keys = sorted({names[at] for found in positions.values() for at in found})
    try:
        if target is not None:
            return _write_others(opened, source, keys, target)
        counts = _count(opened, keys, of_keys)
        if counts.erased:
            _exact_unit(opened, source)
        return counts
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise UnreadableFile(f"parquet: expected a Parquet file: {problem}") from None


def _count(opened: Opened, keys: KeysToErase, columns: list[str]) -> RowCounts:
    rows = erased = 0
    for batch in opened.file.iter_batches(_WRITTEN_ROWS, columns=columns):
        rows, erased = rows + batch.num_rows, erased + sum(are_of_keys(batch, keys))
    return RowCounts(rows, erased)


def _write_others(opened: Opened, source: IO[bytes], keys: KeysToErase, target: IO[bytes]) -> RowCounts:
    import pyarrow as pa

    unit = _exact_unit(opened, source)
    if unit == "ns":
        opened = open_parquet(source, int96_unit=unit)
    rows = erased = 0
    batches = opened.file.iter_batches(_WRITTEN_ROWS)
    # Arrow ends the process if metadata of a column is broken, unless it finds that while it reads rows.
    first = next(batches, None)
    with _writer(opened, target) as writer:
        for batch in chain(() if first is None else (first,), batches):
            are_erased = are_of_keys(batch, keys)
            rows, erased = rows + batch.num_rows, erased + sum(are_erased)
            writer.write_batch(batch.filter(pa.array([not one for one in are_erased], pa.bool_())))
    return RowCounts(rows, erased)


def _writer(opened: Opened, target: IO[bytes]) -> Any:
    """A writer that writes as the file was written, as far as readers see it."""
    import pyarrow.parquet as pq

    leaves = _leaves(opened)
    decimals = [leaf.physical_type for leaf in leaves if leaf.converted_type == "DECIMAL"]
    return pq.ParquetWriter(
        target,
        opened.file.schema_arrow,
        compression=_codecs(opened.file.metadata),
        use_compliant_nested_type=not any(".list.item" in leaf.path for leaf in leaves),
        use_deprecated_int96_timestamps=_has_int96_alone(opened),
        store_decimal_as_integer=any(physical in ("INT32", "INT64") for physical in decimals),
    )


def _codecs(metadata: Any) -> str | dict[str, str]:
    if not (metadata.num_row_groups and metadata.num_columns):
        return "NONE"
    group = metadata.row_group(0)
    columns = [group.column(number) for number in range(metadata.num_columns)]
    codecs = {one.path_in_schema: str(one.compression).replace("UNCOMPRESSED", "NONE") for one in columns}
    [first, *others] = set(codecs.values())
    return codecs if others else first


def _exact_unit(opened: Opened, source: IO[bytes]) -> str:
    """The unit in which all INT96 values can be written. UnreadableFile if rows can't be taken out."""
    if any(leaf.converted_type == INTERVAL for leaf in _leaves(opened)):
        raise UnreadableFile(
            "parquet: expected types that can be written again, got INTERVAL: no rows can be taken out of "
            "this file"
        )
    if not _paths_of_int96(opened):
        return "us"
    in_micros = _sum_of_int96(opened, "us")
    if in_micros.least * 1000 > -(2**63) and (in_micros.most + 1) * 1000 < 2**63:
        return "ns"
    # In nanoseconds, sums of values that Arrow wraps are right modulo 2^64. Values have no nanoseconds if
    # these sums are the same, as there can't be enough rows to make up 2^64 of them.
    in_nanos = _sum_of_int96(open_parquet(source, int96_unit="ns"), "ns")
    if (in_nanos.total - in_micros.total * 1000) % 2**64 == 0:
        return "us"
    raise UnreadableFile(
        "parquet: expected times of INT96 that can be written again, got years beyond 1677 to 2262 beside "
        "nanoseconds: no rows can be taken out of this file"
    )


class _Sum(NamedTuple):
    least: int = 0
    most: int = 0
    total: int = 0


def _sum_of_int96(opened: Opened, unit: str) -> _Sum:
    import pyarrow as pa
    import pyarrow.compute as pc

    least = most = total = 0
    for batch in opened.file.iter_batches(_WRITTEN_ROWS, columns=_paths_of_int96(opened)):
        for values in (leaf for column in batch.columns for leaf in leaves_of(column)):
            if values.type != pa.timestamp(unit):
                continue
            numbers = values.cast(pa.int64()).drop_null()
            if len(numbers):
                found = pc.min_max(numbers)
                least, most = min(least, found["min"].as_py()), max(most, found["max"].as_py())
                high = pc.sum(pc.shift_right(numbers, 32)).as_py()
                total += (high << 32) + pc.sum(pc.bit_wise_and(numbers, 2**32 - 1)).as_py()
    return _Sum(least, most, total)


def _paths_of_int96(opened: Opened) -> list[str]:
    return [leaf.path for leaf in _leaves(opened) if leaf.physical_type == _INT96]


def _has_int96_alone(opened: Opened) -> bool:
    """Whether the file has INT96 and no other timestamps: a writer of Arrow writes all of them alike."""
    times = [leaf for leaf in _leaves(opened) if str(leaf.logical_type).startswith("Timestamp")]
    return bool(_paths_of_int96(opened)) and not times


def _leaves(opened: Opened) -> list[Any]:
    schema = opened.file.schema
    return [schema.column(number) for number in range(len(schema.names))]
