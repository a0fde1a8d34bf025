"""The content that `erase` gives a file whose format can't be written row by row: its kept rows, in Parquet.

The object keeps its key, so its name still has the old format. Rows keep their numbers, values and problems:
reading such a file gives what reading the original gave, without the erased rows.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import IO, TYPE_CHECKING, Any

from expectations.contract import Contract
from jobs.reading.formats.exact_numbers import with_exact_nested
from jobs.reading.formats.header import check_header
from jobs.reading.formats.parquet_file import open_parquet
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

MAGIC = b"PAR1"
_COLUMNS = b"glueline-columns"  # in the metadata: the names of the original's columns, as JSON
_ROWS_AT_A_TIME = 5_000


def replace_rows(
    names: Sequence[str], rows: Iterable[ReceivedRow], keys: KeysToErase, target: IO[bytes] | None
) -> RowCounts:
    """Counts the rows, and those of the keys; writes the others to the target, if any.

    Raises UnreadableFile if a row stands for a part of the file that was not read.
    """
    count = erased = 0

    def kept() -> Iterator[ReceivedRow]:
        nonlocal count, erased
        for row in rows:
            if row.payload is None:
                raise UnreadableFile(str(row.problem))
            is_erased = keys.own_line(row.payload)
            count, erased = count + 1, erased + is_erased
            if not is_erased:
                yield row

    if target is None:
        for _ in kept():
            pass
    else:
        _write(names, kept(), target)
    return RowCounts(count, erased)


def _write(names: Sequence[str], rows: Iterator[ReceivedRow], target: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema().with_metadata({_COLUMNS: json.dumps(list(names))})
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for some in batched(rows, _ROWS_AT_A_TIME, strict=False):
            writer.write_batch(pa.record_batch([list(column) for column in zip(*some, strict=True)], schema))


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([("row_number", pa.int64()), ("payload", pa.string()), ("problem", pa.string())])


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The kept rows."""
    parquet, names = _open(file)
    check_header(contract, names)
    for row in _rows(parquet):
        values = json.loads(row.payload or "null")
        exact = with_exact_nested(values, contract) if isinstance(values, dict) else values
        yield row if exact == values else row._replace(payload=json.dumps(exact, ensure_ascii=False))


def filter_rows(source: IO[bytes], keys: KeysToErase, target: IO[bytes] | None = None) -> RowCounts:
    """Removes the rows of the keys."""
    parquet, names = _open(source)
    return replace_rows(names, _rows(parquet), keys, target)


def _open(file: IO[bytes]) -> tuple[Any, list[str]]:
    """The file and the names of the original's columns."""
    parquet, schema = open_parquet(file)
    names = (schema.metadata or {}).get(_COLUMNS)
    if names is None or not schema.equals(_schema()):
        raise UnreadableFile(
            "parquet: expected a file of the format that its name says, got Parquet; name it .parquet"
        )
    return parquet, json.loads(names)


def _rows(parquet: Any) -> Iterator[ReceivedRow]:
    import pyarrow as pa

    number = 0
    try:
        for batch in parquet.iter_batches(_ROWS_AT_A_TIME):
            for row in map(ReceivedRow, *(column.to_pylist() for column in batch.columns)):
                yield row
                number = row.number
    except (pa.ArrowException, OSError) as problem:
        yield remainder(number, f"parquet: {problem}")


KEPT_ROWS = FileFormat("kept rows", read, filter_rows, seeks=True)
