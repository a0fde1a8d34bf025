"""Parquet files with any INT96 values, which Arrow does not write."""

import io
from datetime import datetime
from itertools import combinations
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_JULIAN_EPOCH = 2_440_588  # the Julian day of 1970-01-01
_FIXED, _INT96 = 14, 6  # the physical types, as Thrift writes their numbers


def int96_bytes(moment: datetime, nanos: int = 0) -> bytes:
    """A moment as INT96: nanoseconds of the day, and the Julian day."""
    since = moment - datetime(1970, 1, 1)
    of_day = (since.seconds * 10**6 + since.microseconds) * 1000 + nanos
    return of_day.to_bytes(8, "little") + (since.days + _JULIAN_EPOCH).to_bytes(4, "little")


def file_with_int96(times: list[bytes | None], **others: Any) -> bytes:
    """A file with a column `at` of INT96, behind the other columns."""
    table = pa.table(others | {"at": pa.array(times, pa.binary(12))})
    file = io.BytesIO()
    pq.write_table(table, file, compression="none", use_dictionary=False, store_schema=False,
                   write_statistics=False)  # fmt: skip
    content = file.getvalue()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    places = [at for at in range(footer, len(content) - 8) if content[at] == _FIXED]
    for pair in combinations(places, 2):  # the column's type is in the schema and beside its data
        changed = bytearray(content)
        for at in pair:
            changed[at] = _INT96
        if _is_int96(bytes(changed), len(table)):
            return bytes(changed)
    raise AssertionError("expected the column's type in the footer")


def _is_int96(content: bytes, rows: int) -> bool:
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        kind = file.schema.column(len(file.schema.names) - 1).physical_type
        return kind == "INT96" and file.metadata.num_rows == rows and len(file.read()) == rows
    except (OSError, pa.ArrowException):
        return False
