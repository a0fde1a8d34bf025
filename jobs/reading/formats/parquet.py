"""Apache Parquet. pyarrow reads it, and is imported only when there is a Parquet file."""

from collections.abc import Iterator
from typing import IO

from expectations.contract import Contract
from expectations.spellings import columns_by_spelling
from jobs.reading.formats.arrow_rows import rows_reader
from jobs.reading.formats.header import check_header
from jobs.reading.formats.parquet_file import broken, open_parquet
from jobs.reading.formats.parquet_rewrite import filter_rows
from jobs.reading.formats.rows import FileFormat, ReceivedRow, remainder

_READ_ROWS = 2_000  # at a time


def read(file: IO[bytes], contract: Contract) -> Iterator[ReceivedRow]:
    """The rows; each value by its type in the file and in the contract (`arrow_values`)."""
    import pyarrow as pa

    opened = open_parquet(file)
    known = columns_by_spelling(contract.columns)
    index = [name for name in opened.index_columns if name not in known]
    check_header(contract, [name for name in opened.schema.names if name not in index])
    rows, number = rows_reader(opened.schema, contract, index), 0
    try:
        for batch in opened.file.iter_batches(_READ_ROWS):
            for row in rows(batch, number + 1):
                yield row
                number = row.number
    except (pa.ArrowException, OSError) as problem:
        yield remainder(number, broken(problem))


PARQUET = FileFormat("parquet", read, filter_rows, may_be_empty=False, seeks=True)
